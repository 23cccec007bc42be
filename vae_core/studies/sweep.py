"""How many numbers does a picture need? A model trained for each latent size, beside PCA."""

from typing import TYPE_CHECKING, Annotated, Any

from numpy.typing import NDArray
from pydantic import Field, field_validator

from vae_core.config import Part
from vae_core.errors import N_
from vae_core.runs import Run
from vae_core.studies import Findings, Report
from vae_core.studies.compression import pictures

if TYPE_CHECKING:
    from vae_core.datasets import ImageData, Splits


class Settings(Part):
    """Which sizes, and how long each learns."""

    data: str = Field(
        "digits",
        title=N_("Data set"),
        description=N_("The models and PCA learn from its training pictures and are judged on its test pictures."),
        max_length=64,
    )
    sizes: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        (1, 2, 4, 8, 16, 32, 64),
        title=N_("Latent sizes"),
        description=N_("A model is trained for each: from 1 to 64 numbers."),
        min_length=1,
        max_length=16,
    )
    epochs: int = Field(
        5,
        title=N_("Epochs"),
        description=N_("How many times each model sees every training picture."),
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
        mse: Each model's on the test pictures; `None` where its training went astray.
        pca_equivalent: For each, the fewest numbers with which PCA is as good; `None` where it never is.
        run_size, run_epochs, run_mse: The run itself.

    Arrays:
        pca_errors: PCA's MSE with n = 0 to all numbers.

    Raises:
        InputError: The data set is not here, or the run's settings don't fit it.
    """
    import torch
    from threadpoolctl import threadpool_limits

    from vae_core import compression, datasets
    from vae_core.models import load

    data_config = pictures(run, settings.data)
    data = datasets.splits(data_config)
    test = data.test.only(data_config.classes)
    model = load(run.config.model, run.weights(), test.image_shape, len(test.class_names))
    run_mse = compression.reconstruction_mse(model, compression.encode(model, test), test)
    with threadpool_limits(torch.get_num_threads()):  # numpy's and scikit-learn's products
        errors = compression.pca_errors(compression.fit_pca(data.train), test)

    # A larger code costs hardly more: what is between picture and code has the same widths.
    share = _Share(report, len(settings.sizes))
    mse = [_trained_mse(run, settings, size, data, test, share) for size in settings.sizes]
    figures = {
        "images": len(test),
        "train_images": len(data.train),
        "epochs": settings.epochs,
        "sizes": list(settings.sizes),
        "mse": mse,
        "pca_equivalent": [
            None if found is None else compression.equivalent_dimensions(errors, found) for found in mse
        ],
        "run_size": model.latent_dim,
        "run_epochs": run.config.training.epochs,
        "run_mse": run_mse,
    }
    return Findings(figures, {"pca_errors": errors})


def _trained_mse(
    run: Run, settings: Settings, size: int, data: "Splits", test: "ImageData", share: "_Share"
) -> float | None:
    from vae_core import compression
    from vae_core.events import Checkpoint, Finished, Progress
    from vae_core.models import load
    from vae_core.training import train

    config = run.config.with_values({"model.latent_dim": size, "training.epochs": settings.epochs})
    weights: dict[str, NDArray[Any]] = {}
    finished = False
    for event in train(config, data):
        match event:
            case Progress():
                share(event.step / event.steps)
            case Checkpoint():
                weights = {k.removeprefix("model."): v for k, v in event.arrays.items() if k.startswith("model.")}
            case Finished():
                finished = True
    share.next()
    if not finished:
        return None
    model = load(config.model, weights, test.image_shape, len(test.class_names))
    return compression.reconstruction_mse(model, compression.encode(model, test), test)


class _Share:
    """The share of all trainings that is done."""

    def __init__(self, report: Report, trainings: int) -> None:
        self.report = report
        self.trainings = trainings
        self.done = 0

    def __call__(self, of_this: float) -> None:
        self.report((self.done + of_this) / self.trainings)

    def next(self) -> None:
        self.done += 1
        self(0.0)
