"""Chooses the build of torch while `requirements.txt` is installed: a build backend (PEP 517), which pip and uv both ask.

On Linux the registry's torch is the CUDA build: 6.1 GB installed instead of 2.3, 655 MB of memory instead of 218. The CPU
build lies on an index of PyTorch's own, which a requirements file can't name: uv would take *every* package from there
first, pip would ask it for every package and wait where it can't be reached; and the address of a wheel leaves no choice
where it can't. So `requirements.txt` names this folder, and what it requires is decided here: on Linux the addresses of the
CPU wheels on PyTorch's index; where that is not reached within seconds, or a GPU is asked for, and on other systems, the
versions as they are pinned, from wherever pip or uv takes everything else.

    DIABOLO_GPU=1 pip install -r requirements.txt               # on Linux the CUDA build
    DIABOLO_TORCH_INDEX=https://... pip install -r requirements.txt     # a mirror; empty: no index is asked

Nothing but the standard library is there when it runs. pip and uv print the version of `diabolo-torch`, which says what was
chosen; its summary says why (`pip show diabolo-torch`).
"""

import base64
import hashlib
import os
import platform
import re
import ssl
import sys
import sysconfig
import tempfile
import threading
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

INDEX = "https://download.pytorch.org/whl/cpu"
PINS = Path(__file__).resolve().parents[2] / "requirements-app.txt"
PATIENCE = 3.0
"""Seconds until a silent index is given up; twice as many for a slow one, or a name server that hangs."""

_MACHINES = {"linux-x86_64": "x86_64", "linux-aarch64": "aarch64"}
_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)


class NoWheel(Exception):
    """Why there is no CPU wheel, as a sentence goes on after "because"."""


@dataclass(frozen=True)
class Choice:
    """What is required, and why.

    Args:
        requires: A requirement (PEP 508) for torch and one for torchvision.
        label: What it is, as the local part of a version.
        words: The same in a sentence, and what to do where it is not what was wanted.
    """

    requires: tuple[str, str]
    label: str
    words: str


@dataclass(frozen=True)
class Interpreter:
    """Where it is installed.

    Args:
        system: As `sysconfig.get_platform()`: `linux-x86_64`.
        abi: As wheels name it: `cp311`.
        torch: The version of torch that is already there, or empty.
    """

    system: str
    abi: str
    torch: str = ""


def choose(pins: Mapping[str, str], environ: Mapping[str, str], interpreter: Interpreter) -> Choice:
    """Which build to take.

    Args:
        pins: The versions of torch and torchvision.
        environ: `DIABOLO_GPU` and `DIABOLO_TORCH_INDEX` are read.
    """
    torch, vision = pins["torch"], pins["torchvision"]
    pinned = f"torch=={torch}", f"torchvision=={vision}"
    machine = _MACHINES.get(interpreter.system)
    if machine is None:
        return Choice(pinned, "ordinary.build", f"PyTorch's ordinary build, as on every {interpreter.system}.")
    if environ.get("DIABOLO_GPU", "") not in ("", "0"):
        # Three equal signs: a CPU build that is installed, or lies on disk, is no match.
        exact = f"torch==={torch}", f"torchvision==={vision}"
        return Choice(exact, "cuda.build.as.asked", "PyTorch's build for GPUs (CUDA), as DIABOLO_GPU asks.")
    if interpreter.torch == f"{torch}+cpu":
        return Choice(pinned, "cpu.build", "PyTorch's CPU build, which was there already.")
    index = environ.get("DIABOLO_TORCH_INDEX", INDEX).rstrip("/")
    if not index:
        return Choice(pinned, "ordinary.build", "PyTorch's ordinary build, since DIABOLO_TORCH_INDEX is empty.")
    try:
        torch_wheel = _wheel(index, "torch", torch, interpreter.abi, machine)
    except NoWheel as reason:
        return Choice(
            pinned,
            "ordinary.build.as.no.cpu.build.was.reached",
            f"PyTorch's ordinary build, because {reason}. Unless a CPU build lay on disk, it is the one for GPUs (CUDA), "
            "several GB larger. To try again, install requirements.txt again.",
        )
    try:
        vision_wheel = f"torchvision @ {_wheel(index, 'torchvision', vision, interpreter.abi, machine)}"
    except NoWheel:
        vision_wheel = pinned[1]  # what Diabolo uses of it works beside any torch
    return Choice((f"torch @ {torch_wheel}", vision_wheel), "cpu.build", f"PyTorch's CPU build, from {index}.")


