"""One training's changing state, and the step that changes it: weights, optimizer, generator, place in the epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import numpy as np
import torch
from torch import Generator, Tensor

from vae_core import losses
from vae_core.config import RunConfig, TrainingConfig
from vae_core.datasets import Splits
from vae_core.errors import N_, WorkError
from vae_core.events import Arrays, Checkpoint, Losses, Snapshot
from vae_core.liveness import alive
from vae_core.models import (
    SMALLEST_BATCH,
    UNKNOWN,
    ConditionalVAE,
    DiagonalGaussian,
    Posterior,
    build,
    misfit,
)
from vae_core.optimizer import AdamW
from vae_core.pixels import binarise, noisy, to_bytes, to_unit
from vae_core.reasons import reason

Phase = Literal["training", "validation"]

SNAPSHOT_IMAGES = 16
SNAPSHOT_CODES = 1_000


class Trainer:
    """The changing state of a training: weights, optimizer, generator, and the place in the epoch.

    Attributes:
        epoch: The epoch under way, from 1.
        position: Training images of this epoch that are done.
        step: Batches done since the start of the training.
        sums: Reconstruction and KL in nats, each summed over the images done in this epoch, float64 with shape (2,).
        validation: What `validate` found; `None` where it is not finite.
    """

    def __init__(self, config: RunConfig, splits: Splits) -> None:
        self.config = config
        self.splits = splits
        self.model = build(config.model, splits.train.image_shape, config.training.seed, len(splits.train.class_names))
        self.optimizer = AdamW(
            self.model.named_parameters(), config.training.learning_rate, config.training.weight_decay
        )
        self.generator = Generator()
        self.batches = math.ceil(len(splits.train) / config.training.batch_size)
        self.steps = config.training.epochs * self.batches
        self.epoch = 1
        self.position = 0
        self.step = 0
        self.sums = torch.zeros(2, dtype=torch.float64)
        self.validation: Losses | None = None
        self.resumed_generator: Tensor | None = None

        chance = np.random.default_rng(0)  # not the run's seed: every run is shown on the same pictures
        chosen = chance.permutation(len(splits.test))[:SNAPSHOT_CODES]
        self.watched = splits.test.subset(chosen)
        self.classes = torch.arange(SNAPSHOT_IMAGES) % len(splits.test.class_names)
        if config.data.rare_class is not None:  # the one whose drawings are in question
            self.classes = torch.full_like(self.classes, config.data.rare_class)
        self.z = torch.randn(SNAPSHOT_IMAGES, config.model.latent_dim, generator=Generator().manual_seed(0))

    @property
    def reduced_precision(self) -> AbstractContextManager[None] | torch.autocast:
        """The layers' products in bfloat16, if that was chosen; sums over pixels and the loss stay float32."""
        if self.config.training.precision == "float32":
            return nullcontext()
        return torch.autocast("cpu", torch.bfloat16)

    def _reseed(self) -> None:
        # Python's integers and numpy's SeedSequence give every (seed, epoch) a stream of its own.
        words = np.random.SeedSequence((self.config.training.seed, self.epoch)).generate_state(1, np.uint64)
        self.generator.manual_seed(int(words[0]))

    def rest_of_epoch(self) -> Iterator[Phase]:
        """One optimizer step an iteration, over what is left of this epoch."""
        self._reseed()
        order = torch.randperm(len(self.splits.train), generator=self.generator)
        if self.resumed_generator is not None:
            self.generator.set_state(self.resumed_generator)
            self.resumed_generator = None
        # Shuffled once as bytes: batches are then slices, and the images stay one byte a pixel. By numpy, which copies
        # a whole image at a time: twenty times as fast as torch's index.
        shuffled = torch.from_numpy(self.splits.train.images.take(order.numpy(), axis=0))
        size = self.config.training.batch_size
        labels = torch.from_numpy(self.splits.train.labels)[order]
        for start in range(self.position, len(shuffled), size):
            here = slice(start, start + size)
            recon, kl = self._step(to_unit(shuffled[here]), labels[here])
            self.sums += torch.stack([recon, kl])
            self.position += len(shuffled[here])
            self.step += 1
            alive()
            yield "training"

    def _step(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """One correction of the weights by a batch; its reconstruction and KL in nats, each summed over the images."""
        config, generator = self.config, self.generator
        if config.data.pixels == "binarised":
            x = binarise(x, generator)
        shown = noisy(x, config.training.noise, generator) if config.training.noise else x
        if isinstance(self.model, ConditionalVAE):
            y = torch.where(torch.rand(len(y), generator=generator) < self.model.withheld, UNKNOWN, y)
        k = config.loss.samples
        with self.reduced_precision:
            posterior = self.model.encode(shown, y)
            if k == 1:
                recon = losses.reconstruction(self.model.decode(posterior.sample(generator), y), x)
                per_dimension = (
                    posterior.kl_per_dimension()
                    if config.loss.free_bits and isinstance(posterior, DiagonalGaussian)
                    else None
                )
                kl = losses.kl(posterior)
                loss = losses.objective(recon, kl, config.loss, self.step / self.steps, per_dimension)
            else:
                recon, loss = self._importance_weighted(x, y, posterior, k)
                kl = losses.kl(posterior)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.learning_rate = learning_rate(config.training, self.step, self.steps)
        self.optimizer.step()
        return recon.detach().sum(), kl.detach().sum()

    def _importance_weighted(self, x: Tensor, y: Tensor, posterior: Posterior, k: int) -> tuple[Tensor, Tensor]:
        """-log p(x|z), a mean over k codes of each picture, with shape (N,), and the mean of -L_k."""
        assert isinstance(posterior, DiagonalGaussian)
        z = torch.stack([posterior.sample(self.generator) for _ in range(k)])
        likelihood = self.model.decode(z.flatten(0, 1), y.repeat(k))
        recon = losses.reconstruction(likelihood, x.repeat(k, 1, 1, 1)).unflatten(0, (k, len(x)))
        return recon.mean(0), losses.iwae(posterior.log_ratio(z) - recon).mean()

    def next_epoch(self) -> None:
        self.epoch += 1
        self.position = 0
        self.sums.zero_()

    def mean(self, sums: Tensor, images: int) -> Losses | None:
        """Per image; `None` where it is not finite."""
        recon, kl = (sums / max(images, 1)).tolist()
        loss = losses.weighted(recon, kl, self.config.loss)
        return Losses(loss, recon, kl) if math.isfinite(loss) else None

    def validate(self) -> Iterator[Phase]:
        """Measures `validation`, a batch an iteration, with one draw of z for each image.

        The same draws at every epoch, so that the curve shows the model and not the dice.
        """
        generator = Generator().manual_seed(0)
        sums = torch.zeros(2, dtype=torch.float64)
        data = self.splits.validation
        for start in range(0, len(data), SMALLEST_BATCH):
            batch = data.subset(slice(start, start + SMALLEST_BATCH))
            y = torch.from_numpy(batch.labels)
            with torch.inference_mode():
                x = to_unit(torch.from_numpy(batch.images))
                if self.config.data.pixels == "binarised":
                    x = binarise(x, generator)
                posterior = self.model.encode(x, y)
                recon = losses.reconstruction(self.model.decode(posterior.sample(generator), y), x)
                sums += torch.stack([recon.sum(), losses.kl(posterior).sum()])
            alive()
            yield "validation"
        self.validation = self.mean(sums, len(self.splits.validation))

    def is_finite(self) -> bool:
        return all(bool(p.isfinite().all()) for p in self.model.parameters())

    @torch.inference_mode()
    def snapshot(self, first: bool = False) -> Snapshot:
        images, labels = torch.from_numpy(self.watched.images), torch.from_numpy(self.watched.labels)
        batches = zip(images.split(SMALLEST_BATCH), labels.split(SMALLEST_BATCH), strict=True)
        mu = torch.cat([self.model.encode(to_unit(x), y).mu for x, y in batches])
        arrays = {
            "recon": to_bytes(self.model.decode(mu[:SNAPSHOT_IMAGES], labels[:SNAPSHOT_IMAGES]).mean),
            "samples": to_bytes(self.model.decode(self.z, self.classes).mean),
            "mu": mu.to(torch.float16).numpy(),
        }
        if first:
            arrays |= {"images": self.watched.images[:SNAPSHOT_IMAGES], "labels": self.watched.labels}
        return Snapshot(self.epoch - 1, self.step, arrays=arrays)

    def checkpoint(self) -> Checkpoint:
        """A copy of everything; its epoch is the last finished one."""
        arrays = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        arrays |= {f"optimizer.{name}": tensor for name, tensor in self.optimizer.state()}
        arrays["generator"] = self.generator.get_state()
        arrays["sums"] = self.sums
        arrays["place"] = torch.tensor([self.epoch, self.position, self.step], dtype=torch.int64)
        return Checkpoint(self.epoch - 1, self.step, arrays={k: v.detach().numpy().copy() for k, v in arrays.items()})

    def restore(self, arrays: Arrays) -> None:
        """Takes up a checkpoint.

        Raises:
            WorkError: It belongs to other settings.
        """
        try:
            tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
            weights = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
            if wrong := misfit(self.model, weights):
                raise wrong
            self.model.load_state_dict(weights)
            self.optimizer.load_state(
                {k.removeprefix("optimizer."): v for k, v in tensors.items() if k.startswith("optimizer.")}
            )
            self.sums = tensors["sums"]
            self.epoch, self.position, self.step = tensors["place"].tolist()
            # At the start of an epoch there is nothing to take up: it seeds its own generator.
            self.resumed_generator = tensors["generator"] if self.position else None
        except (KeyError, RuntimeError, ValueError) as error:
            raise WorkError(
                N_("The saved state does not fit this run's settings ({reason}). Start the run anew."),
                reason=reason(error),
            ) from error


def learning_rate(hyper: TrainingConfig, step: int, steps: int) -> float:
    """The size of a step: up in a straight line during the warm-up, then constant, or to zero along half a cosine
    (Loshchilov and Hutter 2017).

    Args:
        hyper: The settings.
        step: How many steps were made.
        steps: How many there will be.
    """
    warmup = hyper.warmup * steps
    if step < warmup:
        return hyper.learning_rate * (step + 1) / (warmup + 1)
    if hyper.schedule == "constant":
        return hyper.learning_rate
    return hyper.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))
