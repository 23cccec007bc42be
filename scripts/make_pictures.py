"""Draws the picture of the home page from the starter run `starter-vae-2d`.

    python scripts/make_pictures.py

Its latent plane, decoded in equal steps of probability under N(0, I): every digit in it was drawn by the model.
"""

import sys
from pathlib import Path
from statistics import NormalDist

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from vae_core import datasets, latent, models, runs
from vae_core.sheets import sheet

COLUMNS, ROWS = 32, 10
SPREAD = 0.98
TARGET = Path(__file__).resolve().parent.parent / "pages" / "ui" / "pictures" / "plane.png"


def main() -> None:
    run = runs.find("starter-vae-2d")
    model = models.load(run.config.model, run.weights(), datasets.source(run.config.data.name).image_shape)
    right, up = (
        np.array([NormalDist().inv_cdf(share) for share in np.linspace((1 - SPREAD) / 2, (1 + SPREAD) / 2, count)])
        for count in (COLUMNS, ROWS)
    )
    z = np.stack(np.meshgrid(right, up[::-1]), axis=-1).reshape(-1, 2).astype(np.float32)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(sheet(latent.decode(model, z), COLUMNS, scale=1, padding=0))


if __name__ == "__main__":
    main()
