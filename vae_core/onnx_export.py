"""Encoder and decoder as ONNX, which other programs run without PyTorch: checked against PyTorch in the same call.

    encoder: x (N, C, H, W) in [0, 1] [, y (N, classes)] -> mu (N, latent_dim) [, logvar (N, latent_dim)]
    decoder: z (N, latent_dim) [, y (N, classes)]        -> mean (N, C, H, W), the picture in [0, 1]

A conditional model's `y` has a 1 for the class and 0 for the others; all 0 leaves it open.
"""

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vae_core import datasets
from vae_core.errors import N_, WorkError
from vae_core.liveness import long_call
from vae_core.models import DiagonalGaussian, Model, load
from vae_core.runs import Run

CHECKED = 16
"""Pictures and codes on which both are compared."""
MOST_DIFFERENCE = 1e-4
NO_CLOCK = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class OnnxFiles:
    """Both halves.

    Attributes:
        encoder, decoder: The files.
        difference: The largest difference between a number that ONNX Runtime and one that PyTorch computed, over 16
            pictures and 16 codes.
    """

    encoder: bytes
    decoder: bytes
    difference: float

    def to_zip(self, run: Run) -> bytes:
        """Both files, the settings, and what goes in and comes out. The same run gives the same bytes."""
        about = {"run": run.id, "config": run.config.to_dict(), "max_difference_to_pytorch": self.difference}
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in (
                ("encoder.onnx", self.encoder),
                ("decoder.onnx", self.decoder),
                ("about.json", json.dumps(about, indent=2).encode()),
                ("README.txt", (__doc__ or "").encode()),
            ):
                archive.writestr(zipfile.ZipInfo(name, NO_CLOCK), data, zipfile.ZIP_DEFLATED)
        return content.getvalue()


class _Encoder(nn.Module):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, ...]:
        encoder = self.model.encoder
        features = encoder(x) if y is None else encoder[-1](torch.cat([encoder[:-1](x), y], dim=1))
        return tuple(features.chunk(self.model.numbers_per_dimension, dim=1))


class _Decoder(nn.Module):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return torch.sigmoid(self.model.decoder(z if y is None else torch.cat([z, y], dim=1)))


def to_onnx(run: Run, report: Callable[[float], None] = lambda share: None) -> OnnxFiles:
    """Both halves of a run's model. Takes several seconds, and the library half a gigabyte of memory meanwhile.

    Args:
        run: One's own or a starter.
        report: Told the share that is done.

    Raises:
        InputError: The run has no weights yet.
        WorkError: The files are damaged, or ONNX Runtime does not compute what PyTorch does.
    """
    config = run.config
    source = datasets.source(config.data.name)
    model = load(config.model, run.weights(), source.image_shape, len(source.class_names)).eval()
    chance = torch.Generator().manual_seed(0)
    x = torch.rand(CHECKED, *source.image_shape, generator=chance)
    z = torch.randn(CHECKED, config.model.latent_dim, generator=chance)
    told = [torch.eye(model.classes)[torch.arange(CHECKED) % model.classes]] if model.is_conditional else []
    names = ["mu", "logvar"] if isinstance(model.encode(x[:1]), DiagonalGaussian) else ["mu"]
    report(0.1)
    with long_call():  # the first half loads the library
        encoder = _export(_Encoder(model), [x, *told], ["x", "y"], names)
    report(0.6)
    with long_call():
        decoder = _export(_Decoder(model), [z, *told], ["z", "y"], ["mean"])
    report(0.9)
    with torch.inference_mode():
        y = torch.arange(CHECKED) % model.classes if model.is_conditional else None
        posterior = model.encode(x, y)
        expected = [posterior.mu, *([posterior.logvar] if isinstance(posterior, DiagonalGaussian) else [])]
        pairs = [*zip(_run(encoder, [x, *told]), expected, strict=True)]
        pairs += [*zip(_run(decoder, [z, *told]), [model.decode(z, y).mean], strict=True)]
    difference = max(float(np.abs(found - one.numpy()).max()) for found, one in pairs)
    if not difference <= MOST_DIFFERENCE:
        raise WorkError(
            N_("ONNX Runtime computes something else than PyTorch (up to {difference:g}), so no file was made."),
            difference=difference,
        )
    return OnnxFiles(encoder, decoder, difference)


def _export(module: nn.Module, inputs: list[Tensor], names: list[str], outputs: list[str]) -> bytes:
    content = io.BytesIO()
    count = torch.export.Dim("N", min=1, max=1_000_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            tuple(inputs),
            dynamo=True,
            input_names=names[: len(inputs)],
            output_names=outputs,
            dynamic_shapes=[{0: count} for _ in inputs],
            external_data=False,
            verbose=False,
        )
        assert program is not None
        program.save(content, external_data=False)  # type: ignore[arg-type]
    return content.getvalue()


def _run(model: bytes, inputs: list[Tensor]) -> list[NDArray[np.float32]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feeds = {node.name: tensor.numpy() for node, tensor in zip(session.get_inputs(), inputs, strict=True)}
    return list(session.run(None, feeds))
