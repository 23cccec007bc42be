"""The rules of the house that a machine can check: who imports whom, what loads without what, and no pickle anywhere."""

import ast
import inspect
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pages.ui import controls

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = sorted(
    path.relative_to(REPOSITORY)
    for pattern in ("app.py", "pages/**/*.py", "vae_core/**/*.py", "benchmarks/*.py", "scripts/*.py", "tests/**/*.py")
    for path in REPOSITORY.glob(pattern)
)

LAYERS = [
    {"vae_core", "vae_core.errors", "vae_core.cores"},
    {
        "vae_core.reasons",
        "vae_core.processor",
        "vae_core.environment",
        "vae_core.files",
        "vae_core.liveness",
        "vae_core.locks",
        "vae_core.pixels",
        "vae_core.csv_text",
        "vae_core.sheets",
        "vae_core.neighbours",
        "vae_core.roc",
        "vae_core.special",
        "vae_core.memory",
        "vae_core.significance",
    },
    {
        "vae_core.settings",
        "vae_core.setting_text",
        "vae_core.config",
        "vae_core.events",
        "vae_core.thinning",
        "vae_core.control",
        "vae_core.fillings",
    },
    {
        "vae_core.recipes",
        "vae_core.datasets",
        "vae_core.learnt",
        "vae_core.models",
        "vae_core.losses",
        "vae_core.optimizer",
        "vae_core.sweeps",
    },
    {"vae_core.trainer", "vae_core.training", "vae_core.metrics", "vae_core.classifier"},
    {
        "vae_core.latent",
        "vae_core.atlas",
        "vae_core.handwriting",
        "vae_core.photographs",
        "vae_core.photo_files",
        "vae_core.photo_ink",
        "vae_core.slow_motion",
        "vae_core.drawing",
        "vae_core.priors",
        "vae_core.quality",
        "vae_core.paths",
        "vae_core.uncertainty",
        "vae_core.anomaly",
        "vae_core.compression",
        "vae_core.comparison",
        "vae_core.oversampling",
        "vae_core.rare_class",
        "vae_core.diagnosis",
        "vae_core.live_diagnosis",
    },
    {"vae_core.code_files", "vae_core.verdict"},
    {"vae_core.runs", "vae_core.run_files"},
    {"vae_core.studies"},
    {
        "vae_core.export",
        "vae_core.importing",
        "vae_core.standalone",
        "vae_core.onnx_export",
        "vae_core.film",
        "vae_core.jobs",
    },
    {"vae_core.__main__", "vae_core.commands"},
    {"pages.ui"},
    {"pages"},
    {"app"},
]
"""From the ground up. A module imports from its own layer and from those below; a name stands for all within it."""

WITHOUT_TORCH = [
    "vae_core.config",
    "vae_core.events",
    "vae_core.recipes",
    "vae_core.runs",
    "vae_core.jobs.client",
    "vae_core.jobs.studies",
    "vae_core.jobs.exports",
    "vae_core.jobs.fetching",
    "vae_core.jobs.imports",
    "vae_core.datasets",
    "vae_core.live_diagnosis",
    "pages.ui.coach",
    "pages.ui.architecture_views",
    "pages.ui.state",
    "pages.ui.navigation",
]

HEAVY = {"sklearn", "scipy", "imblearn", "umap", "onnx", "onnxscript", "onnxruntime", "torchinfo", "skimage"}
"""Each costs a process tens of megabytes."""

COMPILER = {"sympy", "torch._dynamo", "torch._inductor"}
"""What torch loads to compile, and so should not load in a server: 80 MB."""

USERS = {
    "vae_core.latent": {"sklearn", "umap"},  # t-SNE and UMAP are jobs
    "vae_core.models.layers": {"torchinfo"},  # a drawing that is asked for; it is small
    "vae_core.onnx_export": {"onnx", "onnxscript", "onnxruntime"},
    "vae_core.oversampling": {"imblearn"},
    "vae_core.photo_ink": {"scipy"},  # a photograph that is uploaded
    "vae_core.photographs": {"scipy"},
    "vae_core.priors": {"sklearn"},  # a mixture: a job's, or a command's
    "vae_core.rare_class": {"sklearn"},
    "vae_core.studies.strangers": {"sklearn"},
}
"""Who needs one of those. None of them is asked by a page that just opens: see `test_pages_open_without_what_is_heavy`."""


def module_name(path: Path) -> str:
    parts = list(path.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer(module: str) -> int | None:
    """The layer of a module of ours; `None` for others'."""
    while module:
        for number, names in enumerate(LAYERS):
            if module in names:
                return number
        module = module.rpartition(".")[0]
    return None


def nodes(path: Path) -> Iterator[ast.AST]:
    """All of a file's syntax."""
    return ast.walk(ast.parse((REPOSITORY / path).read_text(encoding="utf-8")))


@cache
def imported(path: Path) -> list[str]:
    """The modules that a file imports, anywhere in it."""
    return list(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import; write the whole name"
            assert node.module
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if _is_module(inner) else node.module


def _is_module(name: str) -> bool:
    path = REPOSITORY / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def in_new_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parts[0] in ("vae_core", "pages", "app.py")], ids=str)
