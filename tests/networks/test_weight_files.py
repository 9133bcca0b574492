"""Which sets of weights are here, and what each file is proven to be."""

from __future__ import annotations

import pytest

from facerec.errors import WeightsError
from facerec.files import sha256_of
from facerec.networks.names import EFFICIENTNET_LITES
from facerec.networks.pretrained import pretrained
from facerec.networks.weight_files import find, names_here, read


@pytest.fixture(autouse=True)
def no_caches(monkeypatch, tmp_path):
    """Neither the user's caches nor torch's play a part."""
    monkeypatch.delenv("FACEREC_MODEL_FILES", raising=False)
    monkeypatch.setattr("facerec.models.weights.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))


def test_what_comes_with_packages_is_here() -> None:
    """ImageNet's networks in the table's order; the face network has none of its classes."""
    assert names_here() == list(EFFICIENTNET_LITES)


@pytest.mark.parametrize("name", EFFICIENTNET_LITES)
def test_a_file_is_the_one_that_is_named(name) -> None:
    """Its whole digest, its size, and that it is today's."""
    found = find(pretrained(name))

    assert found.sha256 == found.file.sha256 == sha256_of(found.path, error=WeightsError)
    assert len(read(found)) == found.file.size == found.path.stat().st_size
    assert not found.older
