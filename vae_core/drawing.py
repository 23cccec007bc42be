"""New pictures from a model, with all it takes to draw them again."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vae_core import latent
from vae_core.latent import Codes, FittedGaussian
from vae_core.models import Model
from vae_core.sheets import sheet

Prior = Literal["normal", "fitted"]


@dataclass(frozen=True)
class Drawing:
    """Pictures that were drawn.

    Attributes:
        images: uint8 with shape (N, C, H, W).
        z: The codes, float32 with shape (N, latent_dim).
        seed, temperature: As given.
        prior: `normal` is N(0, I), `fitted` the Gaussian fitted to codes of pictures.
    """

    images: NDArray[np.uint8]
    z: Codes
    seed: int
    temperature: float
    prior: Prior

    def png(self, scale: int = 2) -> bytes:
        """All pictures in a square sheet, `scale` screen pixels a pixel."""
        return sheet(self.images, scale=scale)

    def npz(self) -> bytes:
        """The arrays, for `np.load(file, allow_pickle=False)`."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            allow_pickle=False,
            images=self.images,
            z=self.z,
            seed=np.int64(self.seed),
            temperature=np.float64(self.temperature),
            prior=np.str_(self.prior),
        )
        return file.getvalue()


def draw(
    model: Model, count: int, seed: int, temperature: float = 1.0, gaussian: FittedGaussian | None = None
) -> Drawing:
    """Draws codes and decodes them; the same seed gives the same pictures.

    Args:
        temperature: Stretches the standard deviations.
        gaussian: Draw from it instead of from N(0, I).
    """
    if gaussian is None:
        z = latent.sample_prior(model.latent_dim, count, seed, temperature)
    else:
        z = gaussian.sample(count, seed, temperature)
    return Drawing(latent.decode(model, z), z, seed, temperature, "normal" if gaussian is None else "fitted")
