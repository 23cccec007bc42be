"""The ink of a digit that was found in a photograph, without the lines of the paper."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vae_core.photographs import FLOOR, GRAINS, NEIGHBOUR, Found, Mask, Plane, mask_resized, resized, with_side

SIDE = 224  # pixels: the longer side of what is cut out
SMALL = 64  # at which the paper below the ink is continued
MARGIN = 0.5  # of a digit's longer side, on each side of it
BESIDE = 0.04  # of it: what is farther from the ink is paper
SMOOTH = 0.12  # of it: the standard deviation with which paper is continued below the ink
CORE = 0.3  # of the ink's strength: what has less is an edge
EDGE = 0.15  # of it: what has less is paper
FRINGE = 0.03  # of the longer side: how far the edge reaches
SPECK = 0.03  # of the digit's area: what is smaller does not belong to it
SLOPES = np.arange(-20, 21) / 100  # of lines in a photograph that is not quite straight
RULED = 0.7  # of the paper beside the digit: how much of it a line crosses


def ink(views: Sequence[Plane], found: Found) -> NDArray[np.uint8]:
    """The digit with a margin, white on black, uint8 with shape (H, W) and a longer side of 224 pixels."""
    from scipy import ndimage

    plane, seed, extent = _cut_out(views[found.view], found)
    distance = ndimage.distance_transform_edt(~seed)
    beside = (distance > BESIDE * extent) & (distance < 0.2 * extent)
    own = float(np.median(plane[seed]))
    ring = float(np.median(plane[beside])) if beside.any() else 255.0 * found.dark
    clean = (distance > BESIDE * extent) & (np.abs(plane - ring) < 0.5 * abs(own - ring))
    paper = _continued(plane, clean, SMOOTH * extent, ring)
    away: Plane = (paper - plane if found.dark else plane - paper) / (paper + FLOOR)
    share: Plane = away / max(0.02, float(np.percentile(away[seed], 75)))
    grain = 1.4826 * float(np.median(np.abs(share[clean]))) if clean.any() else 0.0
    there = share > max(CORE, GRAINS * grain)
    rows, columns = np.flatnonzero(seed.any(1)), np.flatnonzero(seed.any(0))
    faint = share > max(CORE / 2, GRAINS / 2 * grain)  # a line as faint as the limit is one with gaps above it
    ruled = _lines(faint, columns[0], columns[-1]) | _lines(faint.T, rows[0], rows[-1]).T
    digit = _digit(there & ~ruled, seed, share, extent)
    near = ndimage.distance_transform_edt(~digit) <= max(2, FRINGE * extent)
    kept = np.where(near & (share > max(EDGE, 2 * grain)), share, 0)
    return np.asarray(np.rint(np.clip(kept, 0, 1) * 255), np.uint8)


def everything(plane: Plane, *, dark: bool) -> NDArray[np.uint8]:
    """All that departs from the brightness of the photograph's edge, to one side, as `ink` gives a digit."""
    plane = with_side(plane, SIDE)
    paper = float(np.median(np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])))
    away = (paper - plane) if dark else (plane - paper)
    full = max(1.0, float(np.percentile(away, 99.5)))
    share = np.clip(away / full, 0, 1)
    return np.asarray(np.rint(np.where(share < EDGE, 0, share) * 255), np.uint8)


def _cut_out(view: Plane, found: Found) -> tuple[Plane, Mask, float]:
    """The photograph around the digit, where the digit is in it, and the digit's longer side in pixels."""
    height, width = view.shape
    top, bottom, left, right = (
        share * length for share, length in zip(found.box, (height, height, width, width), strict=True)
    )
    extent = max(bottom - top, right - left)
    margin = MARGIN * extent + 3
    rows = slice(max(0, int(top - margin)), min(height, int(np.ceil(bottom + margin))))
    columns = slice(max(0, int(left - margin)), min(width, int(np.ceil(right + margin))))
    box = (
        slice(round(top), max(round(top) + 1, round(bottom))),
        slice(round(left), max(round(left) + 1, round(right))),
    )
    seed = np.zeros((height, width), bool)
    seed[box] = mask_resized(found.mask, seed[box].shape)
    if not seed.any():
        seed[box] = True
    plane = view[rows, columns]
    scale = SIDE / max(plane.shape)
    shape = tuple(max(1, round(length * scale)) for length in plane.shape)
    return resized(plane, shape), mask_resized(seed[rows, columns], shape), extent * scale


