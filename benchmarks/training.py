"""Training speed beside two yardsticks, in one run and taking turns: `python benchmarks/training.py --json FILE`.

The model is the dense VAE 784-400-20 on MNIST's pixels, batch 128, two threads.

- `tutorial`: the loop that every tutorial shows: torchvision's MNIST, ToTensor for each image, DataLoader, Adam.
- `limit`: bare float32 matrix products of the same shapes: forward, and both products of backward, for every layer.
- `diabolo`: `vae_core.training.train` as a run uses it, its validation, snapshots and checkpoints left aside.

Each loop waits in a process of its own, set up as it would be on its own (Diabolo's and the bare products' as a run's
worker is). Each pair runs yardstick and Diabolo one after the other, so that both see the same machine; figures are
medians. Full MNIST is taken from DIABOLO_DATA where it lies there.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.command import publish
from vae_core.config import RunConfig
from vae_core.datasets import ImageData, Splits, load
from vae_core.datasets.torchvision_family import torchvision_datasets
from vae_core.environment import data_root
from vae_core.events import EpochEnd
from vae_core.processor import prepare
from vae_core.training import train

BATCH, HIDDEN, LATENT = 128, 400, 20
BATCHES = 200
IMAGES = BATCH * BATCHES
CONFIG = RunConfig().replace(
    model__hidden=(HIDDEN,),
    model__latent_dim=LATENT,
    model__activation="relu",
    training__batch_size=BATCH,
    training__epochs=1,
)


class TutorialVAE(nn.Module):
    """The model of PyTorch's own example (pytorch/examples, vae/main.py), written here as it stands there."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, HIDDEN)
        self.fc21 = nn.Linear(HIDDEN, LATENT)
        self.fc22 = nn.Linear(HIDDEN, LATENT)
        self.fc3 = nn.Linear(LATENT, HIDDEN)
        self.fc4 = nn.Linear(HIDDEN, 784)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        h1 = F.relu(self.fc1(x.view(-1, 784)))
        mu, logvar = self.fc21(h1), self.fc22(h1)
        std = torch.exp(0.5 * logvar)
        z = mu + torch.randn_like(std) * std
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, logvar


def tutorial(folder: Path) -> Callable[[], float]:
    """Images a second of the tutorial's loop."""
    datasets = torchvision_datasets()  # first: it mends a torchvision that was built for another torch
    from torch.utils.data import DataLoader
    from torchvision import transforms

    images = datasets.MNIST(folder, train=True, transform=transforms.ToTensor(), download=False)
    loader = DataLoader(images, batch_size=BATCH, shuffle=True)
    model = TutorialVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def run() -> float:
        model.train()
        start, seen = time.perf_counter(), 0
        for x, _ in islice(loader, BATCHES):
            optimizer.zero_grad()
            recon, mu, logvar = model(x)
            bce = F.binary_cross_entropy(recon, x.view(-1, 784), reduction="sum")
            kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
            loss = bce + kld
            loss.backward()
            loss.item()
            optimizer.step()
            seen += len(x)
        return seen / (time.perf_counter() - start)

    return run


def limit() -> Callable[[], float]:
    """Images a second if a training step were nothing but its matrix products."""
    shapes = [(784, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, 784)]
    layers = [(torch.randn(BATCH, i), torch.randn(i, o), torch.randn(BATCH, o)) for i, o in shapes]

    def run() -> float:
        start = time.perf_counter()
        for _ in range(BATCHES):
            for x, weight, gradient in layers:
                x @ weight
                x.t() @ gradient
                gradient @ weight.t()
        return IMAGES / (time.perf_counter() - start)

    return run


def diabolo(data: ImageData) -> Callable[[], float]:
    """Images a second of our training loop."""
    few = data.subset(slice(16))
    splits = Splits(data, few, few)

    def run() -> float:
        return next(event.images_per_s for event in train(CONFIG, splits) if isinstance(event, EpochEnd))

    return run


def serve(loop: str, threads: int) -> None:
    """A loop's own process: measures once for each line that it is sent."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if loop == "tutorial":
        run = tutorial(data_root())
    else:
        prepare(threads)
        run = limit() if loop == "limit" else diabolo(load("mnist", "train", validation=0.01).subset(slice(IMAGES)))
    run()  # warm
    print("ready", flush=True)
    for _ in sys.stdin:
        print(run(), flush=True)


class Loop:
    """The other end of `serve`."""

    def __init__(self, name: str, threads: int) -> None:
        command = [sys.executable, __file__, "--serve", name, "--threads", str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._answer() == "ready", name

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def measure(self) -> float:
        """Images a second."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self._answer())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--pairs", type=int, default=7, help="alternating pairs a yardstick (default 7)")
    parser.add_argument("--threads", type=int, default=2, help="threads (default 2)")
    parser.add_argument("--serve", choices=["diabolo", "tutorial", "limit"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.threads)
        return

    loops = {name: Loop(name, arguments.threads) for name in ("diabolo", "tutorial", "limit")}
    speeds: dict[str, list[float]] = {"diabolo": []}
    ratios: dict[str, float] = {}
    for name in ("tutorial", "limit"):
        pairs = []
        for _ in range(arguments.pairs):
            pairs.append((loops[name].measure(), loops["diabolo"].measure()))
            print(f"{name} {pairs[-1][0]:8.0f}   diabolo {pairs[-1][1]:8.0f} images/s", flush=True)
        speeds[name] = [pair[0] for pair in pairs]
        speeds["diabolo"] += [pair[1] for pair in pairs]
        ratios[f"diabolo_over_{name}"] = round(statistics.median(ours / theirs for theirs, ours in pairs), 3)
    for loop in loops.values():
        loop.process.communicate()

    rows: list[dict[str, Any]] = [
        {
            "loop": name,
            "model": f"784-{HIDDEN}-{LATENT}",
            "batch": BATCH,
            "threads": arguments.threads,
            "images_per_s": round(statistics.median(found)),
        }
        for name, found in speeds.items()
    ]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    figures = {"machine": machine, "pairs": arguments.pairs, "rows": rows, "ratios": ratios}
    publish(figures, arguments.json)


if __name__ == "__main__":
    main()
