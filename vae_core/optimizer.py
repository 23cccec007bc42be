"""AdamW (Loshchilov and Hutter 2019; without decay: Adam, Kingma and Ba 2015), as one call to torch's own fused kernel.

`torch.optim.AdamW(fused=True)` computes the same bits, and a test holds this class to it. But its bookkeeping in Python
takes 7 % of a small model's training step, and the first optimizer that is made loads torch's compiler: a second and
60 MB in a process that should be at work.
"""

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn

from vae_core.errors import N_, WorkError

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class AdamW:
    """The optimizer of a model's parameters.

    Args:
        named_parameters: As `nn.Module.named_parameters` gives them.
        learning_rate: The size of a step; it may be changed between steps.
        weight_decay: How much of each parameter a step takes away, times the learning rate.
    """

    def __init__(
        self, named_parameters: Iterable[tuple[str, nn.Parameter]], learning_rate: float, weight_decay: float = 0.0
    ) -> None:
        named = dict(named_parameters)
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.names = list(named)
        self.parameters: list[Tensor] = list(named.values())
        self.exp_avg = [torch.zeros_like(p, requires_grad=False) for p in self.parameters]
        self.exp_avg_sq = [torch.zeros_like(p, requires_grad=False) for p in self.parameters]
        self.steps = [torch.zeros(()) for _ in self.parameters]

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One step along the gradients, which every parameter must have."""
        torch._foreach_add_(self.steps, 1)
        torch._fused_adamw_(
            self.parameters,
            [parameter.grad for parameter in self.parameters if parameter.grad is not None],
            self.exp_avg,
            self.exp_avg_sq,
            [],
            self.steps,
            lr=self.learning_rate,
            beta1=BETA1,
            beta2=BETA2,
            weight_decay=self.weight_decay,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def state(self) -> Iterator[tuple[str, Tensor]]:
        """The moments and step counts, by name."""
        for i, name in enumerate(self.names):
            yield f"{name}.exp_avg", self.exp_avg[i]
            yield f"{name}.exp_avg_sq", self.exp_avg_sq[i]
            yield f"{name}.step", self.steps[i]

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes up what `state` gave.

        Raises:
            KeyError: One is missing.
            WorkError: One has another shape.
        """
        for name, tensor in self.state():
            if tensor.shape != tensors[name].shape:
                raise WorkError(N_("'{name}' has another shape than the run's settings say"), name=name)
            tensor.copy_(tensors[name])
