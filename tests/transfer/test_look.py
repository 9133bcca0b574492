"""Looking inside a backbone: filters, activations, answers and scores, on nets that are here and photos made up."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from facerec.errors import ArgumentError, ImageError
from facerec.reporting import render_html, render_markdown
from facerec.transfer import load_backbone
from facerec.transfer.look import (
    activations,
    energy,
    first_filters,
    layer_names,
    look,
    max_softmax,
    saliency,
    separation,
)
from facerec.transfer.look.block_costs import cost_tables
from facerec.transfer.look.page import look_page
from facerec.transfer.look.pictures import gallery, grey, overlay
from facerec.types.marks import encode_png


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A photo-like image: smooth colours with noise."""
    path = tmp_path_factory.mktemp("photos") / "made.png"
    y, x = np.mgrid[:240, :300] / 300
    pixels = np.stack([255 * x, 255 * y, 128 + 100 * np.sin(20 * x)], axis=2)
    noise = np.random.default_rng(0).normal(0, 8, pixels.shape)
    Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def pretrained():
    """The backbone that needs no download."""
    return load_backbone("efficientnet_lite0")


@pytest.fixture(scope="module")
def untrained():
    """A network of random weights."""
    return load_backbone("resnet18", weights="none")


@pytest.fixture(scope="module")
def seen(pretrained, photo):
    """A look with one photo inside and one outside."""
    return look(pretrained, [photo], outside=[photo])


class Small(nn.Module):
    """A convolution with known weights, a ReLU and pooling."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1, bias=False)
        self.relu = nn.ReLU()
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([[1.0, 0, 0], [0, -1.0, 0]])[..., None, None])

    def forward(self, x):
        """Mean over the places."""
        return self.relu(self.conv(x)).mean(dim=(2, 3))


def test_activations_are_what_the_layer_computes():
    """The red channel passes, the negated green one is silent after the ReLU; the strongest comes first."""
    pixels = torch.arange(48.0).reshape(1, 3, 4, 4)

    conv, relu = activations(Small(), pixels, ["conv", "relu"])

    np.testing.assert_array_equal(conv.maps[0], pixels[0, 0])
    np.testing.assert_array_equal(conv.maps[1], -pixels[0, 1])
    assert conv.shape == (2, 4, 4)
    assert conv.strongest.tolist() == [1, 0]
    assert relu.strongest.tolist() == [0, 1]
    assert (conv.silent, relu.silent) == (0, 1)


def test_an_unknown_layer_lists_the_layers():
    """The message gives the nearest names and those that there are."""
    with pytest.raises(ArgumentError, match=r"no layer 'con'; did you mean conv\? it has conv, relu"):
        activations(Small(), torch.zeros(1, 3, 4, 4), ["con"])


def test_hooks_are_gone_afterwards():
    """A look leaves the network as it was, also where it ends in an error."""
    net = Small()
    activations(net, torch.zeros(1, 3, 4, 4), ["conv"])
    with pytest.raises(ArgumentError):
        activations(net, torch.zeros(1, 3, 4, 4), ["conv", "nosuch"])

    assert not any(module._forward_hooks for module in net.modules())


def test_layers_of_a_resnet_have_their_usual_names(untrained):
    """What everybody calls layer2.0.conv1 is called so here."""
    names = layer_names(untrained.trunk())

    assert "layer2.0.conv1" in names
    assert len(set(names)) == len(names)


def test_filters_are_scaled_by_their_own_largest_weight():
    """A weight of 1 in red alone gives full red on grey; 0 is the middle."""
    found = first_filters(Small())

    assert found.layer == "conv"
    assert found.pictures[0, 0, 0].tolist() == [255, 128, 128]
    assert found.pictures[1, 0, 0].tolist() == [128, 0, 128]


def test_trained_filters_are_smoother_than_random_ones(pretrained, untrained):
    """Neighbouring weights of a trained first layer correlate; those of a random one do not."""
    assert first_filters(pretrained.trunk()).smoothness > 0.1
    assert abs(first_filters(untrained.trunk()).smoothness) < 0.05


def test_a_network_without_a_convolution_has_no_filters():
    """Networks that see no colours directly are told so."""
    with pytest.raises(ArgumentError, match="no convolution"):
        first_filters(nn.Sequential(nn.Flatten(), nn.Linear(3, 2)))


def test_scores_follow_their_formulas():
    """Adding a constant to all logits moves the energy by it and leaves the softmax; both agree with torch."""
    logits = np.random.default_rng(1).normal(size=(5, 7))
    tensor = torch.from_numpy(logits)

    np.testing.assert_allclose(max_softmax(logits), tensor.softmax(dim=1).max(dim=1).values)
    np.testing.assert_allclose(energy(logits), tensor.logsumexp(dim=1))
    np.testing.assert_allclose(max_softmax(logits + 3), max_softmax(logits))
    np.testing.assert_allclose(energy(logits + 3), energy(logits) + 3)


def test_separation_of_scores_that_do_not_overlap_is_one_with_an_open_lower_end():
    """Five against five apart: the area is 1, its interval is not."""
    found = separation([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])
    turned = separation([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])

    assert (found.auroc, found.high) == (1, 1)
    assert 0.4 < found.low < 0.95
    assert (turned.auroc, turned.low) == (0, 0)
    assert turned.high == pytest.approx(1 - found.low)


def test_the_interval_of_an_area_holds_it_as_often_as_it_says():
    """On 400 simulated pairs of normal samples the true area lies in 92 to 99 % of the intervals."""
    rng = np.random.default_rng(0)
    true = 0.7602499  # P(a > b) for normals one apart: Phi(1 / sqrt(2))
    inside = 0
    for _ in range(400):
        found = separation(rng.normal(1, 1, 15), rng.normal(0, 1, 15))
        inside += found.low <= true <= found.high

    assert 0.92 <= inside / 400 <= 0.99


@pytest.mark.parametrize("scores", [([], [1.0]), ([1.0], []), ([float("nan")], [1.0])])
def test_separation_without_scores_is_refused(scores):
    """An area needs finite scores on both sides."""
    with pytest.raises(ArgumentError, match="finite scores"):
        separation(*scores)


def test_saliency_finds_the_pixel_that_counts():
    """An answer that depends on one place only lights this place only."""

    class Corner(nn.Module):
        def forward(self, x):
            return x[:, :, 0, 0]

    shown = saliency(Corner(), nn.Identity(), torch.ones(1, 3, 5, 5))

    assert shown[0, 0] == 1
    assert shown.sum() == 1


def test_a_look_has_answers_scores_and_layers(seen):
    """Five answers in order, probabilities of a whole, scores, four layers of the first photo, an AUROC of a half."""
    first, beyond = seen.seen

    assert not seen.random
    assert [answer.probability for answer in first.answers] == sorted(
        (answer.probability for answer in first.answers), reverse=True
    )
    assert len(first.answers) == 5
    assert first.max_softmax == pytest.approx(first.answers[0].probability)
    assert first.pixels.shape == (224, 224, 3)
    assert len(first.activations) == 4
    assert (beyond.outside, beyond.pixels, beyond.activations) == (True, None, ())
    assert {score: told.auroc for score, told in seen.separations} == {"largest softmax": 0.5, "energy": 0.5}


def test_the_page_shows_everything(seen):
    """Photo, saliency, filters and four layers are pictures; bars are drawn; tables hold the lecture's numbers."""
    html, text = render_html(look_page(seen)), render_markdown(look_page(seen))

    assert html.count('<img src="data:image/png') == 2 + 1 + 4
    assert "data:image/svg" in html
    for number in ("12,583,168", "7,168", "69,632", "70,144", "51,200", "33,344"):
        assert number in text
    assert "random" not in text