def _wheel(index: str, name: str, version: str, abi: str, machine: str) -> str:
    """The address of a wheel, with its checksum where the index gives one."""
    page = f"{index}/{name}/"
    links = _Links()
    links.feed(_fetch(page))
    wanted = re.compile(rf"{name}-{re.escape(version)}(\+cpu)?-{abi}-{abi}-[\w.]*linux[\w.]*_{machine}\.whl")
    for link in links.found:
        address = urljoin(page, link)
        if wanted.fullmatch(unquote(urlsplit(address).path).rpartition("/")[2]):
            return address
    raise NoWheel(f"{page} has no {name} {version} for {abi} on {machine}")


class _Links(HTMLParser):
    """The addresses that a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for key, value in attrs if key == "href" and value]


def _fetch(address: str) -> str:
    """What is at an address. Raises NoWheel within seconds."""
    answer: list[str] = []
    reason: list[str] = []

    def fetch() -> None:
        request = urllib.request.Request(address, headers={"User-Agent": "diabolo", "Accept": "text/html"})
        try:
            context = _certificates() if address.startswith("https:") else None
            with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as response:
                answer.append(response.read().decode())
        except (OSError, ValueError) as error:
            reason.append(" ".join(str(getattr(error, "reason", error)).split()))

    # The time-out of a socket covers neither a name server that hangs nor an answer that trickles.
    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    thread.join(2 * PATIENCE)
    if answer:
        return answer[0]
    raise NoWheel(f"{address} was not reached ({reason[0] if reason else 'too slow'})")


def _certificates() -> ssl.SSLContext:
    """Those that Python finds, and pip's and the system's, which not every build of Python does."""
    context = ssl.create_default_context()
    named = (os.environ.get(name) for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"))
    for bundle in (*named, *_CERTIFICATES):
        if bundle and Path(bundle).is_file():
            context.load_verify_locations(bundle)
    return context


def this_interpreter() -> Interpreter:
    """The one that runs this. With uv it is the wanted one's twin, in an environment where nothing is installed."""
    system = sysconfig.get_platform()
    if sys.platform == "linux" and platform.libc_ver()[0] != "glibc":
        system = "Linux without glibc"
    free_threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    abi = f"cp{sys.version_info.major}{sys.version_info.minor}{free_threaded}"
    there = [path.name for path in Path(sysconfig.get_path("purelib")).glob("torch-*.dist-info")]
    return Interpreter(system, abi, there[0].removeprefix("torch-").removesuffix(".dist-info") if there else "")


def read_pins(requirements: str) -> dict[str, str]:
    """The versions of torch and torchvision in the text of a requirements file."""
    found = dict(re.findall(r"^([\w-]+)==([\w.]+)", requirements, re.MULTILINE))
    return {name: found[name] for name in ("torch", "torchvision")}


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: object = None) -> str:
    """Called by pip and uv: decides, and writes down what is required."""
    pins = read_pins(PINS.read_text(encoding="utf-8"))
    choice = choose(pins, os.environ, this_interpreter())
    print(choice.words)
    version = f"{pins['torch']}+{choice.label}"
    folder = Path(metadata_directory) / f"diabolo_torch-{version}.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.1", "Name: diabolo-torch", f"Version: {version}", f"Summary: {choice.words}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in choice.requires]
    (folder / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "WHEEL").write_text("Wheel-Version: 1.0\nGenerator: diabolo\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    return folder.name


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: str | None = None) -> str:
    """Called by pip and uv: the same, as a wheel that holds nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        decided = Path(metadata_directory or Path(folder) / prepare_metadata_for_build_wheel(folder))
        files = {f"{decided.name}/{name}": (decided / name).read_bytes() for name in ("METADATA", "WHEEL")}
    record = f"{decided.name}/RECORD"
    lines = [f"{name},sha256={_checksum(content)},{len(content)}" for name, content in files.items()]
    files[record] = "\n".join([*lines, f"{record},,"]).encode()
    wheel = Path(wheel_directory) / f"{decided.name.removesuffix('.dist-info')}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return wheel.name


def _checksum(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def build_sdist(sdist_directory: str, config_settings: object = None) -> str:
    """Called by nobody: what is required is decided where it is installed."""
    raise NotImplementedError(__doc__)
