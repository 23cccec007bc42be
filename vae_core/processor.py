"""A process made ready to compute: its threads, its memory, its matrix products. The results stay float32."""

import ctypes
import sys

import torch

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h
_KEPT = 256 << 20  # bytes at the top of the heap
_LARGEST = 32 << 20  # bytes; larger blocks are mapped one by one, and this is the most that glibc allows

_ROUNDING = (
    1e-5  # of the largest product; float32 stays below a tenth of it, bfloat16 makes more than a hundred times it
)


def prepare(threads: int) -> None:
    """For processes that do nothing but train or compute figures.

    Args:
        threads: How many torch may use.
    """
    torch.set_num_threads(threads)
    _keep_freed_memory()
    _choose_products()


def _keep_freed_memory() -> None:
    """Tells glibc's malloc to keep what a training step frees for the next step.

    By default it gives large blocks back to the kernel, and each step of a small model then pays for a hundred page
    faults: a training of 784-400-20 was 15 % slower. Does nothing where the C library is another one.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_TOP_PAD, 16 << 20)
        mallopt(_MMAP_THRESHOLD, _LARGEST)


def _choose_products() -> None:
    """Hands matrix products to oneDNN where it computes them in float32.

    By default torch takes them to MKL, which leaves half of the processor unused where Intel didn't make it: a training
    of 784-400-20 was 1.4 times as fast on an AMD EPYC. torch offers oneDNN only by allowing it to round to bfloat16; on
    processors without matrix units it doesn't, so a product tells whether it does.
    """
    matmul = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    x = torch.linspace(-1, 1, 128 * 256).sin().reshape(128, 256)
    with torch.inference_mode():
        matmul.fp32_precision = "ieee"
        exact = x @ x.T
        matmul.fp32_precision = "bf16"
        if (x @ x.T - exact).abs().max() > _ROUNDING * exact.abs().max():
            matmul.fp32_precision = "ieee"
