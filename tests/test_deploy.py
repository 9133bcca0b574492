"""What is deployed: locked requirements that follow from the project's own, and in a slow test an installation."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
LOCKS = sorted(DEPLOY.glob("*-requirements.txt"))
MOST_MB = 500


def asked(file: Path) -> list[str]:
    """The requirements of an ``.in`` file, with those of the files that it refers to."""
    lines = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip() and line[0] != "#"]
    inner = [each for line in lines if line.startswith("-r ") for each in asked(file.with_name(line[3:]))]
    return [*(line for line in lines if not line.startswith("-r ")), *inner]


def name_of(requirement: str) -> str:
    """The distribution's, as one spells it."""
    return re.split(r"[\[<>=! ;]", requirement)[0].lower().replace("_", "-")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_requirement_has_hashes(lock: Path) -> None:
    """Nothing is installed that nobody has looked at; no registry is named, and torch is not among them."""
    text = lock.read_text("utf-8")
    pinned = re.findall(r"^([a-z0-9-]+)==([^ ]+) \\((?:\n +--hash=sha256:[0-9a-f]{64}(?: \\)?)+)", text, re.MULTILINE)
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]

    assert len(LOCKS) == 3
    assert len(pinned) == len(lines) >= 3
    assert "://" not in text
    assert "torch" not in text
    assert "sh deploy/renew_locks.sh" in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_what_is_asked_for(lock: Path) -> None:
    """Every requirement of the file that it is made from is pinned."""
    pinned = set(re.findall(r"^([a-z0-9-]+)==", lock.read_text("utf-8"), re.MULTILINE))

    assert {name_of(each) for each in asked(lock.with_name(lock.name.replace("-requirements.txt", ".in")))} <= pinned


def test_the_light_requirements_are_the_projects() -> None:
    """With the same floors as in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    theirs = {*project["dependencies"], *project["optional-dependencies"]["onnx"]}

    assert set(asked(DEPLOY / "light.in")) <= theirs


def test_the_image_runs_what_is_tested() -> None:
    """Installed by the script below, not as root; the composed service cannot write to its root file system."""
    image, composed = (ROOT / "Dockerfile").read_text("utf-8"), (ROOT / "compose.yaml").read_text("utf-8")
    final = image[image.rindex("FROM ") :]

    assert "RUN sh deploy/light_install.sh /opt/facerec service" in image
    assert re.search(r"^USER [1-9]\d*", final, re.MULTILINE)
    assert "/healthz" in final
    assert "read_only: true" in composed
    assert "cap_drop: [ALL]" in composed


@pytest.mark.slow
@pytest.mark.parametrize("what", ["light", "service"])
def test_an_installation_without_torch(what: str, runtime: Path, data: Path, tmp_path: Path) -> None:
    """A fresh environment, installed as the image is: no torch, small, and two photos are compared in it."""
    photos = sorted((data / "lfw/images").glob("Aaron_*/*.jpg"))[:2]
    venv = tmp_path / "venv"
    subprocess.run(
        ["sh", str(DEPLOY / "light_install.sh"), str(venv), what],
        check=True,
        env={**os.environ, "PYTHON": sys.executable},
    )
    size = sum(path.stat().st_blocks * 512 for path in venv.rglob("*") if path.is_file() and not path.is_symlink())
    found = "import importlib.util as i; print([n for n in ('torch', 'pandas', 'scipy', 'pip') if i.find_spec(n)])"
    home = tmp_path / "home"
    home.mkdir()
    clean = {"HOME": str(home), "PATH": os.environ["PATH"]}

    present = subprocess.run([venv / "bin/python", "-c", found], check=True, capture_output=True, text=True, env=clean)
    line = [venv / "bin/facerec", "verify", *photos, "--runtime", runtime, "--json"]
    done = subprocess.run(line, check=False, capture_output=True, text=True, env=clean)

    assert present.stdout.strip() == "[]"
    assert size < MOST_MB * 1e6, f"{size / 1e6:.0f} MB"
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)["runtime"].startswith("onnxruntime ")
    assert list(home.rglob("*")) == []


@pytest.mark.slow
def test_the_table_of_sizes_is_what_is_installed() -> None:
    """A row for each extra, and its MB as here, or nearly: packages grow, and the page says of what time it is."""
    told = subprocess.run([sys.executable, DEPLOY / "sizes.py"], check=True, capture_output=True, text=True).stdout
    rows = re.compile(r"^\| `(facerec\S*)` \| \+?(\d+) \| \+?([\d,]+)", re.MULTILINE)
    here, page = (
        {name: (int(packages), int(size.replace(",", ""))) for name, packages, size in rows.findall(text)}
        for text in (told, (ROOT / "docs/reference/install.md").read_text("utf-8"))
    )

    assert page.keys() == here.keys()
    for name, (packages, size) in page.items():
        assert here[name][0] == pytest.approx(packages, rel=0.2, abs=2), name
        assert here[name][1] == pytest.approx(size, rel=0.25, abs=10), name


@pytest.mark.slow
def test_a_package_of_the_two_files_alone(tmp_path: Path) -> None:
    """It holds the two files, their grant and nothing else, is the same each time, and facerec finds them in it."""
    for folder in ("one", "two"):
        subprocess.run([sys.executable, DEPLOY / "dlib_models.py", tmp_path / folder], check=True, capture_output=True)
    (wheel,), (again,) = (tmp_path / "one").iterdir(), (tmp_path / "two").iterdir()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", tmp_path / "site", wheel], check=True)
    look = (
        "from facerec.models.catalogue import DLIB_5PT, DLIB_RESNET; from facerec.models.weights import locate\n"
        "print(*(locate(weight) for model in (DLIB_5PT, DLIB_RESNET) for weight in model.weights))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)])}
    told = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True, env=environment)

    assert wheel.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        carried = {Path(name).name for name in archive.namelist()}
        grant = archive.read(next(name for name in archive.namelist() if name.endswith("/LICENSE"))).decode()
    names = {"shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat"}
    assert carried == {*names, "__init__.py", "METADATA", "WHEEL", "LICENSE", "RECORD"}
    assert "CC0" in grant
    assert {Path(path).parent for path in told.stdout.split()} == {tmp_path / "site/facerec_dlib_models"}


def test_the_version_is_one() -> None:
    """pyproject.toml, the citation and the newest heading of the changelog name one version and one day."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    newest = re.search(r"^## \[(.+?)\](?: - (\S+))?", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    cited, day = (re.search(rf"^{key}: (\S+)", citation, re.MULTILINE) for key in ("version", "date-released"))

    assert newest is not None
    assert cited is not None
    assert day is not None
    if newest[1] == "Unreleased":
        assert cited[1] == project
        return
    assert (project, cited[1], day[1]) == (newest[1], newest[1], newest[2]), (
        "version in pyproject.toml, version and date-released in CITATION.cff and the newest heading of CHANGELOG.md"
    )


