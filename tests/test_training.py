"""Training as a stream of events: what it yields, that it learns, and that the same settings give the same bits."""

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from vae_core import events as ev
from vae_core import training
from vae_core.config import RunConfig
from vae_core.datasets import Splits, splits
from vae_core.errors import InputError, WorkError
from vae_core.models import load
from vae_core.trainer import learning_rate
from vae_core.training import train

SMALL = RunConfig().replace(model__hidden=(16,), model__latent_dim=3, training__epochs=3, training__batch_size=64)


@pytest.fixture(scope="module")
def data() -> Splits:
    """A tenth of the bundled digits."""
    whole = splits(SMALL.data)
    return Splits(whole.train.subset(slice(400)), whole.validation.subset(slice(100)), whole.test.subset(slice(200)))


@pytest.fixture(scope="module")
def whole(data: Splits) -> Callable[[int], list[ev.Event]]:
    """The events of a training of a kind, by its place in `KINDS`, from the first to the last. Each is trained once."""
    return cache(lambda kind: list(train(SMALL.replace(**KINDS[kind]), data)))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def of(kind: type[Any], found: list[ev.Event]) -> list[Any]:
    return [event for event in found if isinstance(event, kind)]


def weights(found: list[ev.Event]) -> dict[str, np.ndarray[Any, Any]]:
    return dict(of(ev.Checkpoint, found)[-1].arrays)


