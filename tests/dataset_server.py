"""A real HTTP server on this machine, good and bad, and small data sets in their real formats for it to serve."""

import bz2
import gzip
import hashlib
import io
import json
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vae_core.datasets import DATASETS
from vae_core.datasets.torchvision_family import torchvision_datasets
from vae_core.environment import REPOSITORY
from vae_core.jobs import client

Pair = tuple[NDArray[np.uint8], NDArray[np.int64]]


class Handler(BaseHTTPRequestHandler):
    server: "DatasetServer"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        name = self.path.rpartition("/")[2]
        how = self.server.behaviour(self.path)  # decided before a test may see that it was asked, and change it
        self.server.asked.append((self.command, self.path))
        data = self.server.files.get(name)
        if how == "silence":
            self.server.closing.wait()
            return
        if how == "gone":
            return  # hangs up
        if how == "missing" or data is None:
            self.send_error(404)
            return
        if how == "wrong":
            data = bytes(reversed(data))
        self.send_response(200)
        if how != "length untold":
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if not body:
            return
        if how == "trickle":
            for byte in data:
                self.wfile.write(bytes([byte]))
                if self.server.closing.wait(0.05):
                    return
        elif how == "stops half way":
            self.wfile.write(data[: len(data) // 2])
            self.server.closing.wait()
        else:
            self.wfile.write(data[: len(data) // 2] if how == "half" else data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class DatasetServer(ThreadingHTTPServer):
    """Serves `files` by the last part of the path; `behaviour` says how, for each path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.behaviour: Callable[[str], str] = lambda path: "good"
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def fetched(self) -> list[str]:
        """The names of the files that were asked for with GET, in order."""
        return [path.rpartition("/")[2] for command, path in self.asked if command == "GET"]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the client left, as it should when we misbehave

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        self.thread.join()


def idx(array: NDArray[Any]) -> bytes:
    """An array as an IDX file."""
    code, stored = (0x08, array) if array.dtype == np.uint8 else (0x0C, array.astype(">i4"))
    return struct.pack(">HBB", 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + stored.tobytes()


def small(name: str, train: int = 60, test: int = 30) -> dict[str, Pair]:
    """Random upright images (N, H, W) of a data set's size, with labels from 0 that go through all classes."""
    source = DATASETS[name]
    generator = np.random.default_rng(sum(map(ord, name)))
    made = {}
    for part, count in (("train", train), ("test", test)):
        images = generator.integers(0, 256, (count, *source.image_shape[1:]), dtype=np.uint8)
        made[part] = images, np.arange(count, dtype=np.int64) % len(source.class_names)
    return made


def idx_files(name: str, data: dict[str, Pair]) -> dict[str, bytes]:
    """The data set's files as they lie in its folder once they are unpacked."""
    images_of, labels_of = "images-idx3-ubyte", "labels-idx1-ubyte"
    files = {}
    for part, (images, labels) in data.items():
        begin = {"train": "train", "test": "t10k"}[part]
        stored = labels.astype(np.uint8)
        if name.startswith("emnist-"):
            begin = f"{name}-{part}"
            images = np.ascontiguousarray(images.transpose(0, 2, 1))
            stored = stored + np.uint8(name == "emnist-letters")
        elif name == "qmnist":
            begin, labels_of = f"qmnist-{part}", "labels-idx2-int"
            stored = np.stack([labels, *[labels * 7 + column for column in range(7)]], axis=1)
        files[f"{begin}-{images_of}"] = idx(images)
        files[f"{begin}-{labels_of}"] = idx(stored)
    return files


def usps_file(data: Pair) -> bytes:
    lines = []
    for image, label in zip(*data, strict=True):
        values = np.minimum((image.reshape(-1) + 0.5) / 255 * 2 - 1, 1)  # the reader rounds down, as torchvision does
        lines.append(f"{label + 1} " + " ".join(f"{i + 1}:{value:.6f}" for i, value in enumerate(values)))
    return bz2.compress(("\n".join(lines) + "\n").encode())


def packed(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(data, 1, mtime=0) for name, data in files.items()}


def emnist_zip() -> bytes:
    """EMNIST's one archive, with its other splits and a path that wants to get out."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name in ("emnist-letters", "emnist-digits"):
            for file, data in packed(idx_files(name, small(name))).items():
                archive.writestr(f"gzip/{file}", data)
        archive.writestr("gzip/emnist-balanced-mapping.txt", "0 48\n")
        archive.writestr("../../outside.gz", gzip.compress(b"outside"))
    return whole.getvalue()


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def offer(server: DatasetServer, monkeypatch: pytest.MonkeyPatch, name: str, files: dict[str, bytes]) -> None:
    """Serve these packed files as the data set `name`: torchvision's lists get our addresses and checksums."""
    server.files |= files
    datasets = torchvision_datasets()
    listed = [(file, md5(data)) for file, data in files.items()]
    if name.startswith("emnist-"):
        monkeypatch.setattr(datasets.EMNIST, "url", server.url + "gzip.zip")
        monkeypatch.setattr(datasets.EMNIST, "md5", md5(files["gzip.zip"]))
    elif name == "qmnist":
        urls = [(server.url + file, checksum) for file, checksum in listed]
        monkeypatch.setattr(datasets.QMNIST, "resources", {"train": urls[:2], "test": urls[2:]})
    elif name == "usps":
        rows = [[server.url + file, file, checksum] for file, checksum in listed]
        monkeypatch.setattr(datasets.USPS, "split_list", {"train": rows[0], "test": rows[1]})
    else:
        family = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}[name]
        monkeypatch.setattr(family, "mirrors", [server.url + "first/", server.url + "second/"])
        monkeypatch.setattr(family, "resources", listed)


def offer_small(server: DatasetServer, monkeypatch: pytest.MonkeyPatch, name: str) -> dict[str, Pair]:
    """Serve a small data set in its real format; gives what it holds."""
    data = small(name)
    if name.startswith("emnist-"):
        files = {"gzip.zip": emnist_zip()}
    elif name == "usps":
        files = {"usps.bz2": usps_file(data["train"]), "usps.t.bz2": usps_file(data["test"])}
    else:
        files = packed(idx_files(name, data))
    offer(server, monkeypatch, name, files)
    return data


SUPERVISOR = """
import json, sys
from vae_core.datasets.torchvision_family import torchvision_datasets
from vae_core.environment import runs_root
from vae_core.jobs import fetching
from vae_core.jobs.supervisor import Supervisor

told = json.loads(sys.argv[1])
fetching.TIMEOUT = told["timeout"]
for name, lists in told["lists"].items():
    for field, value in lists.items():
        setattr(getattr(torchvision_datasets(), name), field, value)
Supervisor(runs_root(), fork=True).serve()
"""


@contextmanager
def supervising(timeout: float = 0.5) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor of the test's run root whose jobs know the addresses that were offered until now.

    Args:
        timeout: Seconds of silence after which a download gives a server up.
    """
    names = ("MNIST", "FashionMNIST", "KMNIST")
    known = {name: getattr(torchvision_datasets(), name) for name in names}
    lists = {name: {"mirrors": row.mirrors, "resources": row.resources} for name, row in known.items()}
    told = json.dumps({"lists": lists, "timeout": timeout})
    process = subprocess.Popen([sys.executable, "-c", SUPERVISOR, told], cwd=REPOSITORY, start_new_session=True)
    try:
        while not client.supervisor_is_alive():
            assert process.poll() is None, "The supervisor did not start."
            threading.Event().wait(0.02)
        yield process
    finally:
        process.kill()
        process.wait()