@pytest.mark.slow
def test_the_wheel_is_that_of_the_sdist(tmp_path: Path) -> None:
    """Built from the checkout and from the sdist, a wheel holds the same files, and all that an installation needs."""
    pytest.importorskip("build", reason="python -m build makes wheel and sdist; it comes with the extra dev")
    build = [sys.executable, "-m", "build"]
    subprocess.run([*build, "--wheel", "--outdir", tmp_path / "one", ROOT], check=True, capture_output=True)
    subprocess.run([*build, "--outdir", tmp_path / "two", ROOT], check=True, capture_output=True)  # sdist, wheel of it
    contents = []
    for folder in ("one", "two"):
        (wheel,) = (tmp_path / folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            contents.append({name: archive.read(name) for name in archive.namelist()})
    checkout, sdist = contents

    assert checkout.keys() ^ sdist.keys() == set(), "pyproject.toml, [tool.hatch.build.targets.sdist], lacks a folder"
    assert [name for name, held in checkout.items() if held != sdist[name]] == []
    needed = {f"{package}/py.typed" for package in ("facerec", "audits")}
    needed |= {f"audits/_policies/{path.name}" for path in (ROOT / "data/policies").iterdir()}
    needed |= {f"facerec/_calibration/{path.name}" for path in (ROOT / "data/calibration").glob("*.json")}
    needed |= {
        str(path.relative_to(ROOT))
        for package in ("facerec", "audits")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert needed - checkout.keys() == set()
    assert [name for name in checkout if name.endswith("/licenses/LICENSE")]
    folders = {name.split("/")[0] for name in checkout if ".dist-info/" not in name}
    assert folders == {"facerec", "audits"}


def test_the_source_archive_holds_what_readers_of_a_repository_look_for():
    """Every text at the top goes into the sdist."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    held = set(settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])

    assert {path.name for path in ROOT.glob("*.md")} | {"LICENSE", "CITATION.cff"} <= held
