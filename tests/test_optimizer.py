"""Our Adam is torch's Adam, bit for bit."""

import pytest
import torch
from torch import nn

from vae_core.errors import WorkError
from vae_core.optimizer import AdamW


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 3), nn.Unflatten(1, (3, 1, 1)), nn.Conv2d(3, 2, 1))


def train(model: nn.Module, optimizer: AdamW | torch.optim.Adam, start: int, end: int) -> None:
    for step in range(start, end):
        x = torch.randn(4, 7, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()


def test_the_same_bits_as_torchs_own() -> None:
    ours, theirs = model(), model()
    train(ours, AdamW(ours.named_parameters(), 3e-3), 0, 50)
    train(theirs, torch.optim.Adam(theirs.parameters(), lr=3e-3, fused=True), 0, 50)
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_it_goes_on_from_its_state() -> None:
    whole, parted = model(), model()
    train(whole, AdamW(whole.named_parameters(), 1e-2), 0, 20)
    first = AdamW(parted.named_parameters(), 1e-2)
    train(parted, first, 0, 10)
    second = AdamW(parted.named_parameters(), 1e-2)
    second.load_state({name: tensor.clone() for name, tensor in first.state()})
    train(parted, second, 10, 20)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), parted.parameters(), strict=True))


def test_a_state_of_another_model_is_refused() -> None:
    net = model()
    state = dict(AdamW(net.named_parameters(), 1e-2).state())
    other = AdamW(nn.Linear(2, 2).named_parameters(), 1e-2)
    with pytest.raises(KeyError):
        other.load_state(state)
    with pytest.raises(WorkError, match="another shape"):
        AdamW(net.named_parameters(), 1e-2).load_state(state | {"0.weight.exp_avg": torch.zeros(2)})


def test_decay_is_torchs_own_too() -> None:
    ours, theirs = model(), model()
    train(ours, AdamW(ours.named_parameters(), 3e-3, weight_decay=0.1), 0, 50)
    train(theirs, torch.optim.AdamW(theirs.parameters(), lr=3e-3, weight_decay=0.1, fused=True), 0, 50)
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
