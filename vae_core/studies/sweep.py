"""How many numbers does a picture need? A model trained for each latent size, beside PCA."""

from typing import Annotated

from pydantic import Field, field_validator

from vae_core.errors import N_
from vae_core.runs import Run
from vae_core.settings import Part
from vae_core.studies import DataName, Findings, Report
from vae_core.studies.compression import pictures


class Settings(Part):
    """Which sizes, and how long each learns."""

    data: DataName = Field(
        "digits", description=N_("The models and PCA learn from its training images and are judged on its test images.")
    )
    sizes: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        (1, 2, 4, 8, 16, 32, 64),
        title=N_("Latent dimensions to try"),
        description=N_("A model is trained for each: from 1 to 64 latent dimensions."),
        min_length=1,
        max_length=16,
    )
    epochs: int = Field(
        5,
        title=N_("Epochs"),
        description=N_("How many times each model sees every training image."),
        ge=1,
        le=100,
    )

    @field_validator("sizes")
    @classmethod
    def _sorted_once(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(sizes)))


def compute(run: Run, settings: Settings, report: Report) -> Findings:
    """Each model has the run's settings, but for its latent size and its epochs; the run itself is judged as it is.

    Figures:
        images, train_images: How many there were.
        epochs: Each model's.
        sizes: The latent sizes.
        mse: Each model's on the test pictures.
        pca_equivalent: For each, the fewest numbers with which PCA is as good; `None` where it never is.
        run_size, run_epochs, run_mse: The run itself.

    Arrays:
        pca_errors: PCA's MSE with n = 0 to all numbers.
        each, pca_each: The MSE of each test picture, float32 with shape (sizes, images): of the models, and of PCA with
            as many numbers, clipped to [0, 1] like the models'.

    Raises:
        InputError: The data set is not here, or the run's settings don't fit it.
        WorkError: A training went astray.
    """
    import numpy as np
    import torch
    from threadpoolctl import threadpool_limits

    from vae_core import compression, datasets
    from vae_core.models import load
    from vae_core.training import fit

    data_config = pictures(run, settings.data)
    data = datasets.splits(data_config)
    test = data.test.only(data_config.classes)
    model = load(run.config.model, run.weights(), test.image_shape, len(test.class_names))
    run_mse = compression.reconstruction_mse(model, compression.encode(model, test), test)
    with threadpool_limits(torch.get_num_threads()):  # numpy's and scikit-learn's products
        pca = compression.fit_pca(data.train)
        errors = compression.pca_errors(pca, test)
        pca_each = [compression.pca_image_errors(pca, size, test) for size in settings.sizes]

    each = []
    for place, size in enumerate(settings.sizes):
        config = run.config.with_values({"model.latent_dim": size, "training.epochs": settings.epochs})

        def share(of_this: float, place: int = place) -> None:
            report((place + of_this) / len(settings.sizes))  # a larger code costs hardly more time

        other = fit(config, data, share)
        share(1.0)
        each.append(compression.image_errors(other, compression.encode(other, test), test))
    mse = [float(one.mean()) for one in each]
    figures = {
        "images": len(test),
        "train_images": len(data.train),
        "epochs": settings.epochs,
        "sizes": list(settings.sizes),
        "mse": mse,
        "pca_equivalent": [compression.equivalent_dimensions(errors, found) for found in mse],
        "run_size": model.latent_dim,
        "run_epochs": run.config.training.epochs,
        "run_mse": run_mse,
    }
    arrays = {"each": np.array(each, np.float32), "pca_each": np.array(pca_each, np.float32)}
    return Findings(figures, {"pca_errors": errors, **arrays})
