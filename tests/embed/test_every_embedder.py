"""What every embedder of this project must keep, whoever added it: walked over all that have a name."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from facerec.embed.load import _BUILT_IN, DEFAULT, digest_of, load_embedder
from facerec.errors import MissingExtraError, MissingWeightsError
from facerec.models.catalogue import MODELS
from facerec.types import Embedder

ROOT = Path(__file__).parents[2]
ALL = pytest.mark.parametrize("name", _BUILT_IN)
CATALOGUE = {model.name: model for model in MODELS}


@pytest.fixture
def embedder(name: str) -> Embedder:
    """The embedder of that name, where what runs it and its files are here."""
    try:
        return load_embedder(name)
    except (MissingExtraError, MissingWeightsError) as error:
        pytest.skip(str(error))


@ALL
def test_the_catalogue_knows_it(name):
    """It has an entry with licences and digests; what may not be used commercially is never the default."""
    assert name in CATALOGUE, f"{name} needs a Model in facerec/models/catalogue.py, listed in MODELS"
    model = CATALOGUE[name]
    assert model.task == "embedder"
    assert model.weights
    assert model.default == (name == DEFAULT)
    assert not model.default or model.commercial == "yes"


@ALL
def test_it_is_what_its_line_says(embedder, name):
    """The digest that is known without loading is the loaded one's, and so are name and dimension."""
    assert (embedder.name, embedder.digest, embedder.dimension) == (name, digest_of(name), CATALOGUE[name].dimension), (
        f"_BUILT_IN of facerec/embed/load.py, {name} in facerec/models/catalogue.py and its Embedder must agree"
    )


def test_no_two_have_one_digest():
    """A digest tells embedders apart wherever they go."""
    digests = [digest for _, digest in _BUILT_IN.values()]
    assert len(set(digests)) == len(digests), "two lines of _BUILT_IN in facerec/embed/load.py have one digest"


@ALL
def test_vectors(embedder):
    """Chips give vectors of unit length, float32, each by itself; no chips give none; the chips stay as they are."""
    size = embedder.crop.size
    chips = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    before = chips.copy()

    vectors = embedder(chips)

    assert (vectors.shape, vectors.dtype) == ((3, embedder.dimension), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(embedder(chips[1:2])[0], vectors[1], atol=1e-5)
    np.testing.assert_array_equal(chips, before)
    assert embedder(chips[:0]).shape == (0, embedder.dimension)


@ALL
def test_mirror_images_have_the_vector_of_the_chip_if_it_says_so(embedder):
    """`mirrored` means that a chip and its mirror image are averaged."""
    size = embedder.crop.size
    chips = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)

    same = np.allclose(embedder(chips), embedder(chips[:, :, ::-1].copy()), atol=1e-5)

    assert same == embedder.mirrored


@ALL
def test_another_process_makes_it_again(embedder):
    """The loader gives the same embedder."""
    again = pickle.loads(pickle.dumps(embedder))

    assert (again.digest, again.crop.name, again.mirrored) == (embedder.digest, embedder.crop.name, embedder.mirrored)


@ALL
def test_the_command_line_names_it(name):
    """The help of ``--model`` lists the embedders that come with the project."""
    text = (ROOT / "facerec/cli/options.py").read_text(encoding="utf-8")
    told = text[text.index("\nModel = ") :].split("\n]", 1)[0]
    assert name in told, f"the help of Model in facerec/cli/options.py does not name {name}"
