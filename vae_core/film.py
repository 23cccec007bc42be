"""The film of a training: what its snapshots show of the same pictures, the same codes and the same points, in order."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vae_core.runs import Run
from vae_core.sheets import scaled, tiled, to_bytes

MOST_FRAMES = 40
PAIRS, SAMPLES, COLUMNS = 8, 16, 8
MOST_POINTS = 500
_FAR = 65504.0  # the largest number of half precision


@dataclass(frozen=True)
class Film:
    """All of it, F frames.

    Attributes:
        epochs: After which epoch each frame is, int64 with shape (F,); 0 is before the training.
        originals: The pictures that are reconstructed, uint8 with shape (8, C, H, W).
        recon: Their reconstructions, (F, 8, C, H, W).
        samples: Pictures of the same 16 codes from N(0, I), (F, 16, C, H, W).
        places: Codes of the same test pictures on one plane, float32 with shape (F, n, 2).
        labels: The class of each of them, int64 with shape (n,).
        is_plane: The codes have more than two numbers: `places` are on the plane on which the last frame's differ most.
    """

    epochs: NDArray[np.int64]
    originals: NDArray[np.uint8]
    recon: NDArray[np.uint8]
    samples: NDArray[np.uint8]
    places: NDArray[np.float32]
    labels: NDArray[np.int64]
    is_plane: bool

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """left, right, bottom, top: a square that holds nearly all places of all frames."""
        low, high = np.quantile(self.places.reshape(-1, 2), [0.001, 0.999], axis=0)
        middle, half = (low + high) / 2, max(float((high - low).max()) * 0.53, 1e-3)
        return (
            float(middle[0] - half),
            float(middle[0] + half),
            float(middle[1] - half),
            float(middle[1] + half),
        )

    def shares(self) -> NDArray[np.float32]:
        """The places as shares of the extent, from the left and from the bottom, in [0, 1], with shape (F, n, 2)."""
        left, right, bottom, top = self.extent
        shares = (self.places - np.array([left, bottom])) / np.array([right - left, top - bottom])
        return np.asarray(shares.clip(0, 1), np.float32)

    def sprite(self, quality: int = 80) -> bytes:
        """All pictures in one WebP: a row of originals, then for each frame a row of reconstructions and two of samples."""
        rows = [self.originals, *(part for pair in zip(self.recon, self.samples, strict=True) for part in pair)]
        file = io.BytesIO()
        sheet = tiled(to_bytes(np.concatenate(rows)), COLUMNS, 0, transparent=False)
        sheet.convert("RGB").save(file, "WEBP", quality=quality)
        return file.getvalue()

    def animation(
        self,
        kind: str,
        words: Sequence[str],
        colours: Sequence[str],
        *,
        milliseconds: int = 250,
        report: Callable[[float], None] = lambda share: None,
    ) -> bytes:
        """The film as a file that repeats for ever and rests on its last frame.

        Args:
            kind: "GIF" or "WEBP".
            words: A line for each frame.
            colours: One for each class, such as `#2889b9`.
            milliseconds: How long each frame shows.
            report: Told the share of the frames that are drawn.
        """
        shares = self.shares()
        frames = []
        for number in range(len(self.epochs)):
            frames.append(self._frame(number, words[number], colours, shares[number]))
            report((number + 1) / (len(self.epochs) + 1))  # the last part is the packing
        durations = [milliseconds] * (len(frames) - 1) + [8 * milliseconds]
        file = io.BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=durations, loop=0)
        return file.getvalue()

    def _frame(self, number: int, words: str, colours: Sequence[str], shares: NDArray[np.float32]) -> Image.Image:
        pictures = np.concatenate([self.originals, self.recon[number], self.samples[number]])
        sheet = scaled(tiled(to_bytes(pictures), COLUMNS, 1, transparent=False), 2).convert("RGB")
        side, line = sheet.height, 28
        frame = Image.new("RGB", (sheet.width + side, side + line), "black")
        frame.paste(sheet, (0, line))
        pen = ImageDraw.Draw(frame)
        pen.text((8, 4), words, "white", font=ImageFont.load_default(16))
        for (x, y), label in zip(shares, self.labels, strict=True):
            at = (sheet.width + 4 + x * (side - 8), line + 4 + (1 - y) * (side - 8))
            pen.ellipse((at[0] - 2, at[1] - 2, at[0] + 2, at[1] + 2), fill=colours[label % len(colours)])
        return frame


def film(run: Run) -> Film | None:
    """The film of a run; `None` while it has no snapshot.

    Raises:
        WorkError: A snapshot is damaged.
    """
    epochs = run.snapshot_epochs()
    if not epochs:
        return None
    return _film(run, [epochs[i] for i in np.unique(np.linspace(0, len(epochs) - 1, MOST_FRAMES).round().astype(int))])


def newest_frame(run: Run) -> Film | None:
    """A film of the newest snapshot alone; `None` while there is none.

    Raises:
        WorkError: A snapshot is damaged.
    """
    return _film(run, run.snapshot_epochs()[-1:])


def _film(run: Run, chosen: Sequence[int]) -> Film | None:
    first = run.snapshot(run.snapshot_epochs()[0]) if chosen else {}
    if "images" not in first:
        return None  # a folder that lost its first snapshot lost the originals with it
    frames = [run.snapshot(epoch) for epoch in chosen]
    codes = np.stack([frame["mu"] for frame in frames]).astype(np.float32)
    codes = np.nan_to_num(codes, nan=0, posinf=_FAR, neginf=-_FAR)  # too far away for the half precision of a snapshot
    some = np.sort(np.random.default_rng(0).permutation(codes.shape[1])[:MOST_POINTS])
    labels = first["labels"].astype(np.int64)[some]
    return Film(
        np.array(chosen),
        first["images"][:PAIRS],
        np.stack([frame["recon"][:PAIRS] for frame in frames]),
        np.stack([frame["samples"][:SAMPLES] for frame in frames]),
        _places(codes[:, some], labels),
        labels,
        codes.shape[2] > 2,
    )


def _places(codes: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Codes (F, n, latent_dim) on one plane for all frames, (F, n, 2)."""
    if codes.shape[2] == 1:  # a row a class
        rows = np.broadcast_to(labels, codes.shape[:2])
        return np.stack([codes[..., 0], rows * np.ptp(codes[-1]) / max(int(labels.max()), 1)], axis=2).astype(
            np.float32
        )
    if codes.shape[2] == 2:
        return codes
    last = codes[-1].astype(np.float64)
    _, vectors = np.linalg.eigh(np.cov(last.T))
    return np.asarray(codes @ vectors[:, -1:-3:-1], np.float32)
