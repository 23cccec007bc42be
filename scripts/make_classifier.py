"""Train the digit classifier that comes with Diabolo, as `vae_core/classifier.safetensors`.

    DIABOLO_DATA=... python scripts/make_classifier.py

On MNIST's training part (54,000 pictures; the other 6,000 show how it goes), shifted by up to two pixels so that it
sees more of how digits vary. The same machine gives the same file. At the end it is judged once on the test part.
"""

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the script is run by its path

from vae_core import classifier, files
from vae_core.datasets import ImageData, load
from vae_core.pixels import to_unit
from vae_core.processor import prepare

EPOCHS, BATCH, RATE, SEED = 12, 128, 2e-3, 0
SHIFT = 2  # pixels
LIMIT = 300_000  # bytes


def shifted(images: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Each picture moved by up to `SHIFT` pixels in both directions; what comes in is black."""
    side = images.shape[-1]
    padded = np.pad(images[:, 0], ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
    rows, columns = generator.integers(0, 2 * SHIFT + 1, (2, len(images), 1, 1))
    place = np.arange(side)
    moved = padded[np.arange(len(images))[:, None, None], rows + place[:, None], columns + place]
    return np.asarray(moved[:, None])


def train(data: ImageData, validation: ImageData, epochs: int) -> classifier.Classifier:
    torch.manual_seed(SEED)
    generator = np.random.default_rng(SEED)
    model = classifier.Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    steps = epochs * math.ceil(len(data) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.1)
    for epoch in range(epochs):
        order = generator.permutation(len(data))
        for start in range(0, len(data), BATCH):
            some = order[start : start + BATCH]
            x = to_unit(torch.from_numpy(shifted(data.images[some], generator)))
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
