"""Photographs of digits, made from real ones: a sheet with ink, what lies around it, light, and a camera."""

import io
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

HEIGHT, WIDTH = 240, 320
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH] / np.array([HEIGHT, WIDTH])[:, None, None]
SPECKS = ((30, 290, 3), (200, 40, 2), (222, 300, 4), (15, 20, 2), (210, 180, 1.5))  # y, x, radius


def ink_of(digit: NDArray[np.uint8], high: int = 112, y: int = 120, x: int = 165) -> NDArray[np.float64]:
    """How much ink is where, in [0, 1] with shape (H, W): a digit of 28 x 28, `high` pixels high with its margins."""
    part = np.asarray(Image.fromarray(digit).resize((high, high), Image.Resampling.BICUBIC)) / 255
    ink = np.zeros((HEIGHT, WIDTH))
    ink[y - high // 2 : y - high // 2 + high, x - high // 2 : x - high // 2 + high] = part
    return ink


def written(ink: NDArray[np.float64], paper: object = 224, pen: object = 45) -> NDArray[np.float64]:
    """Ink on paper, each a grey, a colour or one for each pixel; shape (H, W, 3)."""
    full = np.broadcast_to(np.asarray(paper, float), (HEIGHT, WIDTH, 3))
    return full * (1 - ink[..., None]) + np.asarray(pen, float) * ink[..., None]


def drawn(draw: Callable[[ImageDraw.ImageDraw], None], paper: float = 224) -> NDArray[np.float64]:
    """Paper on which something was drawn four times as large; shape (H, W, 1)."""
    large = Image.new("L", (4 * WIDTH, 4 * HEIGHT), int(paper))
    draw(ImageDraw.Draw(large))
    return np.asarray(large.reduce(4), float)[..., None]


@cache
def ruled(grey: int, spacing: int, wide: int = 4, *, squared: bool = False, slope: float = 0.0) -> NDArray[np.float64]:
    def draw(pen: ImageDraw.ImageDraw) -> None:
        for at in range(-8 * spacing, 6 * WIDTH, 4 * spacing):
            pen.line((0, at, 4 * WIDTH, at + slope * 4 * WIDTH), grey, wide)
            if squared:
                pen.line((at, 0, at - slope * 4 * HEIGHT, 4 * HEIGHT), grey, wide)

    return drawn(draw)


@cache
def specked() -> NDArray[np.float64]:
    def draw(pen: ImageDraw.ImageDraw) -> None:
        for y, x, radius in SPECKS:
            pen.ellipse([4 * (x - radius), 4 * (y - radius), 4 * (x + radius), 4 * (y + radius)], 40)

    return drawn(draw)


@cache
def framed(outline: int = 50) -> NDArray[np.float64]:
    return drawn(lambda pen: pen.rectangle((350, 150, 990, 820), outline=outline, width=10))


def on_desk(sheet: NDArray[np.float64], outside: NDArray[np.bool_], grey: float = 70) -> NDArray[np.float64]:
    wood = grey * (1 + 0.15 * np.sin(60 * (Y + 0.1 * np.sin(5 * X))))
    return np.where(outside[..., None], wood[..., None] * np.array([1, 0.85, 0.65]), sheet)


def tilted(sheet: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turned by four degrees and seen from the side."""
    picture = Image.fromarray(sheet.astype(np.uint8))
    seen = (1.03, 0.09, -20.0, -0.06, 1.02, 6.0, 0.0002, 0.0003)
    return np.asarray(
        picture.transform((WIDTH, HEIGHT), Image.Transform.PERSPECTIVE, seen, Image.Resampling.BICUBIC, 1, (224,) * 3),
        float,
    )


def shadow(edge: NDArray[np.float64], soft: float, strength: float) -> NDArray[np.float64]:
    """Light: 1 where `edge` is above 0, less where it is below, over `soft` of the side."""
    return 1 - strength / (1 + np.exp(np.clip(edge / soft, -50, 50)))


def photograph(
    scene: NDArray[np.float64],
    rng: np.random.Generator,
    light: NDArray[np.float64] | float = 1.0,
    *,
    noise: float = 2.5,
    quality: int = 90,
    blur: float = 0.0,
) -> bytes:
    """A JPEG of a scene with shape (H, W, 3) in a light with shape (H, W)."""
    lit = scene * np.broadcast_to(light, (HEIGHT, WIDTH))[..., None]
    if blur:
        lit = ndimage.gaussian_filter(lit, (blur, blur, 0))
    grainy = lit + rng.normal(0, noise, (HEIGHT, WIDTH, 1))
    return saved(Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8)), "JPEG", quality=quality)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def alone(ink: NDArray[np.float64], colour: tuple[int, int, int]) -> bytes:
    """Ink of one colour on nothing."""
    layers = [np.full((HEIGHT, WIDTH), value) for value in colour]
    return saved(Image.fromarray(np.stack([*layers, ink * 255], axis=-1).astype(np.uint8)), "PNG")


def scan16(ink: NDArray[np.float64], paper: int, pen: int) -> bytes:
    return saved(Image.fromarray((paper + (pen - paper) * ink).astype(np.uint16)), "PNG")


Digit, Rng = NDArray[np.uint8], np.random.Generator
CENTRE = np.hypot(Y - 0.5, X - 0.5)

ROWS: dict[str, Callable[[Digit, Rng], bytes]] = {
    "even light": lambda d, r: photograph(written(ink_of(d)), r),
    "light falls off by half": lambda d, r: photograph(written(ink_of(d)), r, 1 - 0.5 * X),
    "light falls off steeply": lambda d, r: photograph(written(ink_of(d)), r, 1 - 0.75 * (X + Y) / 2),
    "a lamp's glare": lambda d, r: photograph(written(ink_of(d), 180), r, 1 + 0.5 * np.exp(-20 * CENTRE**2)),
    "a corner's soft shadow": lambda d, r: photograph(written(ink_of(d)), r, shadow(X + Y - 0.6, 0.05, 0.5)),
    "a corner's sharp shadow": lambda d, r: photograph(written(ink_of(d)), r, shadow(X + Y - 0.6, 0.004, 0.4)),
    "a shadow through the digit": lambda d, r: photograph(written(ink_of(d)), r, shadow(X - 0.1 * Y - 0.5, 0.03, 0.4)),
    "vignette": lambda d, r: photograph(written(ink_of(d)), r, 1 - 1.3 * CENTRE**2),
    "desk on the left": lambda d, r: photograph(on_desk(written(ink_of(d)), X < 0.12 + 0.05 * Y), r),
    "desk on the right": lambda d, r: photograph(on_desk(written(ink_of(d)), X > 0.8, 30), r),
    "desk around": lambda d, r: photograph(
        on_desk(written(ink_of(d)), (abs(Y - 0.5) > 0.4) | (abs(X - 0.5) > 0.35)), r
    ),
    "a note on a desk": lambda d, r: photograph(
        on_desk(
            written(ink_of(d, 70)), (abs(Y - 0.5 + 0.3 * X - 0.15) > 0.25) | (abs(X - 0.51 - 0.17 * Y + 0.085) > 0.2)
        ),
        r,
    ),
    "ruled": lambda d, r: photograph(written(ink_of(d), ruled(170, 26)), r),
    "ruled darkly and askew": lambda d, r: photograph(written(ink_of(d), ruled(90, 30, slope=0.04)), r),
    "squared": lambda d, r: photograph(written(ink_of(d), ruled(160, 15, squared=True)), r),
    "squared darkly": lambda d, r: photograph(written(ink_of(d), ruled(100, 24, squared=True, slope=-0.03)), r),
    "specks": lambda d, r: photograph(written(ink_of(d), specked()), r),
    "frame": lambda d, r: photograph(written(ink_of(d), framed()), r),
    "black on mid-grey": lambda d, r: photograph(written(ink_of(d), 120, 15), r),
    "white on grey": lambda d, r: photograph(written(ink_of(d), 140, 250), r),
    "chalk on a board": lambda d, r: photograph(written(ink_of(d), (35, 65, 50), 220), r, 1 - 0.4 * Y, noise=5),
    "pencil": lambda d, r: photograph(written(ink_of(d), 225, 150), r, 1 - 0.3 * X, noise=4),
    "white on transparency": lambda d, r: alone(ink_of(d), (255, 255, 255)),
    "red on transparency": lambda d, r: alone(ink_of(d), (200, 30, 30)),
    "16 bits": lambda d, r: scan16(ink_of(d), 60_000, 9_000),
    "12 bits in 16, inverted": lambda d, r: scan16(ink_of(d), 200, 4_000),
    "out of focus": lambda d, r: photograph(written(ink_of(d)), r, blur=3),
    "grainy": lambda d, r: photograph(written(ink_of(d)), r, noise=20),
    "a bad JPEG": lambda d, r: photograph(written(ink_of(d)), r, quality=12),
    "tilted on ruled paper": lambda d, r: photograph(tilted(written(ink_of(d), ruled(150, 26))), r),
    "small": lambda d, r: photograph(written(ink_of(d, 36, 60, 250)), r, 1 - 0.4 * X),
    "large": lambda d, r: photograph(written(ink_of(d, 236, 120, 160)), r, 1 - 0.4 * X),
    "yellow pen": lambda d, r: photograph(written(ink_of(d), 235, (250, 225, 40)), r),
    "blue on red, as bright": lambda d, r: photograph(written(ink_of(d), (230, 120, 120), (90, 160, 220)), r),
    "without its end": lambda d, r: (whole := photograph(written(ink_of(d)), r))[: int(0.94 * len(whole))],
    "all at once": lambda d, r: photograph(
        on_desk(tilted(written(ink_of(d), ruled(165, 22), (30, 50, 120))), X < 0.1 + 0.04 * Y), r, 1 - 0.4 * Y, blur=0.7
    ),
}
"""Each makes a photograph of a digit of 28 x 28 pixels."""
