"""The house of the design, read from the import statements, and what an import costs."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Each folder (or module at the top) of facerec stands on one floor, and imports from floors below only.
FLOORS = [
    {"visible_text"},
    {"errors", "meant"},
    {"types", "extras"},
    {"device", "files", "graphs", "limited", "similarity"},
    {"photos", "arrays"},
    {"points", "reporting"},
    {"models"},
    {"align", "measure"},
    {"batch"},
    {"networks", "detect", "quality"},
    {"embed", "gallery", "learning"},
    {"recognizer", "transfer", "training"},
    {"enrollment", "photo_quality", "testing", "client"},
    {"demo", "checkup"},
    {"service"},
    {"cli"},
]
# Each folder of audits likewise: nothing stands at the top but what it offers.
AUDIT_FLOORS = [
    {"statistics"},
    {"tables"},
    {"verification", "identification", "classification"},
    {"drift"},
    {"gate", "mitigation"},
    {"checks"},
    {"report"},
]
TORCH = {
    "facerec.device",
    "facerec.detect",
    "facerec.networks",
    "facerec.embed",
    "facerec.learning",
    "facerec.transfer",
    "facerec.training",
}
AUDITS_MAY_IMPORT = {"errors", "extras", "types", "files", "meant", "measure", "points", "reporting", "visible_text"}


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {_dotted(path): path for package in ("facerec", "audits") for path in (ROOT / package).rglob("*.py")}
FACEREC = [name for name in MODULES if name.startswith("facerec.")]
AUDITS = [name for name in MODULES if name.startswith("audits")]
IN_AUDITS = [name for name in AUDITS if name != "audits"]


@cache
def _imported(name: str) -> set[str]:
    """Every name that a file imports from anywhere, inside functions and for types too."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def _modules_behind(imported: set[str]) -> set[str]:
    """The modules of this project that names stand for: a module itself, or the one that holds the name."""
    return {name if name in MODULES else name.rpartition(".")[0] for name in imported} & set(MODULES)


@cache
def _graph() -> dict[str, set[str]]:
    """Of every file which others it imports."""
    return {name: _modules_behind(_imported(name)) - {name} for name in MODULES}


def _folder(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _home(name: str) -> str:
    """The folder that a file lies in; what a package offers stands above the folders inside it."""
    return name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]


def _floor(name: str) -> int:
    package, folder = name.split(".")[:2]
    floors = FLOORS if package == "facerec" else AUDIT_FLOORS
    return next(number for number, floor in enumerate(floors) if folder in floor)


def _cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """Some way that leads back to where it began; empty where there is none."""
    done: set[str] = set()

    def walk(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for follower in sorted(graph.get(node, ())):
            if found := walk(follower, [*way, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := walk(node, []))), [])


def test_the_search_for_cycles_finds_one() -> None:
    """A way back is found where there is one, and only there."""
    assert _cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert _cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_file_imports_itself_by_way_of_others() -> None:
    """Imports among all files of facerec and audits, also those inside functions and for types, hold no cycle."""
    assert _cycle(_graph()) == []


def test_no_folder_imports_itself_by_way_of_others() -> None:
    """Neither do imports between the folders of facerec, nor between those of audits and the folders inside them."""
    folders: dict[str, set[str]] = {}
    for name in FACEREC:
        folders.setdefault(_folder(name), set()).update(_folder(other) for other in _graph()[name] if "." in other)
    for name in IN_AUDITS:
        folders.setdefault(_home(name), set()).update(_home(other) for other in _graph()[name] if "." in other)

    assert _cycle({name: others - {name} for name, others in folders.items()}) == []


def test_imports_point_downwards() -> None:
    """No module imports from another folder of its package that is on its own floor or above."""
    upwards = [
        (name, other)
        for names, inside in ((FACEREC, FACEREC), (IN_AUDITS, AUDITS))
        for name in names
        for other in _graph()[name].intersection(inside)
        if _folder(other) != _folder(name) and _floor(other) >= _floor(name)
    ]

    assert upwards == []


def test_only_the_command_line_knows_the_audits() -> None:
    """The package facerec never imports audits outside the command line."""
    knowing = {name for name in FACEREC if any(other.startswith("audits") for other in _graph()[name])}

    assert {name for name in knowing if not name.startswith("facerec.cli")} == set()


# The bench of transfer learning moves with an issue of its own.
PACKAGES = [name for name, path in MODULES.items() if path.name == "__init__.py" and ".transfer" not in name]


@pytest.mark.parametrize("name", PACKAGES)
def test_no_module_hides_behind_a_function_of_its_name(name: str) -> None:
    """What a package offers has the name of none of its modules, or the module could not be reached by attribute."""
    imports = [node for node in ast.parse(MODULES[name].read_text()).body if isinstance(node, ast.ImportFrom)]
    offered = {each.asname or each.name for node in imports for each in node.names if node.module != name}

    assert {each for each in offered if f"{name}.{each}" in MODULES} == set()


def test_audits_stand_on_named_parts() -> None:
    """The audits import only the named parts of facerec, and no torch."""
    for name in AUDITS:
        parts = {other.split(".")[1] for other in _graph()[name] if other.startswith("facerec.")}
        assert parts <= AUDITS_MAY_IMPORT, name
        assert {"torch", "torchvision"}.isdisjoint(other.split(".")[0] for other in _imported(name)), name


@pytest.mark.parametrize("name", [name for name in AUDITS if name.startswith("audits.statistics")])
def test_statistics_know_no_tables(name: str) -> None:
    """Statistics take plain numbers: no file of theirs speaks of a DataFrame or a Series."""
    text = MODULES[name].read_text(encoding="utf-8")

    assert "DataFrame" not in text
    assert "Series" not in text


def test_torch_stays_where_it_belongs() -> None:
    """Both torch and torchvision are imported in the folders that run networks, and nowhere else."""
    networks = {"torch", "torchvision", "facenet_pytorch"}
    using = {name for name in FACEREC if not networks.isdisjoint(other.split(".")[0] for other in _imported(name))}

    assert {name for name in using if not name.startswith(tuple(TORCH))} == set()


@pytest.mark.parametrize("package", ["facerec", "audits"])
def test_packages_say_that_they_are_typed(package: str) -> None:
    """The marker of PEP 561 stands beside the code, so it is in the wheel too."""
    assert (ROOT / package / "py.typed").is_file()


def test_importing_the_packages_loads_no_torch() -> None:
    """Every module outside the folders that run networks imports where torch cannot be imported at all."""
    torchless = [name for name in MODULES if not any(name.startswith(home) for home in TORCH)]
    above = (
        "facerec.recognizer",
        "facerec.enrollment",
        "facerec.checkup",
        "facerec.demo",
        "facerec.training",
        "facerec.transfer",
        "facerec.learning",
    )
    names = [name for name in torchless if not name.startswith(above)]
    program = "\n".join(
        chain(
            [
                "import sys",
                "class NoTorch:",
                "    def find_spec(self, name, path=None, target=None):",
                "        if name.split('.')[0] in ('torch', 'torchvision'): raise ImportError(name)",
                "sys.meta_path.insert(0, NoTorch())",
            ],
            (f"import {name}" for name in names),
        )
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
