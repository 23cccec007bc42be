"""How good a model is on images it did not learn from: likelihood in nats, pictures in the units of pictures.

    ELBO(x) = E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z))                                    (Kingma and Welling 2014)
    L_k(x)  = E[log 1/k sum_i p(x|z_i) p(z_i) / q(z_i|x)],  z_i ~ q(z|x)                   (Burda et al. 2016, eq. 8)

ELBO = L_1 <= L_k <= log p(x). An autoencoder has no density over its codes, so it has no KL, ELBO or likelihood: those
are `None`, never a number. Images stay bytes until their batch comes.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Generator, Tensor

from vae_core import losses
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError, WorkError
from vae_core.liveness import alive
from vae_core.models import DiagonalGaussian, Model
from vae_core.pixels import to_tensor, to_unit

Pixels = Literal["grey", "binarised"]

BATCH = 500  # images at once: what a layer of 784 numbers makes of them fits a processor's cache
ACTIVE_VARIANCE = 0.01  # Burda et al. 2016, section 2: a unit is active above this variance of its posterior mean
HIGHEST_PSNR = 100.0  # decibels, for a picture equal to the last bit, whose PSNR would be infinite
MOST_IWAE_SAMPLES = 10_000


def evaluate(
    model: Model, data: ImageData, *, pixels: Pixels = "grey", iwae: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """The figures of a model on a split, means over its images. The same seed gives the same figures.

    Args:
        model: An autoencoder or a VAE.
        data: The images.
        pixels: What the likelihood is of: the grey images in [0, 1], or `binarise(images)`. The two differ by several
            nats, so a figure never stands without this word.
        iwae: Samples an image for `nll_iwae`; `None` leaves it out, since it takes as many passes of the decoder.
        seed: Of the draws of z.

    Returns:
        images: How many there were.
        pixels: As given.
        recon: -log p(x|z) in nats, one draw of z an image (an autoencoder: at its code).
        kl: KL(q(z|x) || N(0, I)) in nats; None for an autoencoder, like the next four.
        elbo: -(recon + kl), nats; higher is better.
        nll_iwae: -L_k in nats, lower is better; None unless `iwae` is given.
        iwae_k: k.
        active_units: Latent dimensions that say something about the image (`active_units`).
        mse, psnr, ssim: Of the reconstruction at the posterior mean against the grey image in [0, 1], whatever
            `pixels` is; PSNR in decibels, both it and SSIM averaged over images.
        mse_mean_image: The MSE of answering every image with the mean of these images: what any model must beat.

    Raises:
        InputError: There are no images, they don't have the model's shape, or an argument is out of range.
        WorkError: A figure is not finite: the model's weights are of no use.
    """
    if pixels not in ("grey", "binarised"):
        raise InputError(N_("'pixels' is '{pixels}', but must be 'grey' or 'binarised'. Choose one."), pixels=pixels)
    if iwae is not None and not 1 <= iwae <= MOST_IWAE_SAMPLES:
        raise InputError(
            N_("'iwae' is {iwae}, but must be from 1 to {most} samples per image. 50 is usual."),
            iwae=iwae,
            most=MOST_IWAE_SAMPLES,
        )
    found, codes = per_image(model, data, pixels=pixels, iwae=iwae, seed=seed)
    means = {name: float(values.mean()) for name, values in found.items()}
    is_vae = "kl" in means
    return {
        "images": len(data),
        "pixels": pixels,
        "recon": means["recon"],
        "kl": means.get("kl"),
        "elbo": -(means["recon"] + means["kl"]) if is_vae else None,
        "nll_iwae": means.get("nll_iwae"),
        "iwae_k": iwae if is_vae else None,
        "mse": means["mse"],
        "psnr": means["psnr"],
        "ssim": means["ssim"],
        "active_units": active_units(codes) if is_vae else None,
        "mse_mean_image": mse_of_mean_image(data),
    }


class PerImage(NamedTuple):
    """What `evaluate` takes the means of, so that two models can be compared picture by picture.

    Attributes:
        figures: `recon`, `mse`, `psnr`, `ssim` and, for a VAE, `kl` and `nll_iwae` if it was asked for: each with
            shape (N,), named as in `evaluate`.
        mu: Posterior means of what was observed, with shape (N, latent_dim).
    """

    figures: dict[str, NDArray[np.float64]]
    mu: Tensor


@torch.inference_mode()
def per_image(
    model: Model, data: ImageData, *, pixels: Pixels = "grey", iwae: int | None = None, seed: int = 0
) -> PerImage:
    """The figures of each image; arguments as `evaluate`.

    Raises:
        InputError: As `batches`.
        WorkError: A figure is not finite: the model's weights are of no use.
    """
    is_binary = pixels == "binarised"
    observed = replace(data, images=binarise(data.images)) if is_binary else data
    generator, iwae_generator = Generator().manual_seed(seed), Generator().manual_seed(seed)
    found: dict[str, list[Tensor]] = {}
    codes = []
    for (grey, y), (x, _) in zip(batches(model, data), batches(model, observed), strict=True):
        posterior = model.encode(x, y)
        figures = {"recon": losses.reconstruction(model.decode(posterior.sample(generator), y), x)}
        if isinstance(posterior, DiagonalGaussian):
            figures["kl"] = losses.kl(posterior)
            if iwae:
                figures["nll_iwae"] = iwae_nll(model, x, iwae, iwae_generator, y)
        code = model.encode(grey, y).mu if is_binary else posterior.mu
        picture = model.decode(code, y).mean
        figures |= {"mse": mse(picture, grey), "psnr": psnr(picture, grey), "ssim": ssim(picture, grey)}
        for name, values in figures.items():
            found.setdefault(name, []).append(values.double())
        codes.append(posterior.mu)
    arrays = {name: torch.cat(values).numpy() for name, values in found.items()}
    if not all(np.isfinite(values).all() for values in arrays.values()):
        raise WorkError(
            N_(
                "The model gives numbers that are not finite: its training diverged. Train it again, with "
                "a smaller learning rate."
            )
        )
    return PerImage(arrays, torch.cat(codes))


def batches(model: Model, data: ImageData, size: int = BATCH) -> Iterator[tuple[Tensor, Tensor]]:
    """The images in order, float32 in [0, 1] with shape (n, C, H, W), n at most `size`, and their labels, with shape (n,).

    Raises:
        InputError: There are none, or they don't have the model's shape.
    """
    if len(data) == 0:
        raise InputError(
            N_("The {split} split of '{name}' has no images to look at. Choose more classes or another split."),
            split=data.split,
            name=data.name,
        )
    if data.image_shape != tuple(model.image_shape):
        raise InputError(
            N_(
                "The images of '{name}' have the shape {shape} (channels, height, width), but this model was trained "
                "on {expected}. Choose a data set of that shape."
            ),
            name=data.name,
            shape=" x ".join(map(str, data.image_shape)),
            expected=" x ".join(map(str, model.image_shape)),
        )
    for start in range(0, len(data), size):
        alive()
        some = data.subset(slice(start, start + size))
        yield to_unit(to_tensor(some.images)), to_tensor(some.labels)


def binarise(images: NDArray[np.uint8], seed: int = 0) -> NDArray[np.uint8]:
    """Each pixel black or white, white with probability pixel / 255 (Salakhutdinov and Murray 2008).

    Args:
        images: The whole split, uint8 with shape (N, C, H, W): the draw of an image depends on those before it.
        seed: Of the draw; 0 for every published figure.

    Returns:
        0 or 255, uint8, with the same shape.
    """
    # A whole number from 0 to 254 lies below the pixel with a probability of exactly pixel / 255, at a byte a pixel.
    draws = np.random.default_rng(seed).integers(0, 255, size=images.shape, dtype=np.uint8)
    return np.where(draws < images, np.uint8(255), np.uint8(0))


@torch.inference_mode()
def iwae_nll(model: Model, x: Tensor, k: int, generator: Generator, y: Tensor | None = None) -> Tensor:
    """-L_k(x) in nats: the importance-weighted bound on -log p(x) (Burda et al. 2016, eq. 8), tighter with larger k.

    Args:
        model: A VAE.
        x: Pictures in [0, 1], with shape (N, C, H, W).
        k: Samples of z an image. They are decoded one after the other, so memory does not grow with k.
        generator: Draws them.
        y: The pictures' labels, with shape (N,), for a conditional model.

    Returns:
        One figure an image, with shape (N,).
    """
    posterior = model.encode(x, y)
    assert isinstance(posterior, DiagonalGaussian), "an autoencoder has no density over its codes"
    log_weights = []
    for _ in range(k):
        z = posterior.sample(generator)
        log_weights.append(posterior.log_ratio(z) - losses.reconstruction(model.decode(z, y), x))
    return losses.iwae(torch.stack(log_weights))


def active_units(mu: Tensor) -> int:
    """How many latent dimensions move with the image: Var_x(E_q[z_j]) > 0.01 (Burda et al. 2016, section 2).

    Args:
        mu: Posterior means, with shape (N, latent_dim).
    """
    return int((mu.double().var(0, unbiased=False) > ACTIVE_VARIANCE).sum())


@torch.inference_mode()
def kl_per_dimension(model: Model, data: ImageData) -> NDArray[np.float64] | None:
    """KL(q(z_j|x) || N(0, 1)) in nats for each latent dimension, the mean over the images, with shape (latent_dim,).

    Near 0: the dimension has collapsed to the prior. `None` for an autoencoder.

    Raises:
        InputError: As `batches`.
    """
    total = torch.zeros(model.latent_dim, dtype=torch.float64)
    for x, y in batches(model, data):
        posterior = model.encode(x, y)
        if not isinstance(posterior, DiagonalGaussian):
            return None
        total += posterior.kl_per_dimension().sum(0, dtype=torch.float64)
    return (total / len(data)).numpy()


def mse(picture: Tensor, x: Tensor) -> Tensor:
    """The mean squared difference of pixels in [0, 1].

    Args:
        picture, x: With shape (N, C, H, W).

    Returns:
        One figure an image, with shape (N,).
    """
    return (picture - x).square().flatten(1).mean(1)


def psnr(picture: Tensor, x: Tensor) -> Tensor:
    """Peak signal to noise ratio in decibels, -10 log10(MSE) for pixels in [0, 1], at most 100; shapes as `mse`."""
    return (-10 * torch.log10(mse(picture, x))).clamp(max=HIGHEST_PSNR)


def ssim(picture: Tensor, x: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004), 1 for equal pictures; shapes as `mse`.

    The same figure as scikit-image's `structural_similarity(..., data_range=1)`, which takes one image at a time: a
    uniform window of 7 x 7 (smaller for smaller pictures), sample covariances, the mean over windows that lie wholly
    inside the picture.
    """
    picture, x = picture.double(), x.double()  # variances are differences of nearly equal squares
    shorter = min(x.shape[-2:])
    window = min(7, shorter - (shorter + 1) % 2)
    pixels = window**2
    to_sample = pixels / max(pixels - 1, 1)

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, window, stride=1)

    mean_p, mean_x = mean(picture), mean(x)
    var_p = to_sample * (mean(picture * picture) - mean_p * mean_p)
    var_x = to_sample * (mean(x * x) - mean_x * mean_x)
    covariance = to_sample * (mean(picture * x) - mean_p * mean_x)
    c1, c2 = 0.01**2, 0.03**2
    likeness = (2 * mean_p * mean_x + c1) * (2 * covariance + c2)
    return (likeness / ((mean_p**2 + mean_x**2 + c1) * (var_p + var_x + c2))).flatten(1).mean(1)


def mse_of_mean_image(data: ImageData) -> float:
    """The MSE of answering every image with the mean of them all: the mean variance of a pixel in [0, 1]."""
    total = np.zeros(data.image_shape, np.int64)
    squares = np.zeros(data.image_shape, np.int64)
    for start in range(0, len(data), BATCH):
        alive()
        pixels = data.images[start : start + BATCH].astype(np.int64)
        total += pixels.sum(0)
        squares += (pixels * pixels).sum(0)
    mean = total / len(data)
    return float((squares / len(data) - mean**2).mean() / 255**2)
