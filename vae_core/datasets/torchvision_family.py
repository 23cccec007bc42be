"""What torchvision knows about its data sets: addresses, mirrors and checksums. The only module that imports it.

torchvision's own `download=True` has no time-out and leaves half files behind; only its lists are used, so that no
address is written here, and `download` does the rest.
"""

import contextlib
import sys
import threading
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from vae_core.errors import N_, WorkError
from vae_core.reasons import reason

_importing = threading.Lock()
_operators: Any = None  # a declaration lasts as long as its Library object


class Resource(NamedTuple):
    """A file to fetch.

    Attributes:
        urls: Where it can be had, the first one first.
        name: Its name, whose ending says how it is packed.
        md5: The checksum that torchvision lists.
    """

    urls: tuple[str, ...]
    name: str
    md5: str


def torchvision_datasets() -> ModuleType:
    """`torchvision.datasets`, also where torchvision and torch are of different builds.

    torchvision's wheel for CUDA beside a torch for the processor fails to load its compiled operators, and so to be
    imported at all ("operator torchvision::nms does not exist"). None of them is used here: declaring the two that it
    asks for is enough, and is done only when the plain import has failed.

    Raises:
        WorkError: torchvision is not installed, or fails in another way.
    """
    with _importing:
        try:
            import torchvision.datasets
        except ImportError as error:
            raise _unusable(error) from error
        except RuntimeError:
            _declare_operators()
            for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                del sys.modules[name]  # what the failed import left
            try:
                import torchvision.datasets
            except (ImportError, RuntimeError) as error:
                raise _unusable(error) from error
    datasets: ModuleType = torchvision.datasets
    return datasets


def _declare_operators() -> None:
    global _operators
    from torch.library import Library

    _operators = _operators or Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for operator in ("nms", "qnms"):
        with contextlib.suppress(RuntimeError):  # one of the two may exist
            _operators.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def _unusable(error: Exception) -> WorkError:
    return WorkError(
        N_(
            "torchvision, which knows where to download from, can't be used ({reason}). Install it with: "
            "pip install -r requirements.txt. The bundled digits work without it."
        ),
        reason=reason(error),
    )


def resources(name: str) -> tuple[Resource, ...]:
    """All files to fetch for a data set that is not bundled.

    Raises:
        WorkError: torchvision can't be used.
    """
    datasets = torchvision_datasets()
    if name.startswith("emnist-"):
        return (_resource(datasets.EMNIST.url, datasets.EMNIST.md5),)
    if name == "qmnist":
        parts = datasets.QMNIST.resources
        return tuple(_resource(url, md5) for url, md5 in (*parts["train"], *parts["test"]))
    if name == "usps":
        parts = datasets.USPS.split_list
        return tuple(Resource((url,), file, md5) for url, file, md5 in (parts["train"], parts["test"]))
    family = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}[name]
    return tuple(
        Resource(tuple(mirror + file for mirror in family.mirrors), file, md5) for file, md5 in family.resources
    )


def _resource(url: str, md5: str) -> Resource:
    return Resource((url,), urlsplit(url).path.rpartition("/")[2], md5)
