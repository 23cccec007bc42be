"""New pictures from a model, with all it takes to draw them again."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae_core import latent
from vae_core.latent import Codes
from vae_core.models import Model
from vae_core.priors import Prior, PriorName, StandardNormal
from vae_core.sheets import sheet


@dataclass(frozen=True)
class Drawing:
    """Pictures that were drawn.

    Attributes:
        images: uint8 with shape (N, C, H, W).
        z: The codes, float32 with shape (N, latent_dim).
        seed, temperature: As given.
        prior: `normal` is N(0, I), `fitted` the Gaussian and `mixture` the mixture fitted to codes of pictures.
        y: The class that a conditional model was asked for; `None` where it was left open, or the model has none.
    """

    images: NDArray[np.uint8]
    z: Codes
    seed: int
    temperature: float
    prior: PriorName
    y: int | None = None

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
            **({} if self.y is None else {"y": np.int64(self.y)}),
        )
        return file.getvalue()


def draw(
    model: Model, count: int, seed: int, temperature: float = 1.0, prior: Prior | None = None, y: int | None = None
) -> Drawing:
    """Draws codes and decodes them; the same seed gives the same pictures.

    Args:
        temperature: Stretches the standard deviations.
        prior: Draw from it instead of from N(0, I).
        y: For a conditional model: the class that is asked for; `None` leaves it open.
    """
    prior = prior or StandardNormal(model.latent_dim)
    z = prior.sample(count, seed, temperature)
    return Drawing(latent.decode(model, z, y), z, seed, temperature, prior.name, y)
