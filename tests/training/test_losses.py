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


@pytest.mark.parametrize(
    ("name", "few", "many"),
    [
        ("arcface", (24.0, 11.5), (64.0, 28.6)),
        ("subcenter", (24.0, 11.5), (64.0, 28.6)),
        ("cosface", (24.0, 0.2), (64.0, 0.35)),
        ("supcon", (10.0, 0.0), (10.0, 0.0)),
        ("triplet", (1.0, 0.2), (1.0, 0.2)),
    ],
)
def test_usual_numbers_are_those_of_the_papers(name, few, many):
    """As the documentation cites them: the papers' from 10,000 people on, smaller ones for fewer."""
    for people, wanted in ((2, few), (9_999, few), (10_000, many)):
        settings = loss_settings(name, people)
        assert (settings.scale, settings.margin) == wanted


@pytest.mark.parametrize(
    ("gap", "scale", "margin"),
    [(2.0, 10.0, 6.0), (0.9, 10.0, 6.0), (0.45, 20.0, 3.0), (0.09, 100.0, 0.6), (0.01, 120.0, 0.5), (-1, 120.0, 0.5)],
)
def test_a_narrow_cone_has_a_larger_scale(gap, scale, margin):
    """0.9 by the gap, from 1 to 12: the scale grows by it, and the margin shrinks."""
    found = replace(loss_settings("arcface", 5), scale=10.0, margin=6.0).narrowed(gap)

    assert (found.name, found.scale, found.margin) == ("arcface", scale, margin)


def test_sub_centres_are_a_little_apart_and_the_nearest_counts(batch):
    """Three near each person's mean, no two alike; the logit is that of the nearest, the margin on the own one."""
    vectors, labels = torch.randn(12, 40, generator=torch.Generator().manual_seed(3)), batch[1]
    loss = FaceLoss(replace(loss_settings("subcenter", 4), scale=8.0, margin=10.0), people=4, dimension=40)
    loss.start_from(vectors, labels, seed=0)
    (weight,) = loss.parameters()
    centres = normalize(weight.detach().T).reshape(4, 3, 40)
    means = normalize(torch.stack([normalize(vectors)[labels == person].mean(0) for person in range(4)]))

    to_mean = torch.einsum("pcd,pd->pc", centres, means)
    assert 0.9 < to_mean.min() < to_mean.max() < 0.99
    assert all((centres[person] @ centres[person].T - torch.eye(3)).max() < 0.99 for person in range(4))
    cosine = torch.einsum("nd,pcd->npc", normalize(vectors), centres).amax(dim=2)
    own = torch.eye(4)[labels].bool()
    moved = torch.where(own, torch.cos(torch.acos(cosine) + math.radians(10.0)), cosine)
    assert loss(vectors, labels).item() == pytest.approx(cross_entropy(8 * moved, labels).item(), rel=1e-4)


@pytest.mark.parametrize("name", ["arcface", "cosface"])
def test_weights_are_of_the_mean(batch, name):
    """The sum of weight times loss over the sum of weights, each photo's loss that of a batch of its own."""
    vectors, labels = batch
    loss = FaceLoss(loss_settings(name, 4), people=4, dimension=5)
    loss.start_from(vectors, labels, seed=0)
    weights = torch.linspace(0.2, 3, 12)
    alone = torch.stack([loss(vectors[[n]], labels[[n]]) for n in range(12)])

    assert loss(vectors, labels, weights=weights).item() == pytest.approx(
        ((weights * alone).sum() / weights.sum()).item(), rel=1e-4
    )


def test_the_margin_and_its_share_of_triplets(batch):
    """Triplets violate the share of the margin that counts."""
    vectors, labels = batch
    plain = [
        loss_of("triplet", vectors, labels, margin=margin, margin_share=share)
        for margin, share in ((0.3, 1.0), (0.6, 0.5))
    ]

    assert plain[0].item() == pytest.approx(plain[1].item())
    assert loss_of("triplet", vectors, labels, margin=0.6).item() > plain[0].item()


def test_angles_are_exact_close_to_a_centre():
    """At a cosine of 0.9998 the logit is still s cos(theta + m)."""
    angle, margin = 0.02, math.radians(11.5)
    loss = FaceLoss(replace(loss_settings("arcface", 2), scale=2.0), people=2, dimension=2)
    loss.start_from(torch.eye(2), torch.arange(2), seed=0)
    logits = 2 * torch.tensor([[math.cos(angle + margin), math.sin(angle)]])

    found = loss(torch.tensor([[math.cos(angle), math.sin(angle)]]), torch.tensor([0]))

    assert found.item() == pytest.approx(cross_entropy(logits, torch.tensor([0])).item(), rel=1e-4)
