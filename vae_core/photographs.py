"""Where the digit is in a photograph: on paper in whatever light, whatever lies around it.

What is written departs from the paper around it by much, in strokes, with clean paper beside them, and ends before the
photograph does. A shadow departs by less, a desk and ruled lines run out of the photograph, a speck is small, a frame
has something in it. So each connected component, at several levels of departure, is weighed by what it has of that.

SciPy is imported where a photograph is read: pages open without it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]
Box: TypeAlias = tuple[slice, slice]

SIDE = 512  # pixels: the longer side at which a digit is looked for
SMALLEST = 256  # what is smaller is enlarged first
SHEET_SIDE = 128  # at which the sheet is looked for
GROUNDS = ((44, 0.33), (26, 0.66))  # longer side at which paper is estimated, and the window, in shorter sides
FLOOR = 30.0  # grey values, added to both in a ratio: black has grain too
LEVELS = (0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.55)
GRAINS = 4.0  # standard deviations: what departs by less is the paper's grain
LEAST = 0.015  # weight: a shadow's edge has less
PLAIN = 0.3  # departure: nothing is looked for beside a whole digit with clean paper around it that has more
FEWEST = 0.01  # of the shorter side: what is smaller is a speck
ENOUGH = 80  # pixels of a component's longer side, by which it is weighed
MOST = 12  # components at a level: those that are largest and depart most
LARGE = 0.25  # of the shorter side: a digit that is larger is not more of one
THICK = 0.35  # of a digit's longer side: a stroke is thinner
NEIGHBOUR = 0.15  # of a digit's longer side: how far its parts are apart
INNER = 0.15  # of a frame's longer side: what is smaller in it is a speck
CLEAR, PURE = 0.2, 0.8  # weight and purity, of which a digit has one at least and a piece of a texture mostly neither


class Found(NamedTuple):
    """A digit.

    Attributes:
        weight: How much there is of what makes a digit, in [0, 1].
        purity: The same, whatever its size and its distance from the paper.
        view: The number of the plane on which it stands out.
        dark: Its ink is darker than the paper.
        departure: How far the ink is from the paper, in [0, 1).
        box: Its top, bottom, left and right, in shares of the plane's height and width.
        mask: Its pixels within the box.
    """

    weight: float
    purity: float
    view: int
    dark: bool
    departure: float
    box: tuple[float, float, float, float]
    mask: Mask

    @property
    def is_clear(self) -> bool:
        """It may be a digit; else it is the piece of brushed metal or of wood that is most like one."""
        return self.weight > CLEAR or self.purity > PURE


def resized(plane: Plane, shape: tuple[int, ...], how: Image.Resampling | None = None) -> Plane:
    """The plane with another shape (H, W); where it gets smaller, pixels are averaged."""
    smaller = shape[0] < plane.shape[0]
    how = how or (Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC)
    return np.asarray(Image.fromarray(plane).resize((shape[1], shape[0]), how))


def mask_resized(mask: Mask, shape: tuple[int, ...]) -> Mask:
    return np.asarray(Image.fromarray(mask).resize((shape[1], shape[0])))


def with_side(plane: Plane, side: int) -> Plane:
    """The plane with a longer side of `side` pixels."""
    scale = side / max(plane.shape)
    return resized(plane, tuple(max(1, round(length * scale)) for length in plane.shape))


def at_most(plane: Plane, side: int) -> Plane:
    """The plane with a longer side of at most `side` pixels."""
    return plane if max(plane.shape) <= side else with_side(plane, side)


def located(views: Sequence[Plane]) -> Found | None:
    """The digit on planes of equal shape, each in [0, 255]; `None` where nothing departs from paper as a digit does."""
    best: Found | None = None
    for number, view in enumerate(views):
        plane = at_most(view, SIDE) if max(view.shape) >= SMALLEST else with_side(view, SMALLEST)
        for sheet in _sheets(plane):
            whole = plane if sheet is None else _continued(plane, sheet)
            for side, window in GROUNDS:
                paper = _paper(whole, side, window)
                for dark in (True, False):
                    for level in _levels(whole, paper, dark, sheet):
                        part, weight = level.best(best.weight if best else LEAST)
                        if part:
                            box, mask = level.group(part)
                            best = Found(
                                weight,
                                weight / level.most(part),
                                number,
                                dark,
                                level.strengths[part],
                                _shares(box, plane),
                                mask,
                            )
                if best and best.departure > PLAIN and best.weight > 0.9 * best.departure:
                    return best
    return best


def _shares(box: Box, plane: Plane) -> tuple[float, float, float, float]:
    height, width = plane.shape
    rows, columns = box
    return rows.start / height, rows.stop / height, columns.start / width, columns.stop / width


def _paper(plane: Plane, side: int, window: float) -> Plane:
    """The paper's brightness at each pixel: the median around it, which keeps the edge of a shadow or a desk."""
    from scipy import ndimage

    small = at_most(plane, side)
    small = ndimage.median_filter(small, max(3, round(window * min(small.shape)) | 1), mode="nearest")
    return resized(small, plane.shape, Image.Resampling.BILINEAR)


