"""How much the pictures that a run makes up resemble real ones."""

from pydantic import Field

from vae_core.config import DataConfig
from vae_core.errors import N_
from vae_core.runs import Run
from vae_core.settings import Part
from vae_core.studies import DataName, Findings, Report

SEEDS = 3


class Settings(Part):
    """Which pictures are the real ones."""

    data: DataName = Field(
        "digits",
        description=N_("Densities are fitted to the codes of its training images; its test images are compared with."),
    )


def compute(run: Run, settings: Settings, report: Report) -> Findings:
    """Of the classes that the run learnt.

    Figures:
        images: How many pictures are compared with as many.
        distances: By what the codes were drawn from (`normal`, `fitted`, `mixture-10`, `mixture-50`): one a seed.
        floor: Of real training pictures, one a draw.
        mean_image, reconstructions: As in `quality.SampleQuality`.

    Arrays:
        Pictures by the same names, and `real` ones, uint8 with shape (n, C, H, W).
    """
    from vae_core import datasets, quality
    from vae_core.models import load

    own = run.config.data
    data = datasets.splits(own if settings.data == own.name else DataConfig(name=settings.data))
    test = data.test.only(own.classes if settings.data == own.name else None)
    model = load(run.config.model, run.weights(), test.image_shape, len(test.class_names))
    found = quality.sample_quality(model, data.train, test, seeds=SEEDS, report=report)
    figures = {
        "images": found.count,
        "distances": found.distances,
        "floor": found.floor,
        "mean_image": found.mean_image,
        "reconstructions": found.reconstructions,
    }
    return Findings(figures, found.examples)
