"""The layers of the design, read from the import statements, and what an import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Each module or package of facerec stands on one floor and may import from floors below and from its own.
FLOORS = [
    {"errors"},
    {"types"},
    {"device", "dlib_format", "photo_formats", "pixels", "replacing", "ahead"},
    {"images", "landmarks", "align", "metrics", "scores", "weights", "download", "catalogue", "quality", "reporting"},
    {"detect", "embed", "calibration", "gallery", "datasets", "model_folder"},
    {"recognizer", "embedding", "evaluation", "transfer", "training", "embedders"},
    {"demo"},
    {"cli"},
]
TORCH = {"facerec.device", "facerec.detect", "facerec.embed", "facerec.transfer", "facerec.training"}
AUDITS_MAY_IMPORT = {"errors", "types", "scores", "metrics", "reporting"}


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path) -> set[str]:
    """Every module that a file imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def _floor(name: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if name in floor)


def _parts_of_facerec(imported: set[str]) -> set[str]:
    known = set().union(*FLOORS)
    return {name.split(".")[1] for name in imported if name.startswith("facerec.")} & known


@pytest.mark.parametrize(
    "path", [p for p in _modules("facerec") if p.parent != ROOT / "facerec" or p.stem != "__init__"], ids=_dotted
)
def test_imports_point_downwards(path: Path) -> None:
    """No module imports from a floor above its own."""
    own = _dotted(path).split(".")[1]

    above = {name for name in _parts_of_facerec(_imported(path)) if _floor(name) > _floor(own)}

    assert above == set()


@pytest.mark.parametrize("path", _modules("facerec"), ids=_dotted)
def test_only_the_command_line_knows_the_audits(path: Path) -> None:
    """The package facerec never imports audits outside the command line."""
    knows = any(name.split(".")[0] == "audits" for name in _imported(path))

    assert not knows or _dotted(path).startswith("facerec.cli")


@pytest.mark.parametrize("path", _modules("audits"), ids=_dotted)
def test_audits_stand_on_five_modules(path: Path) -> None:
    """The audits import only the named parts of facerec, and no torch."""
    imported = _imported(path)

    assert _parts_of_facerec(imported) <= AUDITS_MAY_IMPORT
    assert not any(name.split(".")[0] in ("torch", "torchvision") for name in imported)


@pytest.mark.parametrize("path", _modules("facerec"), ids=_dotted)
def test_torch_stays_where_it_belongs(path: Path) -> None:
    """Both torch and torchvision are imported in the modules that run networks, and nowhere else."""
    uses = any(name.split(".")[0] in ("torch", "torchvision", "facenet_pytorch") for name in _imported(path))

    assert not uses or any(_dotted(path).startswith(home) for home in TORCH)


def test_importing_the_packages_loads_no_torch() -> None:
    """Both packages import where torch cannot be imported at all."""
    program = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'torchvision'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "import facerec, audits, facerec.gallery, facerec.scores, facerec.metrics, facerec.images, facerec.align\n"
        "import facerec.reporting, facerec.calibration, facerec.datasets, facerec.catalogue, facerec.weights\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
