"""What `pip install .` brings is what lies in the repository: each package, and the data that they read."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from vae_core.environment import REPOSITORY

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    """Built as pip builds it, from a copy, because setuptools leaves its work behind; without a network."""
    source, out = tmp_path / "source", tmp_path / "out"
    files = [path.relative_to(REPOSITORY) for path in (REPOSITORY / "vae_core").rglob("*") if path.is_file()]
    files = [path for path in files if path.suffix != ".pyc" and not any(part.startswith(".") for part in path.parts)]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    beside = [
        project["project"]["readme"],
        "LICENSE",
        *project["tool"]["setuptools"]["dynamic"]["dependencies"]["file"],
    ]
    for name in ("pyproject.toml", *beside, *files):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((REPOSITORY / name).read_bytes())
    out.mkdir()
    built = subprocess.run([sys.executable, "-c", BUILD, str(out)], cwd=source, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(out / built.stdout.split()[-1]) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (about,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
        metadata = wheel.read(about).decode()
    assert inside == {path.as_posix() for path in files}
    assert "Requires-Dist: torch" in metadata