def test_random_weights_are_said_to_be_random(untrained, photo):
    """The page of a random network warns at the top and at the filters; it has no answers and takes no outside."""
    found = look(untrained, [photo], layers=["layer2.0.conv1"])
    text = render_markdown(look_page(found))

    assert found.random
    assert "The weights are random" in text
    assert "not learned ones" in text
    assert "comes without a classifier" in text
    assert found.seen[0].activations[0].shape == (128, 28, 28)
    with pytest.raises(ArgumentError, match="no classifier"):
        look(untrained, [photo], outside=[photo])


def test_a_file_that_is_no_photo_is_refused(pretrained, tmp_path):
    """The reader's error names the file."""
    (tmp_path / "text.jpg").write_text("no photo", encoding="utf-8")

    with pytest.raises(ImageError, match=r"text\.jpg"):
        look(pretrained, [tmp_path / "text.jpg"])


def test_real_photos_are_known(pretrained, data):
    """The first photos of ants and bees are called so."""
    folder = data / "hymenoptera_data"
    if not folder.is_dir():
        pytest.skip("no hymenoptera_data here")
    for kind, name in (("ants", "ant"), ("bees", "bee")):
        photos = sorted((folder / "train" / kind).glob("*.jpg"))[:3]
        answers = [each.answers[0].name for each in look(pretrained, photos).seen]
        assert name in answers


def test_pictures_have_the_pixels_they_were_given():
    """A gallery keeps each tile, grey spreads each map, an overlay without strength is dark and without colour."""
    tiles = np.stack([np.full((2, 2, 3), value, np.uint8) for value in (10, 20, 30)])
    sheet = gallery(tiles, tile=4, columns=2)

    assert sheet[0, 0, 0] == 10
    assert sheet[0, 6, 0] == 20
    assert sheet[6, 0, 0] == 30
    assert sheet[6, 6, 0] == 255
    assert grey(np.array([[[0.0, 5.0]]], np.float32))[0, 0, :, 0].tolist() == [0, 255]
    dark = overlay(np.full((2, 2, 3), (90, 120, 150), np.uint8), np.zeros((2, 2), np.float32))
    assert dark[0, 0].tolist() == [42, 42, 42]
    assert encode_png(sheet).startswith(b"\x89PNG")


def test_costs_are_those_of_the_lecture():
    """The tables give the published parameter counts."""
    rows = [row[1] for table in cost_tables() for row in table.rows]

    for count in (12_583_168, 7_168, 69_632, 70_144, 51_200, 41_984, 37_376, 35_072, 33_920, 33_344, 44, 72):
        assert count in rows
