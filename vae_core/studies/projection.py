"""t-SNE or UMAP of a run's codes."""

from typing import Literal

from pydantic import Field

from vae_core.errors import N_
from vae_core.runs import Run
from vae_core.settings import Part
from vae_core.studies import DataName, Findings, Report

SEED = 0


class Settings(Part):
    """Of what, and how."""

    method: Literal["tsne", "umap"] = Field(
        "umap", title=N_("Method"), description=N_("How the codes are laid out in the plane.")
    )
    data: DataName = Field("digits", description=N_("On whose test images."))


def compute(run: Run, settings: Settings, report: Report) -> Findings:
    """`points` (n, 2) float32 and `index` (n,) int64 into the test split."""
    from vae_core import datasets, latent
    from vae_core.models import load

    data = datasets.load(settings.data, "test")
    model = load(run.config.model, run.weights(), data.image_shape, len(data.class_names))
    found = latent.project(latent.encode(model, data).mu, settings.method, SEED)
    return Findings({}, {"points": found.points, "index": found.index})
