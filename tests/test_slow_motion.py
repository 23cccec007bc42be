"""Slow motion: its numbers are those of a training step, recomputed here in another way."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from streamlit.testing.v1 import AppTest

from tests.tiny_runs import train
from vae_core import losses
from vae_core.config import RunConfig
from vae_core.datasets import load
from vae_core.errors import InputError
from vae_core.events import Checkpoint, EpochEnd, Finished, Losses, Progress, share_done
from vae_core.models import Model, build
from vae_core.slow_motion import step_by_step

APP = Path(__file__).parents[1] / "app.py"
DATA = load("digits", "test").subset(slice(8))


def made(**changes: Any) -> tuple[RunConfig, Model]:
    config = RunConfig().replace(**{"model__hidden": [32], **changes})
    return config, build(config.model, (1, 28, 28), 10, 10).requires_grad_(False)


def test_the_numbers_are_those_of_the_formulas() -> None:
    config, model = made(loss__beta=3.0)
    step = step_by_step(config, model, DATA)
    x = torch.from_numpy(DATA.images).float() / 255
    assert step.sigma is not None and step.eps is not None
    np.testing.assert_allclose(step.z, step.mu + step.sigma * step.eps, atol=1e-6)
    logits = model.decoder(torch.from_numpy(step.z))
    nll = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
    np.testing.assert_allclose(step.nll, nll.numpy(), rtol=1e-4)
    kl = 0.5 * (step.mu**2 + step.sigma**2 - 1 - 2 * np.log(step.sigma)).sum(1)
    np.testing.assert_allclose(step.kl, kl, atol=1e-4)
    assert step.loss == pytest.approx(float((step.nll + 3 * step.kl).mean()), rel=1e-5)
    np.testing.assert_allclose(step.recon, torch.sigmoid(logits).numpy(), atol=1e-5)


@pytest.mark.parametrize(("progress", "beta"), [(0.0, 0.0), (0.1, 1.0), (0.4, 4.0), (1.0, 4.0)])
@pytest.mark.parametrize("weight", [1.0, 0.0, 0.25])
def test_the_loss_is_the_trainers_at_that_moment(progress: float, beta: float, weight: float) -> None:
    """Reconstruction weight, beta and KL warm-up, as a real training step counts them."""
    config, model = made(loss__beta=4.0, loss__kl_warmup=0.4, loss__reconstruction=weight, training__batch_size=8)
    step = step_by_step(config, model, DATA, progress=progress)
    assert step.weights == (weight, pytest.approx(beta))
    assert step.loss == pytest.approx(float((weight * step.nll + beta * step.kl).mean()), rel=1e-5, abs=1e-4)
    recon, kl = torch.from_numpy(step.nll), torch.from_numpy(step.kl)
    assert step.loss == pytest.approx(float(losses.objective(recon, kl, config.loss, progress)), rel=1e-5, abs=1e-4)


def test_the_share_that_is_done_is_that_of_the_newest_weights() -> None:
    nats = Losses(1, 1, 0)
    events = [EpochEnd(1, 10, 40, nats, nats, 1, 1, 1), Checkpoint(1, 10), Progress(2, 15, 40, nats, 1, 1)]
    assert share_done(events) == 0.25, "what was learnt since is not in the weights yet"
    assert share_done([*events, Finished(2, 17, stopped=True)]) == 17 / 40
    assert share_done([Progress(1, 5, 40, nats, 1, 1)]) == 0 and share_done([]) == 1.0


def test_the_gradients_are_those_of_finite_differences() -> None:
    config, model = made(model__latent_dim=2)
    step = step_by_step(config, model, DATA)
    bias = model.decoder[-2].bias
    eps = 1e-2
    squares = 0.0
    for number in range(0, len(bias), 56):
        bias[number] += eps
        more = step_by_step(config, model, DATA).loss
        bias[number] -= 2 * eps
        less = step_by_step(config, model, DATA).loss
        bias[number] += eps
        slope = (more - less) / (2 * eps)
        expected = float(np.mean(step.recon[:, 0].reshape(8, -1)[:, number] - step.x[:, 0].reshape(8, -1)[:, number]))
        assert slope == pytest.approx(expected, abs=2e-2)
        squares += slope**2
    assert 0 < squares < step.gradients["decoder." + str(len(model.decoder) - 2)] ** 2


def test_the_model_stays_as_it_was_and_a_step_helps() -> None:
    config, model = made()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    step = step_by_step(config, model, DATA)
    assert all((value == before[name]).all() for name, value in model.state_dict().items())
    assert step.loss_after < step.loss, "an untrained model gets better by any step"
    assert step_by_step(config, model, DATA).loss == step.loss


@pytest.mark.parametrize(
    "changes",
    [
        {"model__kind": "autoencoder"},
        {"model__kind": "conditional-vae"},
        {"model__network": "conv", "model__hidden": [4, 8]},
        {"training__noise": 0.4},
        {"data__pixels": "binarised"},
        {"loss__free_bits": 0.5},
        {"model__likelihood": "gaussian"},
    ],
    ids=str,
)
def test_every_kind_of_model_has_its_story(changes: dict[str, Any]) -> None:
    config, model = made(**changes)
    step = step_by_step(config, model, DATA)
    is_point = changes.get("model__kind") == "autoencoder"
    assert (step.sigma is None) == is_point and (step.eps is None) == is_point
    if is_point:
        assert (step.z == step.mu).all() and (step.kl == 0).all()
    assert (np.abs(step.shown - step.x).max() > 0) == ("training__noise" in changes)
    if "data__pixels" in changes:
        assert set(np.unique(step.x)) == {0.0, 1.0}
    assert all(length > 0 for length in step.gradients.values()) and np.isfinite(step.loss_after)


def test_several_codes_a_picture_are_no_such_story() -> None:
    config, model = made(loss__samples=5)
    with pytest.raises(InputError, match="5 codes"):
        step_by_step(config, model, DATA)


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_the_page_tells_it_in_six_frames(root: Path, kind: str) -> None:
    run = train(epochs=1, model__kind=kind)
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = run.id
    app.session_state[f"slow_{run.id}"] = True
    app.switch_page("pages/train.py").run()
    seen = []
    for frame in range(6):
        assert not app.exception and not app.error
        seen.append(" ".join(one.value for one in [*app.caption, *app.info]))
        following = next(one for one in app.button if one.key == "slow_next")
        assert following.disabled == (frame == 5)
        if frame < 5:
            following.click().run()
    assert ("samples nothing" in seen[2]) == (kind == "autoencoder")
    assert ("nats of KL" in seen[4]) == (kind == "vae") and "instead of" in seen[5]
    assert ("a point costs no KL" in seen[4]) == (kind == "autoencoder")
