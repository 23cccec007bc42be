"""Where the digit is in a photograph, and its ink: from paper in whatever light, on whatever lies around it.

What is written departs from the paper *around it*, by much, in strokes, with clean paper on both sides, and ends before the
photograph does. A shadow departs by less, a desk and ruled lines run out of the photograph, a speck is small, a frame has
something in it. So, at several levels of departure, each connected component is weighed by what it has of that; and of the
best one's surroundings the ink is taken at full resolution.

SciPy is imported where a photograph is read: pages open without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

LOCATING_SIDE = 512  # pixels: the longer side at which a digit is looked for
SLOPES = np.arange(-20, 21) / 100  # of ruled lines in a photograph that is not quite straight
MARGIN = 0.5  # of a digit's longer side, on each side of what is cut out
CROP_SIDE = 384  # at most, of what is cut out around it
GROUNDS = ((72, 0.33), (40, 0.66))  # longer side at which the paper is estimated, and the median's window in shorter sides
FLOOR = 30.0  # grey values: what is added to both of a ratio, since black has noise too
LEVELS = (0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.55)
NOISES = 4.0  # standard deviations of the paper's grain: what departs by less is grain
FEWEST = 0.01  # of the shorter side: a component smaller than that is a speck
CANDIDATES = 12  # at a level, by size and departure


class Found(NamedTuple):
    """A component that may be a digit: its weight, its box (rows and columns, in shares), its departure."""

    weight: float
    box: tuple[float, float, float, float]
    dark: bool
    departure: float
    view: int
    mask: Mask


def _resized(plane: Plane, size: tuple[int, int], how: Image.Resampling) -> Plane:
    return np.asarray(Image.fromarray(plane).resize(size, how))


def to_side(plane: Plane, side: int, *, enlarge: bool = False) -> Plane:
    """The plane with its longer side of `side` pixels, if it is longer, or `enlarge`."""
    height, width = plane.shape
    scale = side / max(height, width)
    if scale >= 1 and not enlarge:
        return plane
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return _resized(plane, size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)


def ground(plane: Plane, side: int, window: float, hidden: Mask | None = None) -> Plane:
    """The paper's brightness at each pixel: the median around it, at a side at which strokes are few pixels wide."""
    from scipy import ndimage

    height, width = plane.shape
    small = to_side(plane, side)
    size = max(3, round(window * min(small.shape)) | 1)
    small = ndimage.median_filter(small, size, mode="nearest")
    return _resized(small, (width, height), Image.Resampling.BILINEAR)


def departures(plane: Plane, paper: Plane, dark: bool) -> Plane:
    """How far each pixel is from paper, in [0, 1): equal for twice as bright and half as bright."""
    low, high = (plane, paper) if dark else (paper, plane)
    return np.maximum(high - low, 0) / (np.maximum(high, low) + FLOOR)


def paper_masks(plane: Plane) -> Iterator[Mask | None]:
    """What may be the sheet: everything; the largest bright, and the largest dark thing, with what is written in it."""
    from scipy import ndimage

    yield None
    small = to_side(plane, 128)
    smooth = ndimage.median_filter(small, 5, mode="nearest")
    counts, edges = np.histogram(smooth, 64)
    middle = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(counts), counts.sum() - np.cumsum(counts)
    sums = np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    limit = edges[int(np.nan_to_num(between[:-1]).argmax()) + 1]
    for mask in (smooth > limit, smooth <= limit):
        parts, count = ndimage.label(mask)
        if not count:
            continue
        largest = parts == np.bincount(parts.ravel())[1:].argmax() + 1
        sheet = ndimage.binary_erosion(ndimage.binary_fill_holes(largest), iterations=2, border_value=1)
        if 0.02 < sheet.mean() < 0.97:
            yield sheet


def outside_filled(plane: Plane, sheet: Mask) -> Plane:
    """The plane with the nearest of the sheet wherever it is not."""
    from scipy import ndimage

    height, width = plane.shape
    inside = np.asarray(Image.fromarray(sheet).resize((width, height)))
    rows, columns = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return plane[rows, columns]


