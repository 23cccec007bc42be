"""How good a run's code is as a compression: against PCA, and in bits."""

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from pydantic import Field

from vae_core.config import DataConfig
from vae_core.errors import N_
from vae_core.runs import Run
from vae_core.settings import Part
from vae_core.studies import DataName, Findings, Report

if TYPE_CHECKING:
    from vae_core.compression import Rates

EXAMPLES = 10


class Settings(Part):
    """On which pictures."""

    data: DataName = Field(
        "digits",
        description=N_(
            "PCA and the quantiser learn from its training images; the errors are those of its test images."
        ),
    )


def pictures(run: Run, name: str) -> DataConfig:
    """The pictures of a data set, as the run knows them if it is its own."""
    own = run.config.data
    return own if name == own.name else DataConfig(name=name)


def compute(run: Run, settings: Settings, report: Report) -> Findings:
    """Errors are of the test split, of the classes that the run learnt.

    Figures:
        images, train_images: How many there were.
        latent_dim, pixels: Numbers of a code, and of a picture.
        mse: Of the run's reconstructions.
        cross_entropy, cross_entropy_mean_image, cross_entropy_floor: Nats a pixel: of the run, of the training images'
            mean, and of a perfect reconstruction.
        pca_equivalent: The fewest numbers with which PCA is as good; `None` where it never is.
        raw_bits, zipped_bits: Bits a picture without a model: as kept in memory, and packed without loss.

    Arrays:
        pca_errors: PCA's MSE with n = 0 to all numbers.
        each, pca_each: The MSE of each test picture, float64 with shape (images,): of the run, and of PCA with as many
            numbers, clipped to [0, 1] like the run's.
        nats, mean_nats: The cross-entropy a pixel of each test picture, of the run and of the training images' mean.
        low, high: The range of the training codes, with shape (latent_dim,).
        ae_bits, ae_entropy_bits, ae_mse: The run's `compression.Rates`.
        pca_..., equivalent_...: PCA's with as many numbers, and with `pca_equivalent` numbers (not where there is none).
        originals, ae, pca, equivalent: Test pictures, one a class, and what becomes of them without quantising, uint8
            with shape (n, C, H, W).
        quantised: What the run makes of them at 1 to 16 bits a number, with shape (16, n, C, H, W).
    """
    import numpy as np
    import torch
    from threadpoolctl import threadpool_limits

    from vae_core import anomaly, compression, datasets, latent, sheets
    from vae_core.models import load

    config = pictures(run, settings.data)
    data = datasets.splits(config)
    train, test = data.train, data.test.only(config.classes)
    model = load(run.config.model, run.weights(), test.image_shape, len(test.class_names))
    train_codes, codes = compression.encode(model, train), compression.encode(model, test)
    each = compression.image_errors(model, codes, test)
    mse = float(each.mean())
    report(0.1)

    arrays: dict[str, NDArray[Any]] = {"each": each, "low": train_codes.min(0), "high": train_codes.max(0)}
    examples = np.unique(test.labels, return_index=True)[1][:EXAMPLES]
    some = test.subset(examples)
    with threadpool_limits(torch.get_num_threads()):  # numpy's and scikit-learn's products
        whole = compression.fit_pca(train)
        report(0.3)
        arrays["pca_errors"] = errors = compression.pca_errors(whole, test)
        equivalent = compression.equivalent_dimensions(errors, mse)
        arrays["pca_each"] = compression.pca_image_errors(whole, model.latent_dim, test)
        for name, n in (("pca", min(model.latent_dim, len(errors) - 1)), ("equivalent", equivalent)):
            if n:
                pca = whole.first(n)
                z = pca.encode(test)
                found = compression.pca_rate_distortion(pca.encode(train), z, float(errors[n]), pca.mean.size)
                arrays |= _named(name, found) | {name: sheets.to_bytes(pca.decode(z[examples])).transpose(0, 3, 1, 2)}
    report(0.5)
    found = compression.rate_distortion(model, train_codes, codes, test, lambda share: report(0.5 + share / 2))
    scales = [compression.quantiser(train_codes, bits) for bits in range(1, compression.MOST_BITS + 1)]
    rounded = [scale.dequantise(scale.quantise(codes[examples])) for scale in scales]
    arrays |= _named("ae", found) | {
        "originals": some.images,
        "ae": latent.decode(model, codes[examples]),
        "quantised": np.stack([latent.decode(model, z) for z in rounded]),
    }
    pixels = whole.mean.size
    arrays["nats"] = anomaly.score(model, test, ["cross_entropy"])["cross_entropy"] / pixels
    arrays["mean_nats"] = compression.cross_entropies_of_mean_image(train, test)
    figures = {
        "images": len(test),
        "train_images": len(train),
        "latent_dim": model.latent_dim,
        "pixels": pixels,
        "mse": mse,
        "cross_entropy": float(arrays["nats"].mean()),
        "cross_entropy_mean_image": float(arrays["mean_nats"].mean()),
        "cross_entropy_floor": compression.cross_entropy_floor(test),
        "pca_equivalent": equivalent,
        "raw_bits": compression.raw_bits(test.image_shape),
        "zipped_bits": compression.zipped_bits(test),
    }
    return Findings(figures, arrays)


def _named(name: str, rates: "Rates") -> dict[str, NDArray[Any]]:
    return {f"{name}_bits": rates.bits, f"{name}_entropy_bits": rates.entropy_bits, f"{name}_mse": rates.mse}
