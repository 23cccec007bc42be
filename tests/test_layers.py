"""`vae_core.models.layers` and its drawing: the table is the model's own, the drawing is the table's."""

import xml.etree.ElementTree as ET
from itertools import product
from math import prod

import psutil
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from pages.ui import architecture_views
from vae_core.config import ModelConfig
from vae_core.errors import InputError
from vae_core.models import build, size, without_numbers
from vae_core.models.layers import Layer, layers

SHAPE = (1, 28, 28)
CONFIGS = [
    ModelConfig(kind=kind, network=network, residual=residual, hidden=hidden, decoder_hidden=decoder, kernel=kernel)
    for kind, (network, hidden, decoder, kernel), residual in product(
        ("autoencoder", "vae", "conditional-vae"),
        (
            ("dense", (16, 16, 8), None, 3),
            ("dense", (16,), (8, 8, 4), 3),
            ("conv", (4, 8), None, 5),
            ("conv", (4,), (8, 4), 4),
        ),
        (False, True),
    )
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_table_is_the_models_own(config: ModelConfig) -> None:
    rows = layers(config, SHAPE)
    weights = build(config, SHAPE).state_dict()
    for row in rows:
        own = sum(values.numel() for name, values in weights.items() if name.startswith(f"{row.name}."))
        assert own == row.parameters, row
    assert sum(row.parameters for row in rows) == size(config, SHAPE).parameters
    assert rows[0].shape == rows[-1].shape == SHAPE and rows[-1].activation == "sigmoid"
    assert all(row.numbers == prod(row.shape) for row in rows)
    # Encoder, code, decoder, in this order and nothing else.
    parts = [row.part for row in rows]
    assert parts == sorted(parts, key=["encoder", "code", "decoder"].index)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_multiply_adds_are_what_torch_counts_and_one_for_each_bias(config: ModelConfig) -> None:
    rows = layers(config, SHAPE)
    model = without_numbers(config, SHAPE, classes=10)
    inputs: dict[str, torch.Size] = {}
    for name, module in model.named_modules():
        module.register_forward_hook(lambda _, given, __, name=name: inputs.update({name: given[0].shape}))
    model.decode(model.encode(torch.zeros(1, *SHAPE)).mu)
    for row in (row for row in rows if row.parameters):
        with FlopCounterMode(display=False) as counter:
            model.get_submodule(row.name)(torch.zeros(inputs[row.name]))
        assert row.multiply_adds - row.numbers == counter.get_total_flops() / 2 > 0, row
    assert not any(row.multiply_adds for row in rows if not row.parameters)
    # The way back takes twice as much again, but for the first layer, whose pictures learn nothing.
    forward = sum(row.multiply_adds - row.numbers for row in rows if row.parameters)
    assert 2 * forward < size(config, SHAPE).flops_per_image / 2 <= 3 * forward


def test_multiply_adds_by_hand() -> None:
    def named(config: ModelConfig) -> dict[str, Layer]:
        return {row.name: row for row in layers(config, SHAPE)}

    dense = named(ModelConfig(hidden=(400,), latent_dim=20))
    assert dense["encoder.1"].multiply_adds == 784 * 400 + 400
    conv = named(ModelConfig(network="conv", hidden=(4, 8), residual=True, kernel=5))
    assert conv["encoder.0"].multiply_adds == 14 * 14 * 4 * (25 + 1)
    assert conv["encoder.2"].residual and conv["encoder.2"].multiply_adds == 14 * 14 * 4 * (4 * 9 + 1)
    # A window is laid down for each of the 14 x 14 places that come in, a bias is added to each that comes out.
    (last,) = (row for row in conv.values() if row.shape == SHAPE and row.parameters)
    assert last.multiply_adds == 14 * 14 * 4 * 25 + 28 * 28


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_operations_are_what_torch_counts(config: ModelConfig) -> None:
    model = build(config, SHAPE)
    with FlopCounterMode(display=False) as counter:
        model.decode(model.encode(torch.zeros(1, *SHAPE)).mu).mean.sum().backward()
    assert size(config, SHAPE).flops_per_image == counter.get_total_flops()


def test_a_model_that_is_only_counted_is_not_filled() -> None:
    wide = ModelConfig(hidden=(2048, 2048, 1024))
    state = torch.random.get_rng_state()
    written = psutil.Process().memory_info().rss
    found = without_numbers(wide, SHAPE, classes=10)
    assert sum(values.numel() for values in found.parameters()) > 15_000_000
    assert psutil.Process().memory_info().rss - written < 20e6  # of 60 MB or more
    assert torch.equal(torch.random.get_rng_state(), state)


def test_nothing_is_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    forwards = nn.Module.__call__

    def watched(module: nn.Module, *given: torch.Tensor) -> object:
        output = forwards(module, *given)
        seen.update(tensor.device.type for tensor in (*given, output, *module.parameters()))
        return output

    monkeypatch.setattr(nn.Module, "__call__", watched)
    layers(ModelConfig(network="conv", residual=True), SHAPE)
    assert seen == {"cpu"}


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_code_stands_in_the_middle(config: ModelConfig) -> None:
    rows = layers(config, SHAPE, classes=7)
    code = [row for row in rows if row.part == "code"]
    is_vae = config.kind != "autoencoder"
    assert [row.numbers for row in code] == (
        [2 * config.latent_dim, config.latent_dim] if is_vae else [config.latent_dim]
    )
    told = [row.told for row in rows if row.told]
    assert told == ([7, 7] if config.kind == "conditional-vae" else [])
    assert any(row.residual for row in rows) <= config.residual
    assert {row.kernel for row in rows} <= ({0, config.kernel, 3} if config.network == "conv" else {0})


def test_what_does_not_fit_the_picture_is_refused() -> None:
    with pytest.raises(InputError, match="halved only"):
        layers(ModelConfig(network="conv", hidden=(4,) * 6), SHAPE)
    with pytest.raises(InputError, match="parameters"):
        layers(ModelConfig(hidden=(2048,) * 6), SHAPE)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_drawing_has_a_bar_a_layer_as_wide_as_the_layer(config: ModelConfig) -> None:
    rows = layers(config, SHAPE)
    svg = architecture_views.hourglass(rows)
    tree = ET.fromstring(svg)  # well-formed, so a browser draws it as a picture
    bars = [(float(bar.get("y", 0)), float(bar.get("width", 0))) for bar in tree.iter() if bar.tag.endswith("rect")]
    shown = architecture_views.drawn(rows)
    widths = [sum(width for y, width in bars if y == place) for place in sorted({y for y, _ in bars})]
    assert len(widths) == len(shown)
    for one, width in zip(shown, widths, strict=True):
        for other, other_width in zip(shown, widths, strict=True):
            if one.numbers > 1.5 * other.numbers:
                assert width > other_width
    words = [text.text or "" for text in tree.iter() if text.tag.endswith("text")]
    told = words.count("told the class")
    assert len(words) == len(shown) + told and f"code: {config.latent_dim}" in words
    assert told == (2 if config.kind == "conditional-vae" else 0)
    # In Chromium's own sans-serif, wider than most, a letter of this size takes 6.5 pixels.
    starts = [float(text.get("x", 0)) for text in tree.iter() if text.tag.endswith("text")]
    assert all(x + 6.7 * len(text) < architecture_views.WIDTH for x, text in zip(starts, words, strict=True)), "cut off"
    box = [float(number) for number in tree.get("viewBox", "").split()]
    assert all(y >= 0 and y + architecture_views.BAR <= box[3] and width <= box[2] for y, width in bars)
    assert svg.count("currentColor") > len(shown), "text in the page's colour, for light and dark"


def test_the_table_ends_with_the_sum() -> None:
    rows = layers(ModelConfig(hidden=(400,), latent_dim=20, activation="relu"), SHAPE)
    table = architecture_views.table(rows)
    assert table[2] == {
        "Name": "encoder.1",
        "Layer": "Dense, ReLU",
        "Puts out": "400",
        "Parameters": "314,000",
        "Multiply-adds": "314,000",
    }
    assert table[-1]["Parameters"] == f"{size(ModelConfig(hidden=(400,), latent_dim=20), SHAPE).parameters:,}"
    convolutions = layers(ModelConfig(network="conv", residual=True, kernel=5), SHAPE)
    conv = architecture_views.table(convolutions)
    assert [row["Multiply-adds"] for row in conv[:-1]] == [f"{row.multiply_adds:,}" for row in convolutions]
    total = sum(row.multiply_adds for row in convolutions)
    assert conv[-1]["Multiply-adds"] == f"{total:,}" != conv[-1]["Parameters"]
    assert "Convolution 5 × 5, SiLU" in [row["Layer"] for row in conv]
    assert "Convolution 3 × 3, SiLU, residual" in [row["Layer"] for row in conv]
    assert architecture_views.summary(rows).endswith("784, 400, 40, 20, 400, 784, 784.")