def test_imports_run_one_way(path: Path) -> None:
    own = layer(module_name(path))
    assert own is not None, f"{path} has no layer: give it one in LAYERS"
    upwards = [name for name in imported(path) if (other := layer(name)) is not None and other > own]
    assert upwards == []


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parts[0] == "vae_core"], ids=str)
def test_the_package_knows_no_streamlit(path: Path) -> None:
    assert [name for name in imported(path) if name.split(".")[0] in ("streamlit", "plotly", "pages")] == []


def test_the_whole_package_loads_without_streamlit() -> None:
    names = [module_name(p) for p in SOURCES if p.parts[0] == "vae_core" and p.stem != "__main__"]
    assert in_new_process(f"import sys, {', '.join(names)}; print('streamlit' in sys.modules)") == "False"


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_loads_without_torch(name: str) -> None:
    assert in_new_process(f"import sys, {name}; print('torch' in sys.modules)") == "False"


@pytest.mark.parametrize(
    "name",
    [
        "pages.ui.architecture_views",
        "pages.ui.charts",
        "pages.ui.experiments.fashion_charts",
        "pages.ui.images",
        "pages.ui.text",
    ],
)
def test_what_makes_pictures_loads_without_streamlit(name: str) -> None:
    assert in_new_process(f"import sys, {name}; print('streamlit' in sys.modules)") == "False"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parts[0] in ("vae_core", "pages", "app.py")], ids=str)
def test_what_is_heavy_is_imported_where_it_is_needed(path: Path) -> None:
    assert _roots(path) & HEAVY <= USERS.get(module_name(path), set())


@pytest.mark.heavy
def test_pages_open_without_what_is_heavy(supervised: Path) -> None:
    """Neither those, nor what torch loads only to compile, nor what only they need; of plotly's table a packed one, and of
    Pillow's formats a few."""
    code = f"""
import os, sys
os.environ["DIABOLO_JOBS"] = "local"
from streamlit.testing.v1 import AppTest
from vae_core.models import size
from vae_core.models.layers import layers
from vae_core.config import ModelConfig
size(ModelConfig(), (1, 28, 28))
layers(ModelConfig(network="conv"), (1, 28, 28))
app = AppTest.from_file("app.py", default_timeout=120).run()
for page in ("generate", "reconstruct", "draw", "latent", "compare", "experiments", "how"):
    app.query_params["view"] = "anomalies"
    app.switch_page(f"pages/{{page}}.py").run()
    assert not app.exception and not app.error, (page, app.exception, app.error)
from PIL import Image
from plotly.validator_cache import ValidatorCache
from pages.ui.validators import PackedTable
assert isinstance(ValidatorCache._json_cache, PackedTable), type(ValidatorCache._json_cache)
assert len(Image.SAVE) < 12, list(Image.SAVE)
heavy = {sorted(HEAVY - {"torchinfo"} | COMPILER | {"torchvision", "joblib", "psutil", "requests"})!r}
print([name for name in heavy if name in sys.modules])
"""
    assert in_new_process(code).splitlines()[-1] == "[]"


def test_only_one_module_imports_torchvision() -> None:
    users = [str(p) for p in SOURCES if p.parts[0] in ("vae_core", "pages") and "torchvision" in _roots(p)]
    assert len(users) <= 1, users


def test_only_cache_py_caches() -> None:
    users = {
        str(path)
        for path in SOURCES
        if path.parts[0] in ("pages", "app.py")
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in ("cache_data", "cache_resource")
    }
    assert users <= {"pages/ui/cache.py"}


def test_only_address_py_writes_into_the_address() -> None:
    """Streamlit alone makes an entry of the browser's history of each parameter."""
    users = {
        str(path)
        for path in SOURCES
        if path.parts[0] in ("pages", "app.py")
        for node in ast.walk(ast.parse((REPOSITORY / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("query_params", "switch_page")
    }
    assert users == {"pages/ui/address.py"}


def test_what_is_saved_is_there_when_its_button_is() -> None:
    """A button that makes its file when it is pressed does so in no language, and keeps the reason where it fails."""
    users = {
        str(path)
        for path in SOURCES
        if path.parts[0] in ("pages", "app.py")
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr == "download_button"
    }
    assert users == {"pages/ui/controls.py"}
    data = inspect.signature(controls.download).parameters["data"]
    assert data.annotation is bytes


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_pickle(path: Path) -> None:
    assert not _roots(path) & {"pickle", "cloudpickle", "dill", "shelve", "marshal"}
    for node in nodes(path):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in ("torch.load", "torch.save", "joblib.load", "joblib.dump"), f"{path}:{node.lineno}"
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        assert given.get("allow_pickle", "False") == "False", f"{path}:{node.lineno}"


@pytest.mark.heavy
def test_home_opens_without_torch(supervised: Path) -> None:
    code = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=60).run()
assert not app.exception and not app.error, (app.exception, app.error)
print(app.title[0].value, "torch" in sys.modules)
"""
    assert in_new_process(code).splitlines()[-1] == "Diabolo False"


def _roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def test_no_two_files_of_tests_have_the_same_name() -> None:
    """pytest would not take the second one."""
    names = Counter(path.name for path in (REPOSITORY / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
