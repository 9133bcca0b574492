"""Losses against their formulas."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from facerec.training.losses import MANY_PEOPLE, FaceLoss, loss_settings

NAMES = ("arcface", "cosface", "subcenter", "supcon", "triplet")


@pytest.fixture
def batch():
    """Twelve vectors of four people."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(12, 5, generator=generator), torch.arange(12) % 4


def loss_of(name, vectors, labels, **options):
    """With centres at the people's means."""
    settings = {key: options.pop(key) for key in ("scale", "margin") if key in options}
    loss = FaceLoss(replace(loss_settings(name, 4), **settings), people=4, dimension=vectors.shape[1])
    loss.start_from(vectors, labels, seed=0)
    return loss(vectors, labels, **options)


def cosines(vectors, labels):
    """With the normalised mean of each person's unit vectors."""
    unit = normalize(vectors)
    centres = normalize(torch.stack([unit[labels == person].mean(0) for person in range(4)]))
    return unit @ centres.T


def test_arcface_is_its_formula(batch):
    """The logit of the own centre is s cos(theta + m), Deng et al. (2019), equation 3; the margin is in degrees."""
    vectors, labels = batch
    cosine = cosines(vectors, labels)
    own = torch.eye(4)[labels].bool()
    moved = torch.where(own, torch.cos(torch.acos(cosine) + 0.3), cosine)

    found = loss_of("arcface", vectors, labels, scale=10.0, margin=math.degrees(0.3))

    assert found.item() == pytest.approx(cross_entropy(10 * moved, labels).item(), rel=1e-5)


def test_cosface_is_its_formula(batch):
    """The logit of the own centre is s (cos(theta) - m), Wang et al. (2018), equation 4; the margin ramps."""
    vectors, labels = batch
    moved = cosines(vectors, labels) - 0.5 * 0.4 * torch.eye(4)[labels]

    found = loss_of("cosface", vectors, labels, scale=10.0, margin=0.4, margin_share=0.5)

    assert found.item() == pytest.approx(cross_entropy(10 * moved, labels).item(), rel=1e-5)


def test_supcon_is_its_formula(batch):
    """Khosla et al. (2020), equation 2."""
    vectors, labels = batch
    similar = 5.0 * normalize(vectors) @ normalize(vectors).T
    terms = []
    for i in range(12):
        others = [j for j in range(12) if j != i]
        whole = torch.logsumexp(similar[i, others], 0)
        terms.append(-torch.stack([similar[i, j] - whole for j in others if labels[j] == labels[i]]).mean())

    found = loss_of("supcon", vectors, labels, scale=5.0)

    assert found.item() == pytest.approx(torch.stack(terms).mean().item(), rel=1e-5)


def test_triplet_takes_the_hardest_of_the_batch(batch):
    """Hermans et al. (2017), equation 5, with cosines; the mean over triplets that violate the margin."""
    vectors, labels = batch
    similar = normalize(vectors) @ normalize(vectors).T
    violations = []
    for i in range(12):
        same = [similar[i, j] for j in range(12) if j != i and labels[j] == labels[i]]
        other = [similar[i, j] for j in range(12) if labels[j] != labels[i]]
        violations.append((max(other) - min(same) + 0.2).clamp(min=0))
    positive = [each for each in violations if each > 0]

    found = loss_of("triplet", vectors, labels)

    assert found.item() == pytest.approx(torch.stack(positive).mean().item(), rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_weights_count_photos(batch, name):
    """Equal weights change nothing, and no weight takes a photo's own term out."""
    vectors, labels = batch
    plain = loss_of(name, vectors, labels)

    assert loss_of(name, vectors, labels, weights=torch.full((12,), 3.0)).item() == pytest.approx(plain.item())
    one = torch.zeros(12)
    one[5] = 1.0
    assert loss_of(name, vectors, labels, weights=one).item() != pytest.approx(plain.item())
    assert loss_of(name, vectors, labels, weights=torch.zeros(12)).item() == 0
    most = torch.ones(12)
    most[5] = 0.0
    assert loss_of(name, vectors, labels, weights=11 * most + one).item() != pytest.approx(plain.item())


@pytest.mark.parametrize("name", ["arcface", "subcenter", "cosface"])
def test_a_vector_on_its_centre_has_a_finite_gradient(name):
    """The person of one photo starts there; the angle's slope is infinite."""
    vectors = torch.eye(3).requires_grad_()

    loss = FaceLoss(loss_settings(name, 3), people=3, dimension=3)
    loss.start_from(vectors, torch.arange(3), seed=0)
    loss(vectors, torch.arange(3)).backward()

    assert torch.isfinite(vectors.grad).all()


def test_numbers_that_are_none_are_seen():
    """A loss that is no number is not averaged away."""
    vectors = torch.eye(4)
    vectors[2, 1] = float("nan")

    assert not torch.isfinite(loss_of("arcface", vectors, torch.arange(4)))


def test_settings_follow_the_number_of_people():
    """Few people have a smaller scale and margin than those of the papers."""
    few, many = loss_settings("arcface", 99), loss_settings("arcface", MANY_PEOPLE)

    assert (few.scale, few.margin) == (24.0, 11.5)
    assert (many.scale, many.margin) == (64.0, 28.6)
    assert [loss_settings(name, 5).by_person for name in NAMES] == [True, True, True, False, False]


def test_the_draw_of_centres_leaves_torchs_generator_alone():
    """And the noise between sub-centres is the seed's."""
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    vectors, labels = torch.eye(4), torch.arange(4)
    made = []
    for seed in (1, 1, 2):
        loss = FaceLoss(loss_settings("subcenter", 4), people=4, dimension=4)
        loss.start_from(vectors, labels, seed=seed)
        made.append(next(loss.parameters()).detach().numpy().copy())

    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_a_triplet_weighs_what_its_anchor_does():
    """Two triplets of one pair, either as the anchor: 0.8 − 0.6 + 0.2 and 0.96 − 0.6 + 0.2."""
    vectors = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
    loss = FaceLoss(replace(loss_settings("triplet", 2), scale=1.0, margin=0.2), people=2, dimension=2)

    for weights, expected in (((1.0, 0.0, 0.0), 0.40), ((0.0, 1.0, 0.0), 0.56)):
        found = loss(vectors, torch.tensor([0, 0, 1]), weights=torch.tensor(weights))

        assert float(found) == pytest.approx(expected, abs=1e-5)