def located(views: list[Plane]) -> Found | None:
    best: Found | None = None
    for number, view in enumerate(views):
        small = to_side(view, LOCATING_SIDE)
        small = to_side(small, LOCATING_SIDE // 2, enlarge=True) if max(small.shape) < LOCATING_SIDE // 2 else small
        for sheet in paper_masks(small):
            whole = small if sheet is None else outside_filled(small, sheet)
            inside = None if sheet is None else np.asarray(Image.fromarray(sheet).resize(small.shape[::-1]))
            for side, window in GROUNDS:
                paper = ground(whole, side, window)
                for dark in (True, False):
                    for found in components(whole, paper, dark, number, inside, best.weight if best else 0.0):
                        best = found
    return best


def components(plane: Plane, paper: Plane, dark: bool, view: int, inside: Mask | None, better_than: float = 0.0) -> Iterator[Found]:
    from scipy import ndimage

    height, width = plane.shape
    shorter = min(height, width)
    away = departures(plane, paper, dark)
    away = ndimage.gaussian_filter(away, 0.7)
    signed = away - departures(plane, paper, not dark)
    grain = 1.4826 * float(np.median(np.abs(signed - np.median(signed))))
    for level in LEVELS:
        if level < NOISES * grain:
            continue
        there = away > level
        if inside is not None:
            there &= inside
        parts, count = ndimage.label(there, np.ones((3, 3)))
        if not count:
            continue
        areas = np.bincount(parts.ravel())
        boxes = ndimage.find_objects(parts)
        big = [n for n in range(1, count + 1) if areas[n] > (FEWEST * shorter) ** 2 and areas[n] >= 6]
        sums = np.bincount(parts.ravel(), away.ravel())
        extent = {n: max(boxes[n - 1][0].stop - boxes[n - 1][0].start, boxes[n - 1][1].stop - boxes[n - 1][1].start) for n in big}
        big.sort(key=lambda n: -extent[n] * sums[n] / areas[n])
        big = big[:CANDIDATES]
        for n in big:
            weight = weigh(plane, parts, n, boxes, big, sums[n] / areas[n], inside, extent)
            if weight > better_than:
                better_than = weight
                group = together(parts, n, boxes, big, sums, areas, extent)
                rows, columns = group[1]
                box = (rows.start / height, rows.stop / height, columns.start / width, columns.stop / width)
                yield Found(weight, box, dark, sums[n] / areas[n], view, group[0])


def weigh(plane, parts, n, boxes, big, strength, inside, extent) -> float:
    from scipy import ndimage

    height, width = plane.shape
    shorter = min(height, width)
    rows, columns = boxes[n - 1]
    e = extent[n]
    margin = max(3, round(0.15 * e))
    around = (
        slice(max(0, rows.start - margin), min(height, rows.stop + margin)),
        slice(max(0, columns.start - margin), min(width, columns.stop + margin)),
    )
    mine = parts[around] == n
    far = ndimage.distance_transform_edt(~mine)
    ring = (far > 2) & (far <= max(4, 0.12 * e))
    values = plane[around]
    own = float(np.median(values[mine]))
    if not ring.any():
        return 0
    paper = float(np.median(values[ring]))
    clean = float((np.abs(values[ring] - paper) < 0.4 * abs(own - paper)).mean())
    thick = 2 * float(ndimage.distance_transform_edt(np.pad(mine, 1)).max()) / e
    stroke = 1.0 if thick < 0.35 else max(0.05, 1 - 4 * (thick - 0.35))
    # the border
    edge = mine_edge(rows, columns, parts, n, inside)
    border = 1.0 if edge == 0 else 0.15 if edge < 0.6 * e else 0.03
    # a frame
    frame = 1.0
    if e > 0.1 * shorter and is_frame(parts, n, boxes, big, extent):
        frame = 0.05
    size = min(1.0, e / shorter / 0.25) ** 0.7
    cy, cx = (rows.start + rows.stop) / 2 / height - 0.5, (columns.start + columns.stop) / 2 / width - 0.5
    central = 1 - 0.5 * min(1.0, (cy * cy + cx * cx) * 2)
    return strength * size * clean**3 * stroke * border * frame * central


def mine_edge(rows, columns, parts, n, inside) -> int:
    height, width = parts.shape
    count = 0
    for line in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
        count += int((line == n).sum())
    if inside is not None:
        from scipy import ndimage

        mine = parts[rows, columns] == n
        count += int((ndimage.binary_dilation(mine) & ~inside[rows, columns]).sum())
    return count


def ink(views: list[Plane], found: Found) -> NDArray[np.uint8]:
    """The digit's ink, white on black, cut out with a margin."""
    from scipy import ndimage

    view = views[found.view]
    height, width = view.shape
    top, bottom, left, right = (
        found.box[0] * height,
        found.box[1] * height,
        found.box[2] * width,
        found.box[3] * width,
    )
    margin = MARGIN * max(bottom - top, right - left) + 3
    rows = slice(max(0, int(top - margin)), min(height, int(np.ceil(bottom + margin))))
    columns = slice(max(0, int(left - margin)), min(width, int(np.ceil(right + margin))))
    seed = np.zeros((height, width), bool)
    y, x = slice(round(top), max(round(top) + 1, round(bottom))), slice(round(left), max(round(left) + 1, round(right)))
    seed[y, x] = np.asarray(Image.fromarray(found.mask).resize((x.stop - x.start, y.stop - y.start)))
    plane, seed = view[rows, columns], seed[rows, columns]
    scale = CROP_SIDE / max(plane.shape)
    if scale != 1:
        size = (max(1, round(plane.shape[1] * scale)), max(1, round(plane.shape[0] * scale)))
        plane = _resized(plane, size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
        seed = np.asarray(Image.fromarray(seed).resize(size))
    extent = max(bottom - top, right - left) * scale
    sign = -1 if found.dark else 1
    near = ndimage.distance_transform_edt(~seed)
    beside = (near > 0.04 * extent) & (near < 0.2 * extent)
    own, ring = float(np.median(plane[seed])), float(np.median(plane[beside]))
    weight = ((near > 0.04 * extent) & (np.abs(plane - ring) < 0.5 * abs(own - ring))).astype(np.float32)
    sigma = 0.12 * extent
    paper = (ndimage.gaussian_filter(plane * weight, sigma) + 1e-3 * ring) / (ndimage.gaussian_filter(weight, sigma) + 1e-3)
    away = sign * (plane - paper) / (paper + FLOOR)
    share = away / float(np.percentile(away[seed], 75))
    grain = 1.4826 * float(np.median(np.abs(share[weight > 0])))
    there = share > max(0.3, NOISES * grain)
    rows_of, columns_of = np.flatnonzero(seed.any(1)), np.flatnonzero(seed.any(0))
    there &= ~(
        lines(there, columns_of[0], columns_of[-1]) | lines(there.T, rows_of[0], rows_of[-1]).T
    )
    parts, count = ndimage.label(there, np.ones((3, 3)))
    areas = np.bincount(parts.ravel(), minlength=count + 1)
    inside = np.bincount(parts[seed], minlength=count + 1)
    inside[0] = 0
    main = int(inside.argmax())
    boxes = ndimage.find_objects(parts)
    chosen = parts == main
    distance = ndimage.distance_transform_edt(~chosen)
    for number in range(1, count + 1):
        if number == main or areas[number] < 0.03 * areas[main]:
            continue
        r, c = boxes[number - 1]
        if r.start == 0 or c.start == 0 or r.stop == plane.shape[0] or c.stop == plane.shape[1]:
            continue
        other = parts == number
        if distance[other].min() < 0.15 * extent and share[other].mean() > 0.5:
            chosen |= other
    chosen = ndimage.distance_transform_edt(~chosen) <= max(2, 0.03 * extent)
    share = np.clip(share, 0, 1)
    share[(share < max(0.15, 2 * grain)) | ~chosen] = 0
    return np.rint(share * 255).astype(np.uint8)


def lines(there: Mask, first: int, last: int) -> Mask:
    """Lines that run from left to right through all that is beside the columns `first` to `last`, where nothing thicker is."""
    height, width = there.shape
    reach = max(2, round(0.02 * (last - first)))
    beside = np.concatenate([np.arange(0, max(0, first - reach)), np.arange(min(width, last + 1 + reach), width)])
    found = np.zeros_like(there)
    if len(beside) < 0.1 * width:
        return found
    thick = there.copy()
    thick[1:] |= there[:-1]
    thick[:-1] |= there[1:]
    padded = np.pad(thick, ((height, height), (0, 0)))
    offsets = np.arange(height)[:, None]
    everywhere = np.arange(width)
    for slope in SLOPES:
        shift = np.rint(slope * (everywhere - width / 2)).astype(int)
        support = padded[height + offsets + shift[beside], beside].mean(1)
        for row in np.flatnonzero(support > 0.7):
            y = row + shift
            ok = (y >= 0) & (y < height)
            found[y[ok], everywhere[ok]] = True
    found = (found | np.pad(found[1:], ((0, 1), (0, 0))) | np.pad(found[:-1], ((1, 0), (0, 0)))) & there
    if not found.any():
        return found
    runs = run_lengths(there)
    thickness = float(np.median(runs[:, beside][found[:, beside]])) if found[:, beside].any() else 0
    return found & (runs <= 1.6 * thickness + 2)


def run_lengths(there: Mask) -> NDArray[np.int32]:
    """For each pixel of the mask, how many of its column it is among without a gap."""
    height, width = there.shape
    flat = np.pad(there, ((1, 1), (0, 0))).T.ravel().astype(np.int8)
    change = np.diff(flat)
    starts, ends = np.flatnonzero(change == 1) + 1, np.flatnonzero(change == -1) + 1
    lengths = np.zeros(flat.shape, np.int32)
    lengths[flat == 1] = np.repeat(ends - starts, ends - starts)
    return lengths.reshape(width, height + 2).T[1:-1]


def together(parts, n, boxes, big, sums, areas, extent):
    """The component and what belongs to it: as dark, close by, not a speck, not cut off."""
    from scipy import ndimage

    height, width = parts.shape
    mine = parts == n
    e = extent[n]
    members = [n]
    grown = True
    while grown:
        grown = False
        r0, r1 = min(boxes[m - 1][0].start for m in members), max(boxes[m - 1][0].stop for m in members)
        c0, c1 = min(boxes[m - 1][1].start for m in members), max(boxes[m - 1][1].stop for m in members)
        for other in big:
            if other in members or sums[other] / areas[other] < 0.6 * sums[n] / areas[n] or extent[other] < 0.1 * e:
                continue
            r, c = boxes[other - 1]
            if r.start == 0 or c.start == 0 or r.stop == height or c.stop == width:
                continue
            reach = 0.15 * max(e, extent[other])
            if r.start > r1 + reach or r.stop < r0 - reach or c.start > c1 + reach or c.stop < c0 - reach:
                continue
            if max(r1, r.stop) - min(r0, r.start) > 2.5 * max(e, extent[other]):
                continue
            pad = int(reach) + 2
            around = (
                slice(max(0, min(r0, r.start) - pad), max(r1, r.stop) + pad),
                slice(max(0, min(c0, c.start) - pad), max(c1, c.stop) + pad),
            )
            ours = np.isin(parts[around], members)
            if ndimage.distance_transform_edt(~ours)[parts[around] == other].min() <= reach:
                if is_frame(parts, other, boxes, members, extent):
                    continue
                members.append(other)
                e = max(e, extent[other])
                grown = True
    rows = slice(min(boxes[m - 1][0].start for m in members), max(boxes[m - 1][0].stop for m in members))
    columns = slice(min(boxes[m - 1][1].start for m in members), max(boxes[m - 1][1].stop for m in members))
    return np.isin(parts[rows, columns], members), (rows, columns)


def is_frame(parts, n, boxes, others, extent) -> bool:
    """Something not much smaller lies within it."""
    from scipy import ndimage

    rows, columns = boxes[n - 1]
    inner = []
    for other in others:
        if other != n and extent[other] > 0.15 * extent[n]:
            r, c = boxes[other - 1]
            if r.start >= rows.start and r.stop <= rows.stop and c.start >= columns.start and c.stop <= columns.stop:
                inner.append(other)
    if not inner:
        return False
    mine = np.pad(parts[rows, columns] == n, 2)
    closed = ndimage.binary_fill_holes(ndimage.binary_dilation(mine, iterations=2))[2:-2, 2:-2]
    return any(closed[parts[rows, columns] == other].mean() > 0.9 for other in inner)
