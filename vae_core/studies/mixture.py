"""A mixture of Gaussians fitted to the codes of a run's training images: what Generate draws from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from pydantic import Field

from vae_core.errors import N_
from vae_core.runs import Run
from vae_core.settings import Part
from vae_core.studies import DataName, Findings, Report

if TYPE_CHECKING:
    from vae_core.priors import Mixture

MOST_IMAGES = 10_000  # enough for ten means and covariances


class Settings(Part):
    """To which codes, and how many Gaussians."""

    data: DataName = Field("digits", description=N_("To the codes of its training images."))
    components: int = Field(10, title=N_("Gaussians"), description=N_("How many there are."), ge=1, le=50)


def compute(run: Run, settings: Settings, report: Report) -> Findings:
    """Fits it, to one draw from the posterior of each image; on the run's own data set, of the classes that it learnt.

    Arrays:
        weights, means, covariances: As in `priors.Mixture`.

    Raises:
        InputError: The data set is not here, or has fewer images than there are Gaussians.
    """
    from vae_core import datasets, latent, priors
    from vae_core.models import load

    own = run.config.data
    is_own = settings.data == own.name
    train = datasets.load(
        settings.data,
        "train",
        leave_out_digits_test=is_own and own.leave_out_digits_test,
        classes=own.classes if is_own else None,
    )
    model = load(run.config.model, run.weights(), train.image_shape, len(train.class_names))
    codes = priors.fitting_codes(latent.encode(model, train.subset(slice(MOST_IMAGES))))
    report(0.1)
    found = priors.fitted_mixture(codes, settings.components)
    return Findings({}, {"weights": found.weights, "means": found.means, "covariances": found.covariances})


def mixture(arrays: Mapping[str, NDArray[Any]]) -> "Mixture":
    """The mixture that was found."""
    from vae_core.priors import Mixture

    return Mixture(arrays["weights"], arrays["means"], arrays["covariances"])
