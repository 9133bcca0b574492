"""What a teacher says, and how far a student is from it, counted pair by pair."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from facerec.learning import feature_cache
from facerec.training.teacher import TeacherLoss, agreement, teacher_vectors


def units(seed, shape):
    """Random vectors of unit length."""
    vectors = np.random.default_rng(seed).normal(size=shape)
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("relation", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("weights", [None, (1.0, 0.5, 2.0, 0.0, 3.0)])
def test_the_loss_is_its_sum_over_photos_and_pairs(relation, weights):
    """The weighted mean of 1 - cos, and `relation` times that of the pairs' squared differences of cosines."""
    targets, labels = units(0, (9, 4)), [3, 8, 0, 5, 1]
    vectors = 3 * np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    own, count = vectors / np.linalg.norm(vectors, axis=1, keepdims=True), weights or (1.0,) * 5
    theirs = targets[labels]
    near = sum(count[i] * (1 - own[i] @ theirs[i]) for i in range(5)) / sum(count)
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    off = sum(count[i] * count[j] * (own[i] @ own[j] - theirs[i] @ theirs[j]) ** 2 for i, j in pairs)
    wanted = near + relation * off / sum(count[i] * count[j] for i, j in pairs)

    found = TeacherLoss(torch.from_numpy(targets), relation=relation)(
        torch.from_numpy(vectors), torch.tensor(labels), weights=None if weights is None else torch.tensor(weights)
    )

    assert found.item() == pytest.approx(wanted, rel=1e-5)


def test_a_photo_alone_has_no_pairs():
    """Its loss is 1 - cos, whatever a pair counts."""
    loss = TeacherLoss(torch.tensor([[0.6, 0.8]]), relation=5.0)

    assert loss(torch.tensor([[2.0, 0.0]]), torch.tensor([0])).item() == pytest.approx(0.4)


def test_agreement_is_counted_face_by_face_and_pair_by_pair():
    """The mean cosine of a face's two vectors, and the root of the mean square difference of each pair's cosines."""
    student, teacher = units(2, (6, 5)), units(3, (6, 5))
    off = [student[i] @ student[j] - teacher[i] @ teacher[j] for i in range(6) for j in range(i)]

    found = agreement(student, teacher)

    assert found.cosine == pytest.approx(np.mean([a @ b for a, b in zip(student, teacher, strict=True)]), abs=1e-6)
    assert found.apart == pytest.approx(np.sqrt(np.mean(np.square(off))), abs=1e-6)
    assert found.faces == 6


def test_the_teacher_sees_all_faces_in_their_order(tmp_path):
    """In parts of 64, the last one too; who waits is told how many are done, and the folder whose vectors it holds."""
    faces = SimpleNamespace(
        files=("x",) * 150, crop="c", digest="0" * 64, name="crowd", chips=SimpleNamespace(take=lambda places: places)
    )
    asked, told = [], []

    def teacher(places):
        asked.append(len(places))
        return np.stack([places, places + 1], axis=1).astype(np.float32)

    teacher.name, teacher.digest, teacher.crop = "old", "1" * 64, SimpleNamespace(name="c")

    found = teacher_vectors(teacher, faces, cache=tmp_path, progress=lambda *of: told.append(of))

    assert found[:, 0].tolist() == list(range(150))
    assert asked == [64, 64, 22]
    assert told == [(64, 150), (128, 150), (150, 150)]
    (about,) = tmp_path.glob("*.json")
    assert '"about": "crowd: vectors of old"' in about.read_text()
    assert 0 <= feature_cache.read(tmp_path, about.stem).seconds < 60


def test_vectors_are_kept_for_one_teacher_and_one_set_of_faces(tmp_path):
    """Another teacher of the same name, and other faces, are looked at anew; the same ones are not."""
    asked = []

    def vectors(digest, faces):
        def teacher(places):
            asked.append((digest, faces))
            return np.full((len(places), 2), len(asked), np.float32)

        teacher.name, teacher.digest, teacher.crop = "old", digest, SimpleNamespace(name="c")
        some = SimpleNamespace(
            files=("x",) * 3, crop="c", digest=faces, name="crowd", chips=SimpleNamespace(take=lambda places: places)
        )
        return teacher_vectors(teacher, some, cache=tmp_path)[0, 0]

    found = [vectors(*each) for each in [("1" * 64, "a" * 64), ("2" * 64, "a" * 64), ("1" * 64, "b" * 64)] * 2]

    assert found == [1, 2, 3] * 2
    assert len(asked) == 3