def _sheets(plane: Plane) -> Iterator[Mask | None]:
    """What may be the sheet: all there is; the largest bright thing, and the largest dark, with what is written on it."""
    from scipy import ndimage

    yield None
    smooth = ndimage.median_filter(at_most(plane, SHEET_SIDE), 5, mode="nearest")
    limit = _between(smooth)
    for mask in (smooth > limit, smooth <= limit):
        parts, count = ndimage.label(mask)
        if count:
            largest = parts == np.bincount(parts.ravel())[1:].argmax() + 1
            # What is at its edge is half desk.
            sheet = ndimage.binary_erosion(ndimage.binary_fill_holes(largest), iterations=2, border_value=1)
            if 0.02 < sheet.mean() < 0.97:
                yield mask_resized(sheet, plane.shape)


def _between(plane: Plane) -> float:
    """Otsu's threshold: the variance between dark and bright is largest.

    References:
        Otsu 1979, https://doi.org/10.1109/TSMC.1979.4310076
    """
    counts, edges = np.histogram(plane, 64)
    sums = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)[:-1]
    dark = np.cumsum(counts)[:-1]
    bright, rest = plane.size - dark, float(plane.sum()) - sums
    variance = dark * bright * (sums / np.maximum(dark, 1) - rest / np.maximum(bright, 1)) ** 2
    return float(edges[int(variance.argmax()) + 1])


def _continued(plane: Plane, sheet: Mask) -> Plane:
    """The plane with the sheet's nearest pixel wherever the sheet is not."""
    from scipy import ndimage

    rows, columns = ndimage.distance_transform_edt(~sheet, return_distances=False, return_indices=True)
    continued: Plane = plane[rows, columns]
    return continued


def _departures(plane: Plane, paper: Plane, dark: bool) -> Plane:
    """How far each pixel is from paper, in [0, 1): as far where half as bright as where twice."""
    low, high = (plane, paper) if dark else (paper, plane)
    away: Plane = np.maximum(high - low, 0) / (np.maximum(high, low) + np.float32(FLOOR))
    return away


def _levels(plane: Plane, paper: Plane, dark: bool, sheet: Mask | None) -> Iterator["_Level"]:
    from scipy import ndimage

    away = ndimage.gaussian_filter(_departures(plane, paper, dark), 0.7, truncate=2)
    signed = away - _departures(plane, paper, not dark)
    some = signed[::3, ::3]
    grain = 1.4826 * float(np.median(np.abs(some - np.median(some))))
    for level in LEVELS:
        there = away > level if sheet is None else (away > level) & sheet
        if level > GRAINS * grain and there.any():
            yield _Level(plane, away, there, sheet)


