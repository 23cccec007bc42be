"""A prepared process computes faster, never coarser."""

import subprocess
import sys
import textwrap


def test_products_stay_float32_in_a_prepared_process() -> None:
    # In a process of its own: what is set there holds for a whole process.
    script = """
        import torch
        from vae_core.processor import prepare
        prepare(1)
        assert torch.get_num_threads() == 1
        x, w = torch.randn(128, 784), torch.randn(784, 400)
        exact = x.double() @ w.double()
        off = ((x @ w).double() - exact).abs().max() / exact.abs().max()
        assert off < 1e-5, off  # rounded to bfloat16: 4e-3
        gradient = x.t() @ (x @ w)
        assert torch.equal(gradient, x.t() @ (x @ w))
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
