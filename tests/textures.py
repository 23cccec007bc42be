"""Photographs of what is no digit: brushed metal, wood, gravel, cloth, stripes, checks, gradients, noise; made here.

Each is grey, uint8 with shape (H, W), as a camera or a scan gives it; the same seed gives the same ones.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from vae_core import handwriting
from vae_core.handwriting import Handwriting

Grey = NDArray[np.float64]
Texture = Callable[[np.random.Generator, Grey, Grey], Grey]
SHAPES = ((84, 112), (96, 96), (128, 96))


def _lines(chance: np.random.Generator, u: Grey, v: Grey, length: float) -> Grey:
    """Brush marks along `v`, with unit variance."""
    marks = ndimage.gaussian_filter1d(chance.normal(size=(400, 400)), length, axis=1, mode="wrap")
    found: Grey = marks[np.rint(u).astype(int) % 400, np.rint(v).astype(int) % 400]
    return found / found.std()


def _waves(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    bent = ndimage.gaussian_filter(chance.normal(size=u.shape), 12)
    return 120 + chance.uniform(20, 60) * np.sin(u / chance.uniform(2, 7) + chance.uniform(1, 4) * bent / bent.std())


def _blobs(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    blurred = ndimage.gaussian_filter(chance.normal(size=u.shape), chance.uniform(1, 6))
    return 128 + chance.uniform(30, 70) * blurred / blurred.std()


def _threads(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    period = chance.uniform(4, 20)
    over, under = np.sin(u * np.pi / period) > 0, np.sin(v * np.pi / period) > 0
    woven = np.sin(u * 2 * np.pi / period) * under + np.sin(v * 2 * np.pi / period) * over
    return 110 + chance.uniform(30, 60) * woven + chance.normal(0, 8, u.shape)


def _two_greys(chance: np.random.Generator, is_light: NDArray[np.bool_]) -> Grey:
    return np.where(is_light, chance.uniform(150, 255), chance.uniform(0, 90))


def _stripes(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    period = chance.uniform(4, 30)
    return _two_greys(chance, u % period < period * chance.uniform(0.3, 0.7))


def _checks(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    side = chance.uniform(5, 25)
    return _two_greys(chance, (u // side + v // side) % 2 > 0)


def _landscape(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    """Noise with a photograph's spectrum."""
    height, width = u.shape
    cycles = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    cycles[0, 0] = 1
    found = np.fft.irfft2(np.fft.rfft2(chance.normal(size=u.shape)) / cycles ** chance.uniform(0.7, 1.8), u.shape)
    return 128 + 50 * found / found.std()


def _brushed(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    marks = _lines(chance, u, v, chance.uniform(10, 40)) * chance.uniform(8, 35)
    return chance.uniform(30, 190) + marks + chance.normal(0, chance.uniform(2, 10), u.shape)


def _plate(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    margin = chance.uniform(0.2, 0.45) * min(u.shape)
    inside = (abs(u - u.mean()) < margin) & (abs(v - v.mean()) < margin)
    return np.where(inside, (_brushed(chance, u, v) + 60).clip(60), chance.uniform(0, 20))


def _slope(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    return chance.uniform(0, 100) + (u - u.min()) / np.ptp(u) * chance.uniform(80, 150)


def _glow(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    squared = (u - u.mean() - chance.uniform(-30, 30)) ** 2 + (v - v.mean() - chance.uniform(-30, 30)) ** 2
    return chance.uniform(150, 250) * np.exp(-squared / chance.uniform(30, 100) ** 2) + chance.uniform(0, 20)


def _noise(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    return chance.integers(0, 256, u.shape).astype(float)


def _faint(chance: np.random.Generator, u: Grey, v: Grey) -> Grey:
    return chance.uniform(40, 200) + chance.normal(0, chance.uniform(8, 25), u.shape)


ANY: float | None = None
KINDS: dict[str, tuple[Texture, float | None]] = {
    **{f"brushed at {angle}°": (_brushed, angle) for angle in (0, 17, 45, 90, 120)},
    "brushed plate on black": (_plate, ANY),
    "wood": (_waves, ANY),
    "gravel": (_blobs, ANY),
    "cloth": (_threads, ANY),
    "stripes": (_stripes, ANY),
    "checks": (_checks, ANY),
    "gradient": (_slope, ANY),
    "glow": (_glow, ANY),
    "noise": (_noise, ANY),
    "faint noise": (_faint, ANY),
    "landscape": (_landscape, ANY),
}
"""The textures by name, each with its angle in degrees or at any."""


def grey(kind: str, seed: int) -> NDArray[np.uint8]:
    """One texture, uint8 with shape (H, W)."""
    make, angle = KINDS[kind]
    chance = np.random.default_rng([list(KINDS).index(kind), seed])
    turned = chance.uniform(0, np.pi) if angle is None else np.radians(angle)
    height, width = SHAPES[seed % len(SHAPES)]
    rows, columns = np.mgrid[:height, :width].astype(float)
    u = rows * np.cos(turned) + columns * np.sin(turned)
    v = columns * np.cos(turned) - rows * np.sin(turned)
    return make(chance, u, v).clip(0, 255).astype(np.uint8)


def prepared(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The image in two ways in which a model may get it, each uint8 with shape (1, 28, 28): made smaller, and as ink."""
    small = np.asarray(Image.fromarray(image).resize((28, 28), Image.Resampling.BOX))[None]
    return [small, handwriting.prepare(Handwriting(image), (1, 28, 28))]