@dataclass(frozen=True)
class _Level:
    """The connected components of what departs by more than a level.

    Attributes:
        plane: The brightness.
        away: The departure.
        there: Where that is more.
        sheet: Where the paper is, if not everywhere.
    """

    plane: Plane
    away: Plane
    there: Mask
    sheet: Mask | None

    @cached_property
    def parts(self) -> NDArray[np.int32]:
        from scipy import ndimage

        parts: NDArray[np.int32] = ndimage.label(self.there, np.ones((3, 3)))[0]
        return parts

    @cached_property
    def areas(self) -> NDArray[np.int64]:
        return np.bincount(self.parts.ravel())

    @cached_property
    def boxes(self) -> list[Box]:
        from scipy import ndimage

        boxes: list[Box] = ndimage.find_objects(self.parts)
        return boxes

    @cached_property
    def strengths(self) -> dict[int, float]:
        """Mean departures of the largest components that are no specks."""
        fewest = max(6.0, (FEWEST * min(self.plane.shape)) ** 2)
        large = sorted((int(part) for part in np.flatnonzero(self.areas >= fewest) if part), key=self.extent)[
            -3 * MOST :
        ]
        boxes = {part: self.boxes[part - 1] for part in large}
        return {part: float(self.away[box][self.parts[box] == part].mean()) for part, box in boxes.items()}

    @cached_property
    def candidates(self) -> list[int]:
        return sorted(self.strengths, key=lambda part: -self.extent(part) * self.strengths[part])[:MOST]

    def extent(self, part: int) -> int:
        """Its longer side, in pixels."""
        rows, columns = self.boxes[part - 1]
        return int(max(rows.stop - rows.start, columns.stop - columns.start))

    def best(self, least: float) -> tuple[int, float]:
        """The component that is most of a digit, and its weight, if that is more than `least`; 0 where none is."""
        part = 0
        for candidate in self.candidates:
            if self.most(candidate) > least:  # else weighing it is in vain
                weight = self.weight(candidate)
                part, least = (candidate, weight) if weight > least else (part, least)
        return part, least

    def most(self, part: int) -> float:
        """The weight of a digit of its size that departs as much."""
        return self._size(part) * self.strengths[part]

    def _size(self, part: int) -> float:
        return float(min(1, self.extent(part) / min(self.plane.shape) / LARGE) ** 0.7)

    def weight(self, part: int) -> float:
        """How much it has of what makes a digit, in [0, 1]."""
        from scipy import ndimage

        extent, (rows, columns) = self.extent(part), self.boxes[part - 1]
        around = _widened((rows, columns), max(3, round(0.15 * extent)))
        step = 1 + extent // ENOUGH
        mine, values = self.parts[around][::step, ::step] == part, self.plane[around][::step, ::step]
        if not mine.any():
            return 0.0
        distance = step * ndimage.distance_transform_edt(~mine)
        ring = (distance > 2) & (distance <= max(4, 0.12 * extent))
        if not ring.any():
            return 0.0
        paper = float(np.median(values[ring]))
        clean = (np.abs(values[ring] - paper) < 0.4 * abs(float(np.median(values[mine])) - paper)).mean()
        thick = 2 * step * float(ndimage.distance_transform_edt(np.pad(mine, 1)).max()) / extent
        cut = self._cut(part)
        height, width = self.plane.shape
        off = np.hypot((rows.start + rows.stop) / 2 / height - 0.5, (columns.start + columns.stop) / 2 / width - 0.5)
        return float(
            self.strengths[part]
            * self._size(part)
            * clean**3
            * max(0.05, 1 - 4 * max(0, thick - THICK))
            * (1 if not cut else 0.15 if cut < 0.6 * extent else 0.03)
            * (0.05 if self._encloses(part, self.candidates) else 1)
            * (1 - off**2)
        )

    def _cut(self, part: int) -> int:
        """How many of its pixels are at the end of the photograph or of the sheet."""
        from scipy import ndimage

        edges = (self.parts[0], self.parts[-1], self.parts[:, 0], self.parts[:, -1])
        cut = sum(int((edge == part).sum()) for edge in edges)
        if self.sheet is not None:
            box = self.boxes[part - 1]
            cut += int((ndimage.binary_dilation(self.parts[box] == part) & ~self.sheet[box]).sum())
        return cut

    def _encloses(self, part: int, others: Sequence[int]) -> bool:
        """It has another on three sides at least, so that it is a frame, be it drawn with a gap."""
        box = self.boxes[part - 1]
        inner = [
            other
            for other in others
            if other != part and self.extent(other) > INNER * self.extent(part) and _holds(box, self.boxes[other - 1])
        ]
        if not inner:
            return False
        mine = self.parts[box] == part
        beside = [np.logical_or.accumulate(mine[::step], axis=0)[::step] for step in (1, -1)]
        beside += [np.logical_or.accumulate(mine[:, ::step], axis=1)[:, ::step] for step in (1, -1)]
        enclosed = np.sum(beside, axis=0) >= 3
        return any(enclosed[self.parts[box] == other].mean() > 0.9 for other in inner)

    def group(self, part: int) -> tuple[Box, Mask]:
        """The component and what belongs to it, such as a five's bar: as dark, close by, whole, and no speck."""
        members, extent = [part], self.extent(part)
        waiting = [
            other
            for other in self.candidates
            if other != part
            and self.strengths[other] > 0.6 * self.strengths[part]
            and self.extent(other) > 0.1 * extent
            and not self._cut(other)
        ]
        grown = True
        while grown:
            grown = False
            for other in waiting:
                reach = NEIGHBOUR * max(extent, self.extent(other))
                if other not in members and self._near(members, other, reach) and not self._encloses(other, members):
                    members.append(other)
                    extent = max(extent, self.extent(other))
                    grown = True
        box = _around([self.boxes[member - 1] for member in members])
        return box, np.isin(self.parts[box], members)

    def _near(self, members: Sequence[int], other: int, reach: float) -> bool:
        from scipy import ndimage

        box = _around([self.boxes[member - 1] for member in members])
        if not _meet(_widened(box, round(reach) + 1), self.boxes[other - 1]):
            return False
        around = _around([box, self.boxes[other - 1]])
        distance = ndimage.distance_transform_edt(~np.isin(self.parts[around], members))
        return bool(distance[self.parts[around] == other].min() <= reach)


def _around(boxes: Sequence[Box]) -> Box:
    rows, columns = (slice(min(s.start for s in side), max(s.stop for s in side)) for side in zip(*boxes, strict=True))
    return rows, columns


def _widened(box: Box, margin: int) -> Box:
    rows, columns = (slice(max(0, side.start - margin), side.stop + margin) for side in box)
    return rows, columns


def _holds(outer: Box, inner: Box) -> bool:
    return all(a.start <= b.start and b.stop <= a.stop for a, b in zip(outer, inner, strict=True))


def _meet(one: Box, other: Box) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))
