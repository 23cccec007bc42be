"""Real runs that take a second to train: what a page's test looks at."""

from typing import Any

from vae_core import runs
from vae_core.config import RunConfig
from vae_core.jobs.worker import work
from vae_core.runs import Run


def train(epochs: int = 1, **changes: Any) -> Run:
    """A finished run in the test's run root, trained in this process on the bundled digits with one thread.

    Args:
        changes: As `RunConfig.replace` takes them: `model__latent_dim=2`.
    """
    small: dict[str, Any] = {"model__hidden": [32], "training__threads": 1, "training__learning_rate": 3e-3}
    config = RunConfig().replace(**small | {"training__epochs": epochs} | changes)
    run, lock = runs.create(config, hold=True)
    assert lock is not None
    try:
        for _ in work(run):
            pass
    finally:
        lock.close()
    return run
