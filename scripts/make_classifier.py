"""Train the digit classifier that comes with Diabolo, as `vae_core/classifier.safetensors`.

    DIABOLO_DATA=... python scripts/make_classifier.py

On MNIST's training part (54,000 pictures; the other 6,000 show how it goes). The same machine gives the same file. At
the end it is judged once on the test part.

Two plain epochs, on purpose. Longer trainings tell digits better (twelve epochs with shifted pictures: 99.3 %), and
stretch the features that Frechet distances are measured in: figures of one classifier say nothing beside another's.
This one is of the kind with which the project's first figures were taken (98.2 %; real training pictures at 1.46).
"""

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the script is run by its path

from vae_core import classifier, files
from vae_core.datasets import ImageData, load
from vae_core.pixels import to_unit
from vae_core.processor import prepare

EPOCHS, BATCH, RATE, SEED = 2, 64, 1e-3, 0
LIMIT = 300_000  # bytes


def train(data: ImageData, validation: ImageData, epochs: int) -> classifier.Classifier:
    torch.manual_seed(SEED)
    generator = np.random.default_rng(SEED)
    model = classifier.Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    steps = epochs * math.ceil(len(data) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(epochs):
        order = generator.permutation(len(data))
        for start in range(0, len(data), BATCH):
            some = order[start : start + BATCH]
            x = to_unit(torch.from_numpy(data.images[some]))
            loss = F.cross_entropy(model(x), torch.from_numpy(data.labels[some]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: validation accuracy {accuracy(model, validation):.4f}", flush=True)
    return model


@torch.inference_mode()
def accuracy(model: classifier.Classifier, data: ImageData) -> float:
    right = 0
    for start in range(0, len(data), BATCH):
        here = slice(start, start + BATCH)
        right += int((model(to_unit(torch.from_numpy(data.images[here]))).argmax(1).numpy() == data.labels[here]).sum())
    return right / len(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=classifier.WEIGHTS, help="the file to write")
    arguments = parser.parse_args()

    prepare(1)
    model = train(load("mnist", "train"), load("mnist", "validation"), arguments.epochs)
    arrays = {name: tensor.detach().numpy().astype(np.float16) for name, tensor in model.state_dict().items()}
    test = accuracy(classifier.with_weights(arrays), load("mnist", "test"))
    files.write_arrays(arguments.out, arrays, {"test_accuracy": f"{test:.4f}", "epochs": str(arguments.epochs)})
    size = arguments.out.stat().st_size
    if size > LIMIT:
        raise SystemExit(f"{arguments.out} has {size} bytes, more than {LIMIT}.")
    print(f"{arguments.out}: {test:.2%} of the test part right, {size} bytes, {time.process_time():.0f} CPU-s")


if __name__ == "__main__":
    main()
