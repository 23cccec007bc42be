"""`requirements.txt` takes the right build of torch, with pip and with uv, from indexes on this machine.

The registry holds a torch that brings CUDA along; PyTorch's index holds the CPU builds, and an old numpy besides.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PINS = {"torch": "2.13.0", "torchvision": "0.28.0"}
INTERPRETERS = ("cp311", "cp312", "cp313")
SILENT = "ordinary.build.as.no.cpu.build.was.reached"


def _backend() -> ModuleType:
    path = REPOSITORY / "scripts" / "torch_build" / "build.py"
    spec = importlib.util.spec_from_file_location("torch_build", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["torch_build"] = module
    spec.loader.exec_module(module)
    return module


build = _backend()


def _wheel(folder: Path, name: str, version: str, tag: str = "py3-none-any", requires: tuple[str, ...] = ()) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    inside = f"{name.replace('-', '_')}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    with zipfile.ZipFile(folder / f"{name.replace('-', '_')}-{version}-{tag}.whl", "w") as archive:
        archive.writestr(
            f"{inside}/METADATA", "\n".join([*lines, *(f"Requires-Dist: {each}" for each in requires), ""])
        )
        archive.writestr(f"{inside}/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{inside}/RECORD", "")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of two indexes: `/registry` and `/cpu`."""
    root = tmp_path_factory.mktemp("indexes")
    for interpreter in INTERPRETERS:
        for machine in ("x86_64", "aarch64"):
            tag = f"{interpreter}-{interpreter}-manylinux_2_28_{machine}"
            _wheel(root / "registry" / "torch", "torch", PINS["torch"], tag, ("numpy", "cuda-toolkit==13.0.2"))
            _wheel(root / "registry" / "torchvision", "torchvision", PINS["torchvision"], tag, ("torch==2.13.0",))
            _wheel(root / "cpu" / "torch", "torch", PINS["torch"] + "+cpu", tag, ("numpy",))
            _wheel(root / "cpu" / "torchvision", "torchvision", PINS["torchvision"] + "+cpu", tag, ("torch==2.13.0",))
    _wheel(root / "registry" / "cuda-toolkit", "cuda-toolkit", "13.0.2")
    _wheel(root / "registry" / "numpy", "numpy", "2.4.6")
    _wheel(root / "cpu" / "numpy", "numpy", "1.26.0")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def nobody() -> str:
    """The address of an index that refuses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/cpu"


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of an index that takes the question and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/cpu"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that decide, with few pins, so that few tiny wheels do."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(REPOSITORY / "scripts" / "torch_build", root / "scripts" / "torch_build")
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, root / name)
    pins = (REPOSITORY / "requirements-app.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in pins if line.startswith(("torch==", "torchvision==", "numpy=="))]
    (root / "requirements-app.txt").write_text("".join(kept), encoding="utf-8")
    return root


def _install(tool: str, checkout: Path, registry: str, target: Path, wishes: Mapping[str, str]) -> tuple[set[str], str]:
    """Installs `requirements.txt` as a stranger would, into a new environment, with no settings for pip or uv.

    Returns:
        What is there then (`torch-2.13.0`), and what was said.
    """
    venv.create(target, with_pip=False)
    ours = ("PIP_", "UV_", "DIABOLO_", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(ours)}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "NO_PROXY": "*", "HOME": str(target.parent), **wishes}
    if tool == "pip":
        command = [sys.executable, "-m", "pip", "--python", str(target), "--disable-pip-version-check", "install"]
    else:
        command = [sys.executable, "-m", "uv", "pip", "install", "--python", str(target)]
    command += ["--index-url", f"{registry}/registry", "-r", "requirements.txt"]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.stem for path in target.rglob("*.dist-info")}, done.stdout + done.stderr


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have one build of torch")


@pytest.fixture(params=["pip", "uv"])
def tool(request: pytest.FixtureRequest) -> str:
    if request.param == "uv" and importlib.util.find_spec("uv") is None:
        pytest.skip("uv is not installed (it is in requirements-dev.txt)")
    return str(request.param)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIABOLO_GPU", "DIABOLO_TORCH_INDEX", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


class TestInstalling:
    def test_takes_the_cpu_build_and_all_else_from_the_registry(
        self, tool: str, checkout: Path, indexes: str, tmp_path: Path
    ) -> None:
        there, said = _install(tool, checkout, indexes, tmp_path / "there", {"DIABOLO_TORCH_INDEX": f"{indexes}/cpu"})
        assert there == {
            "torch-2.13.0+cpu",
            "torchvision-0.28.0+cpu",
            "numpy-2.4.6",
            "diabolo_torch-2.13.0+cpu.build",
        }
        assert "2.13.0+cpu.build" in said

    def test_takes_what_there_is_where_the_index_is_not_reached_and_says_so(
        self, tool: str, checkout: Path, indexes: str, nobody: str, tmp_path: Path
    ) -> None:
        there, said = _install(tool, checkout, indexes, tmp_path / "there", {"DIABOLO_TORCH_INDEX": nobody})
        assert {"torch-2.13.0", "torchvision-0.28.0", "numpy-2.4.6", "cuda_toolkit-13.0.2"} < there
        assert SILENT in said
        (summary,) = (tmp_path / "there").rglob("diabolo_torch*/METADATA")
        assert "was not reached" in summary.read_text()

    def test_takes_cuda_where_a_gpu_is_asked_for(self, tool: str, checkout: Path, indexes: str, tmp_path: Path) -> None:
        wishes = {"DIABOLO_TORCH_INDEX": f"{indexes}/cpu", "DIABOLO_GPU": "1"}
        there, said = _install(tool, checkout, indexes, tmp_path / "there", wishes)
        assert {"torch-2.13.0", "torchvision-0.28.0", "cuda_toolkit-13.0.2"} < there
        assert "cuda.build.as.asked" in said


class TestChoice:
    @pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
    @pytest.mark.parametrize("abi", INTERPRETERS)
    def test_is_the_wheel_of_interpreter_and_machine(self, indexes: str, abi: str, machine: str) -> None:
        wishes = {"DIABOLO_TORCH_INDEX": f"{indexes}/cpu/"}
        choice = build.choose(PINS, wishes, build.Interpreter(f"linux-{machine}", abi))
        wheel = f"{indexes}/cpu/{{0}}/{{0}}-{{1}}%2Bcpu-{abi}-{abi}-manylinux_2_28_{machine}.whl"
        assert choice.requires == tuple(f"{name} @ {wheel.format(name, version)}" for name, version in PINS.items())

    @pytest.mark.parametrize("system", ["macosx-14.0-arm64", "win-amd64", "linux-riscv64", "Linux without glibc"])
    def test_is_the_ordinary_build_elsewhere(self, indexes: str, system: str) -> None:
        wishes = {"DIABOLO_TORCH_INDEX": f"{indexes}/cpu", "DIABOLO_GPU": "1"}
        choice = build.choose(PINS, wishes, build.Interpreter(system, "cp311"))
        assert choice.requires == ("torch==2.13.0", "torchvision==0.28.0")

    @pytest.mark.parametrize(
        ("pins", "abi"), [(PINS, "cp314"), ({"torch": "2.14.0", "torchvision": "0.29.0"}, "cp311")]
    )
    def test_is_the_ordinary_build_where_the_index_lacks_it(self, indexes: str, pins: dict[str, str], abi: str) -> None:
        wishes = {"DIABOLO_TORCH_INDEX": f"{indexes}/cpu"}
        choice = build.choose(pins, wishes, build.Interpreter("linux-x86_64", abi))
        assert choice.requires == (f"torch=={pins['torch']}", f"torchvision=={pins['torchvision']}")
        assert f"has no torch {pins['torch']} for {abi} on x86_64" in choice.words

    def test_leaves_a_cpu_build_that_is_there_and_asks_nobody(self, nobody: str) -> None:
        wishes = {"DIABOLO_TORCH_INDEX": nobody}
        choice = build.choose(PINS, wishes, build.Interpreter("linux-x86_64", "cp311", "2.13.0+cpu"))
        assert (choice.label, choice.requires) == ("cpu.build", ("torch==2.13.0", "torchvision==0.28.0"))

    def test_replaces_a_cpu_build_where_a_gpu_is_asked_for(self) -> None:
        there = build.Interpreter("linux-x86_64", "cp311", "2.13.0+cpu")
        assert build.choose(PINS, {"DIABOLO_GPU": "1"}, there).requires[0] == "torch===2.13.0"

    def test_is_made_in_seconds_where_the_index_hangs(self, silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
        assert build.PATIENCE <= 3
        monkeypatch.setattr(build, "PATIENCE", 0.1)
        wishes = {"DIABOLO_TORCH_INDEX": silent}
        choice = build.choose(PINS, wishes, build.Interpreter("linux-x86_64", "cp311"))
        assert choice.label == SILENT
        assert "was not reached" in choice.words and "install requirements.txt again" in choice.words


def test_the_pins_are_those_of_the_app() -> None:
    assert build.read_pins((REPOSITORY / "requirements-app.txt").read_text(encoding="utf-8")) == PINS