def _continued(plane: Plane, clean: Mask, sigma: float, otherwise: float) -> Plane:
    """The mean of the clean pixels around each, weighted by their distance."""
    from scipy import ndimage

    weight, bright = (with_side(part.astype(np.float32), SMALL) for part in (clean, clean * plane))
    sigma *= SMALL / max(plane.shape)
    total = ndimage.gaussian_filter(bright, sigma) + np.float32(1e-3 * otherwise)
    return resized(total / (ndimage.gaussian_filter(weight, sigma) + np.float32(1e-3)), plane.shape)


def _digit(there: Mask, seed: Mask, share: Plane, extent: float) -> Mask:
    """The component that is most of the digit, and those that belong to it."""
    from scipy import ndimage

    parts, count = ndimage.label(there, np.ones((3, 3)))
    areas = np.bincount(parts.ravel(), minlength=count + 1)
    common = np.bincount(parts[seed], minlength=count + 1)
    common[0] = 0
    main = int(common.argmax())
    if not common[main]:
        return seed
    digit: Mask = parts == main
    distance = ndimage.distance_transform_edt(~digit)
    for number, (rows, columns) in enumerate(ndimage.find_objects(parts), start=1):
        cut = not rows.start or not columns.start or rows.stop == there.shape[0] or columns.stop == there.shape[1]
        if number == main or cut or areas[number] < SPECK * areas[main]:
            continue
        other = parts == number
        if distance[other].min() < NEIGHBOUR * extent and share[other].mean() > 0.5:
            digit |= other
    return digit


def _lines(there: Mask, first: int, last: int) -> Mask:
    """Lines that cross what is beside the columns `first` to `last`, from left to right, but not what is thicker.

    The digit is between those columns, and a line of the paper on both sides of it.
    """
    height, width = there.shape
    reach = max(2, round(0.02 * (last - first)))
    columns = np.arange(width)
    beside = columns[(columns < first - reach) | (columns > last + reach)]
    found = np.zeros_like(there)
    if len(beside) < 0.1 * width:
        return found
    padded = np.pad(_thicker(there), ((height, height), (0, 0)))
    for slope in SLOPES:
        shift = np.rint(slope * (columns - width / 2)).astype(int)
        crossed = padded[height + np.arange(height)[:, None] + shift[beside], beside].mean(1)
        for row in np.flatnonzero(crossed > RULED):
            line = row + shift
            inside = (line >= 0) & (line < height)
            found[line[inside], columns[inside]] = True
    found = _thicker(found) & there
    alone = found[:, beside]
    if not alone.any():
        return found
    runs = _runs(there)
    thickness = float(np.median(runs[:, beside][alone]))
    return found & (runs <= 1.6 * thickness + 2)


def _thicker(mask: Mask) -> Mask:
    """With the pixels above and below."""
    thicker = mask.copy()
    thicker[1:] |= mask[:-1]
    thicker[:-1] |= mask[1:]
    return thicker


def _runs(mask: Mask) -> NDArray[np.int64]:
    """For each pixel of the mask, of how many of its column, one below the other, it is one."""
    height, width = mask.shape
    flat = np.pad(mask, ((1, 1), (0, 0))).T.ravel().astype(np.int8)
    change = np.diff(flat)
    lengths = np.flatnonzero(change == -1) - np.flatnonzero(change == 1)
    runs = np.zeros(flat.shape, np.int64)
    runs[flat == 1] = np.repeat(lengths, lengths)
    return runs.reshape(width, height + 2).T[1:-1]