def same(first: dict[str, np.ndarray[Any, Any]], second: dict[str, np.ndarray[Any, Any]]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


KINDS = [
    {"model__kind": kind, "model__network": network, "model__hidden": hidden}
    for kind in ("vae", "autoencoder")
    for network, hidden in (("dense", (16,)), ("conv", (4, 6)))
] + [
    {"model__kind": "conditional-vae", "data__pixels": "binarised", "training__noise": 0.3},
    {"loss__samples": 3, "training__schedule": "cosine", "training__warmup": 0.2, "training__weight_decay": 0.1},
    {"loss__kl_warmup": 0.5, "loss__free_bits": 0.1, "training__precision": "bfloat16", "model__residual": True},
]


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_events_tell_the_whole_story(whole: Callable[[int], list[ev.Event]], kind: int) -> None:
    found, changes = whole(kind), KINDS[kind]
    ends = of(ev.EpochEnd, found)
    assert [end.epoch for end in ends] == [1, 2, 3]
    assert [end.step for end in ends] == [7, 14, 21] and ends[-1].steps == 21
    assert [s.epoch for s in of(ev.Snapshot, found)] == [c.epoch for c in of(ev.Checkpoint, found)] == [0, 1, 2, 3]
    assert found[-1] == ev.Finished(epoch=3, step=21, stopped=False)
    assert of(ev.Progress, found)[0].step == 1, "the first point comes after the first batch"
    assert ends[-1].validation.loss < ends[0].train.loss, "it learns"
    for end in ends:
        assert end.train.loss == pytest.approx(end.train.recon + end.train.kl)
        assert end.images_per_s > 0 and end.seconds > 0
    assert ends[-1].seconds_left == 0 < ends[0].seconds_left
    if changes.get("model__kind", "vae") == "autoencoder":
        assert {end.validation.kl for end in ends} == {0.0}
    else:
        assert all(end.validation.kl > 0 for end in ends)


def test_snapshots_show_fixed_inputs(data: Splits) -> None:
    first, *_, last = of(ev.Snapshot, list(train(SMALL, data)))
    assert (
        first.arrays["images"].shape == first.arrays["recon"].shape == last.arrays["samples"].shape == (16, 1, 28, 28)
    )
    assert last.arrays["mu"].shape == (200, 3) and first.arrays["labels"].shape == (200,)
    assert last.arrays["recon"].dtype == np.uint8 and last.arrays["mu"].dtype == np.float16
    pictures = {image.tobytes() for image in data.test.images}
    assert all(image.tobytes() in pictures for image in first.arrays["images"])
    assert not np.array_equal(first.arrays["recon"], last.arrays["recon"])


def test_snapshots_are_thinned_after_two_hundred(data: Splits) -> None:
    few = Splits(data.train.subset(slice(8)), data.validation.subset(slice(2)), data.test.subset(slice(4)))
    config = SMALL.replace(training__epochs=450, training__batch_size=8, model__hidden=(2,))
    epochs = [snapshot.epoch for snapshot in of(ev.Snapshot, list(train(config, few)))]
    assert epochs == [*range(0, 450, 3), 450]


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_same_settings_same_bits(data: Splits, whole: Callable[[int], list[ev.Event]], kind: int) -> None:
    config = SMALL.replace(**KINDS[kind])
    first, again = whole(kind), list(train(config, data))
    assert same(weights(first), weights(again))
    assert [e.train for e in of(ev.EpochEnd, first)] == [e.train for e in of(ev.EpochEnd, again)]
    other = list(train(config.replace(training__seed=1), data))
    assert not same(weights(first), weights(other))


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("stop_at", [0, 1, 2])
def test_going_on_from_a_checkpoint_gives_the_same_bits(
    data: Splits, whole: Callable[[int], list[ev.Event]], kind: int, stop_at: int
) -> None:
    first = whole(kind)
    rest = list(train(SMALL.replace(**KINDS[kind]), data, resume=of(ev.Checkpoint, first)[stop_at].arrays))
    assert same(weights(first), weights(rest))
    assert [e.train for e in of(ev.EpochEnd, rest)] == [e.train for e in of(ev.EpochEnd, first)][stop_at:]


def after(points: int, then: training.Wish) -> Callable[[], training.Wish]:
    """A wish that is made at the given progress point."""
    asked = iter(range(points))
    return lambda: "run" if next(asked, None) is not None else then


@pytest.mark.parametrize("points", [0, 3, 6, 7, 9, 22])
@pytest.mark.parametrize("kind", [0, 1])
def test_a_pause_inside_an_epoch_changes_no_bit(
    data: Splits, whole: Callable[[int], list[ev.Event]], kind: int, points: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A point after every batch, the one of the validation images too: 7 + 1 an epoch.
    monkeypatch.setattr(training, "PROGRESS_SECONDS", 0.0)
    epochs, batches = divmod(points, 8)
    config = SMALL.replace(**KINDS[kind])
    paused = list(train(config, data, wish=after(points, "pause")))
    assert paused[-1] == ev.Paused(epoch=1 + epochs, step=7 * epochs + min(batches + 1, 7))
    rest = list(train(config, data, resume=weights(paused)))
    assert same(weights(whole(kind)), weights(rest))
    assert of(ev.EpochEnd, rest)[-1].train == of(ev.EpochEnd, whole(kind))[-1].train


def test_a_stop_keeps_the_weights_of_that_moment(data: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "PROGRESS_SECONDS", 0.0)
    found = list(train(SMALL, data, wish=after(9, "stop")))
    assert found[-1] == ev.Finished(epoch=2, step=9, stopped=True)
    assert isinstance(found[-2], ev.Checkpoint) and found[-2].epoch == 1 and found[-2].step == 9


def test_points_come_twice_a_second_inside_a_long_epoch(data: Splits) -> None:
    """An epoch of some seconds: batches of one image."""
    config = SMALL.replace(training__epochs=1, training__batch_size=1, model__hidden=(1024, 1024))
    whole = splits(config.data)
    moments = []
    for event in train(config, Splits(whole.train, data.validation, data.test)):
        if isinstance(event, ev.Progress):
            moments.append((event.step, time.perf_counter()))
            if len(moments) == 6:
                break
    gaps = [late[1] - early[1] for early, late in pairwise(moments)]
    assert sorted(gaps)[len(gaps) // 2] < 0.5 and moments[-1][0] < 3600


def test_points_tell_only_what_was_measured(data: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it validates there is nothing new to average, and after a pause there may be nothing at all."""
    monkeypatch.setattr(training, "PROGRESS_SECONDS", 0.0)
    config = SMALL.replace(training__epochs=1)
    paused = list(train(config, data, wish=after(6, "pause")))
    assert of(ev.Paused, paused)[0].step == 7
    rest = list(train(config, data, resume=weights(paused)))
    (point,), (end,) = of(ev.Progress, rest), of(ev.EpochEnd, rest)
    assert point.train == end.train and point.train.recon > 100


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model__hidden": (2048,) * 6}, r"45,\d{3},\d{3} parameters, but at most 20,000,000"),
        ({"model__network": "conv", "model__hidden": (400, 8)}, r"for each image, but at most 240,000"),
        (
            {"model__network": "conv", "model__hidden": (128, 8), "training__batch_size": 1000},
            r"from 1 to \d+, or smaller",
        ),
    ],
)
def test_what_would_take_the_whole_memory_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        next(train(SMALL.replace(**changes), splits(SMALL.data)))


@pytest.mark.parametrize(
    ("changes", "epoch"),
    [({"model__activation": "silu"}, 1), ({"model__likelihood": "gaussian", "model__sigma": 0.01}, 2)],
)
def test_divergence_is_said_and_the_last_good_weights_are_kept(
    data: Splits, changes: dict[str, Any], epoch: int
) -> None:
    config = SMALL.replace(training__learning_rate=1.0, training__epochs=50, **changes)
    found = list(train(config, data))
    assert isinstance(found[-1], ev.Diverged) and found[-1].epoch == epoch
    good = of(ev.Checkpoint, found)[-1]
    assert good.epoch < found[-1].epoch
    assert all(np.isfinite(array).all() for name, array in good.arrays.items() if name.startswith("model."))


def test_a_batch_larger_than_the_data_is_refused_before_anything_starts(data: Splits) -> None:
    with pytest.raises(InputError, match=r"'training.batch_size' is 401, but there are only 400 .* from 1 to 400"):
        next(train(SMALL.replace(training__batch_size=401), data))


def test_a_checkpoint_of_other_settings_is_refused(data: Splits) -> None:
    state = weights(list(train(SMALL.replace(training__epochs=1), data)))
    with pytest.raises(WorkError, match="does not fit"):
        next(train(SMALL.replace(model__latent_dim=4), data, resume=state))
    with pytest.raises(WorkError, match="does not fit"):
        next(train(SMALL, data, resume={k: v for k, v in state.items() if k != "sums"}))


def test_events_survive_json(data: Splits) -> None:
    for event in train(SMALL.replace(training__epochs=1), data):
        again = ev.from_json(ev.to_json(event))
        assert type(again) is type(event) and ev.to_json(again) == ev.to_json(event)
    for line in ("", "{", "[]", '{"event": "gone"}', '{"event": "finished", "epoch": 1}', "\x00"):
        with pytest.raises(WorkError, match="can't be read"):
            ev.from_json(line)


@pytest.mark.mnist
def test_training_on_all_of_mnist_stays_below_700_mb() -> None:
    script = """
        import torch
        torch.set_num_threads(1)
        from vae_core import runs
        from vae_core.config import RunConfig
        from vae_core.events import Progress
        from vae_core.jobs.worker import work
        config = RunConfig().replace(data__name="mnist", training__epochs=1, training__threads=1)
        run, lock = runs.create(config, hold=True)
        assert [event for event in work(run)][-1].epoch == 1
        # Not getrusage: its peak counts the process that this one was forked from.
        print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=300
    )
    assert int(found.stdout) / 1024 < 700


def test_the_rate_warms_up_and_falls_to_zero_along_a_cosine() -> None:
    hyper = SMALL.replace(training__learning_rate=0.8, training__warmup=0.1, training__schedule="cosine").training
    rates = [learning_rate(hyper, step, 100) for step in range(101)]
    assert all(a < b for a, b in pairwise(rates[:11])) and rates[0] > 0
    assert rates[10] == pytest.approx(0.8) and rates[55] == pytest.approx(0.4) and rates[100] == pytest.approx(0)
    constant = SMALL.replace(training__learning_rate=0.8).training
    assert {learning_rate(constant, step, 100) for step in range(100)} == {0.8}


def last_validation(config: RunConfig, data: Splits) -> ev.Losses:
    return of(ev.EpochEnd, list(train(config, data)))[-1].validation  # type: ignore[no-any-return]


def test_without_the_reconstruction_only_the_prior_is_learnt(data: Splits) -> None:
    config = SMALL.replace(training__epochs=20, training__learning_rate=0.01)
    only_kl = last_validation(config.replace(loss__reconstruction=0.0), data)
    both = last_validation(config, data)
    assert only_kl.kl < 0.1 < 1 < both.kl
    assert only_kl.loss == pytest.approx(only_kl.kl), "the reconstruction has no weight"
    assert only_kl.recon > both.recon + 100


def test_noise_is_put_in_and_the_clean_picture_is_asked_back(data: Splits) -> None:
    config = SMALL.replace(model__kind="autoencoder", training__epochs=15, training__learning_rate=0.01)
    plain, denoising = (list(train(config.replace(training__noise=noise), data)) for noise in (0.0, 0.8))
    pictures = torch.from_numpy(data.test.images) / 255
    disturbed = (pictures + 0.8 * torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    errors = []
    for found in (plain, denoising):
        arrays = {k.removeprefix("model."): v for k, v in weights(found).items() if k.startswith("model.")}
        model = load(config.model, arrays, data.test.image_shape)
        errors.append((model.decode(model.encode(disturbed).mu).mean - pictures).square().mean().item())
    assert errors[1] < 0.9 * errors[0]


def test_a_conditional_model_draws_the_class_it_is_told(data: Splits) -> None:
    config = SMALL.replace(
        model__kind="conditional-vae", model__hidden=(64,), training__epochs=40, training__learning_rate=5e-3
    )
    found = list(train(config, data))
    samples = of(ev.Snapshot, found)[-1].arrays["samples"].reshape(16, -1) / 255
    means = [data.train.only((c,)).images.reshape(-1, 784).mean(0) / 255 for c in range(10)]
    nearest = [int(np.argmin([((sample - mean) ** 2).sum() for mean in means])) for sample in samples]
    assert sum(n == k % 10 for k, n in enumerate(nearest)) >= 11, nearest  # of 16; a chance of 1 in 10 each


@pytest.mark.parametrize(
    "changes", [{"loss__beta": 2.0}, {"loss__kl_warmup": 0.1}, {"loss__free_bits": 1.0}, {"loss__reconstruction": 0.5}]
)
def test_the_importance_weighted_bound_has_no_terms_to_weigh(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"'loss.samples' is 5.*Choose 1"):
        SMALL.replace(loss__samples=5, **changes)
    with pytest.raises(InputError, match="code is a point"):
        SMALL.replace(loss__samples=5, model__kind="autoencoder")
