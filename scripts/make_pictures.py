"""Draws the pictures of the home page from the starter runs and the data sets: the plane, and a strip for each recipe.

    python scripts/make_pictures.py

The plane is the latent space of `starter-vae-2d`, decoded in equal steps of probability under N(0, I): every digit in it
was drawn by the model. A recipe's strip shows what it is about; Fashion-MNIST has to be on this machine.
"""

import io
import sys
from pathlib import Path
from statistics import NormalDist
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from numpy.typing import NDArray

from pages.ui.images import error_map
from pages.ui.reconstruction import in_colour, reconstruct
from vae_core import datasets, latent, models, runs
from vae_core.drawing import draw
from vae_core.models import Model
from vae_core.sheets import scaled, sheet, tiled, to_bytes

COLUMNS, ROWS = 32, 10
SPREAD = 0.98
IN_STRIP = 8
TARGET = Path(__file__).resolve().parent.parent / "pages" / "ui" / "pictures"


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    right, up = (
        np.array([NormalDist().inv_cdf(share) for share in np.linspace((1 - SPREAD) / 2, (1 + SPREAD) / 2, count)])
        for count in (COLUMNS, ROWS)
    )
    z = np.stack(np.meshgrid(right, up[::-1]), axis=-1).reshape(-1, 2).astype(np.float32)
    (TARGET / "plane.png").write_bytes(sheet(latent.decode(model("starter-vae-2d"), z), COLUMNS, scale=1, padding=0))
    for recipe, images in strips().items():
        file = io.BytesIO()
        scaled(tiled(to_bytes(images), IN_STRIP, 0, transparent=False), 2).save(file, "WEBP", quality=80, method=6)
        (TARGET / f"recipe-{recipe}.webp").write_bytes(file.getvalue())


def model(name: str) -> Model:
    run = runs.find(name)
    return models.load(run.config.model, run.weights(), datasets.source(run.config.data.name).image_shape)


def strips() -> dict[str, NDArray[Any]]:
    """Eight images a recipe, with shape (8, C, 28, 28)."""
    digits, vae, conv = datasets.load("digits", "test"), model("starter-vae-2d"), model("starter-vae-conv-16d")
    ae = model("starter-ae-2d")
    half = IN_STRIP // 2
    few = reconstruct(conv, digits, [int(np.flatnonzero(digits.labels == label)[0]) for label in range(half)])
    fives, sevens = (np.flatnonzero(digits.labels == label) for label in (5, 7))
    odd = reconstruct(ae, digits, [int(fives[0]), int(sevens[0])])
    maps = error_map(odd.data.images, odd.recons) / 255
    a, b = (latent_of(conv, digits, int(number)) for number in fives[:2])
    drawn = {name: draw(one, IN_STRIP, 1).images for name, one in (("vae", vae), ("ae", ae), ("conv", conv))}
    return {
        "quick": drawn["vae"],
        "standard": drawn["conv"],
        "best": draw(conv, IN_STRIP, 2).images,
        "ae-vs-vae": np.concatenate([drawn["ae"][:half], drawn["vae"][:half]]),
        "compress-392": np.concatenate([few.data.images / 255, few.recons]),
        "anomaly-fives": np.concatenate(
            [
                in_colour(digits.images[fives[1:3]] / 255),
                *(in_colour(part[:1]) for part in (odd.data.images / 255, odd.recons, maps)),
                *(in_colour(part[1:]) for part in (odd.data.images / 255, odd.recons, maps)),
            ]
        ),
        "oversample": latent.decode(conv, latent.interpolate(a, b, IN_STRIP, "linear")),
        "fashion-vae": datasets.load("fashion-mnist", "test").images[:IN_STRIP],
    }


def latent_of(model: Model, data: datasets.ImageData, number: int) -> NDArray[np.float32]:
    """The code of one image."""
    import torch

    from vae_core.pixels import to_unit

    with torch.inference_mode():
        return model.encode(to_unit(torch.from_numpy(data.images[number : number + 1].copy()))).mu[0].numpy()


if __name__ == "__main__":
    main()
