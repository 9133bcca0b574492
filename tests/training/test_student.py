"""A student comes nearer to its teacher on faces without names, and says what it is."""

import math
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
import torch
from made_faces import SIZE, WholeCrop, WholePhoto, face_of, tiny_trunk

from facerec.embed.forward import forward_of
from facerec.errors import ArgumentError, DataSetError, OutputError, TransferError
from facerec.learning import checkpoint as checkpoints
from facerec.models.folder import Terms
from facerec.networks.architectures import KEPT, STUDENTS
from facerec.networks.backbone import load_backbone
from facerec.networks.preprocessing import Preprocessing
from facerec.photos.left_out import counts
from facerec.training.faces import hold_out, named, read_faces
from facerec.training.student import train_student, work_folder
from facerec.training.student_recipe import StudentRecipe
from facerec.training.student_start import Student, closed_form_head, load_student
from facerec.training.teacher import TeacherLoss, agreement, load_teacher, teacher_vectors
from facerec.types import Embedder

PHOTOS = 96


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Photos of faces, of which it is not said whose they are."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PHOTOS):
        PIL.Image.fromarray(face_of(number // 3, number, noise=10.0)).save(folder / f"{number:03d}.png")
    return folder


@pytest.fixture(scope="module")
def faces(photos, tmp_path_factory):
    """The same, aligned."""
    return read_faces(photos, detector=WholePhoto(), crop=WholeCrop(), cache=tmp_path_factory.mktemp("chips"))


@pytest.fixture(scope="module")
def teacher(faces):
    """A random network that counts the faces it sees; its vectors point everywhere, as those of a face network do."""
    trunk, head = tiny_trunk(5), torch.nn.Linear(16, 12)
    with torch.no_grad():
        features = trunk(torch.from_numpy(faces.chips.take(np.arange(PHOTOS))).permute(0, 3, 1, 2).float())
        torch.nn.init.orthogonal_(head.weight, generator=torch.Generator().manual_seed(1))
        head.weight /= features.std(dim=0)
        head.bias.copy_(-head.weight @ features.mean(dim=0))
    network = torch.nn.Sequential(trunk, head)
    forward = forward_of(network, flip=True)
    seen = []

    def counted(chips):
        seen.append(len(chips))
        return forward(chips)

    embedder = Embedder("old", "a" * 64, 12, WholeCrop(), counted)
    return SimpleNamespace(embedder=embedder, terms=Terms("CC0-1.0", "yes", "given away"), seen=seen)


def student() -> Student:
    """The tiny network at random."""
    backbone = SimpleNamespace(
        name="tiny.none",
        weights_sha256=None,
        resizable=True,
        preprocessing=Preprocessing(SIZE, SIZE, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bilinear"),
        trunk=lambda *, seed=0: tiny_trunk(seed),
    )
    return Student("tiny.none", "tiny", backbone, random=True)


def recipe(**changes) -> StudentRecipe:
    """A few steps."""
    usual = {"epochs": 6, "batch_size": 16, "learning_rate": 3e-3, "validation": 0.25, "precision": "float32"}
    return StudentRecipe(**(usual | changes))


def taught(faces, teacher, out, **changes):
    """A distillation to ``OUT/made``."""
    options = {key: changes.pop(key) for key in ("weights", "progress") if key in changes}
    return train_student(faces, teacher, student(), recipe(**changes), out=out / "made", device="cpu", **options)


@pytest.mark.parametrize("flip", [True, False])
def test_a_student_comes_nearer_to_its_teacher(faces, teacher, tmp_path, flip):
    """On faces that it did not learn from; the folder names the teacher, and what may be done with it."""
    made = taught(faces, teacher, tmp_path, flip=flip, epochs=30, patience=30)

    start, best = made.history[0], made.best
    assert best.number > 0
    assert best.cosine > start.cosine
    assert math.isnan(best.tmr)
    about = made.folder.description
    assert (about.flip, about.dimension, about.crop) == (flip, 12, faces.crop)
    assert [(parent.name, parent.role) for parent in about.parents] == [("old", "teacher")]
    assert about.terms.commercial == "unclear"
    assert not made.folder.points
    assert "nobody held out is named" in made.unmeasured[0]
    assert (made.work / "curves.html").exists()
    assert (made.work / "log.csv").read_text().count("\n") == len(made.history) + 1


def test_the_teacher_sees_each_face_once(faces, teacher, tmp_path):
    """Its vectors are kept, and a second student learns from those."""
    teacher.seen.clear()
    first = teacher_vectors(teacher.embedder, faces, cache=tmp_path)
    again = teacher_vectors(teacher.embedder, faces, cache=tmp_path)

    assert sum(teacher.seen) == PHOTOS
    np.testing.assert_array_equal(first, again)


def test_a_distillation_that_was_cut_off_goes_on(faces, teacher, tmp_path, monkeypatch):
    """The bits of its weights are those of one that was not."""
    whole = taught(faces, teacher, tmp_path / "whole", epochs=3)

    monkeypatch.setattr(checkpoints, "_SAVE_EVERY_SECONDS", 0.0)

    def fall(progress):
        if progress.step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taught(faces, teacher, tmp_path / "cut", epochs=3, progress=fall)
    done = taught(faces, teacher, tmp_path / "cut", epochs=3)

    assert done.folder.description.weights.sha256 == whole.folder.description.weights.sha256
    assert [epoch.cosine for epoch in done.history] == [epoch.cosine for epoch in whole.history]


def test_another_training_is_not_gone_on_with(faces, teacher, tmp_path, monkeypatch):
    """A checkpoint says what it is of."""
    monkeypatch.setattr(checkpoints, "_SAVE_EVERY_SECONDS", 0.0)

    def fall(progress):
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taught(faces, teacher, tmp_path, progress=fall)
    with pytest.raises(TransferError, match="recipe"):
        taught(faces, teacher, tmp_path, relation=0.5)
    assert work_folder(tmp_path / "made").is_dir()


def test_weights_of_faces_count(faces, teacher, tmp_path):
    """Equal weights are none; others end elsewhere."""
    plain, equal, other = (
        taught(faces, teacher, tmp_path / name, epochs=1, weights=weights).history[1].training_loss
        for name, weights in (
            ("plain", None),
            ("equal", np.ones(PHOTOS, np.float32)),
            ("other", np.linspace(0.1, 2, PHOTOS, dtype=np.float32)),
        )
    )

    assert plain == equal != other


def test_who_is_named_is_held_out_whole_and_measured(photos, teacher, tmp_path):
    """A CSV may name some: their true match rate is measured, and nobody is on both sides."""
    rows = ["image,subject,group"]
    rows += [f"{n:03d}.png,{f'p{n // 3}' if n < 90 else ''},{'ab'[n % 2]}" for n in range(PHOTOS)]
    table = photos.parent / "some_names.csv"
    table.write_text("\n".join(rows) + "\n")

    some = read_faces(table, root=photos, detector=WholePhoto(), crop=WholeCrop(), cache=tmp_path / "chips")
    split = hold_out(some, seed=0, share=0.3)
    made = taught(some, teacher, tmp_path, epochs=1, validation=0.3, fmr=0.1)

    assert int(named(some).sum()) == 90
    assert not set(some.labels[split.train]) & set(some.labels[split.validation])
    assert 0 <= made.best.tmr <= 1
    assert (made.work / "validation_scores.csv").exists()


def test_the_same_photo_twice_counts_once(photos, tmp_path):
    """Where nobody is named, a copy is a copy, not a photo under two names."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(10):
        (folder / f"{number}.png").write_bytes((photos / f"{number % 8:03d}.png").read_bytes())

    found = read_faces(folder, detector=WholePhoto(), crop=WholeCrop(), cache=tmp_path / "chips")

    assert (len(found.files), counts(found.left_out)) == (8, {"twice": 2})


def test_too_few_faces(photos, tmp_path, draw):
    """Told with what was skipped; neither a folder nor a CSV is told, too."""
    few = tmp_path / "few"
    few.mkdir()
    PIL.Image.fromarray(np.zeros((24, 24, 3), np.uint8)).save(few / "black.png")
    read = {"detector": WholePhoto(), "crop": WholeCrop(), "cache": tmp_path / "chips"}

    with pytest.raises(
        DataSetError,
        match=r"at least 8 are needed; left out: 1 file \(1 no usable face\), the first is no face found in black",
    ):
        read_faces(few, **read)
    with pytest.raises(DataSetError, match="expected a folder of photos, or a CSV file with the column image"):
        read_faces(tmp_path / "nothing", **read)


def test_bad_input(faces, teacher, tmp_path):
    """Ranges, a folder that exists, and faces that were cut for another embedder."""
    for changes in ({"relation": -1.0}, {"colour": 1.0}, {"validation": 0.0}, {"epochs": 0}):
        with pytest.raises(ArgumentError, match=next(iter(changes))):
            recipe(**changes)
    (tmp_path / "made").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        taught(faces, teacher, tmp_path)
    other = Embedder("other", "b" * 64, 4, WholeCrop(name="box-30-margin-0 v1"), teacher.embedder.forward)
    with pytest.raises(ArgumentError, match="other was trained on box-30-margin-0 v1; the faces are box-24"):
        teacher_vectors(other, faces, cache=tmp_path)


def test_teacher_loss_by_hand():
    """Two vectors at right angles, the teacher's at a cosine of 0.6: 1 - cos is 0 and 0.2, the pair is off by 0.6."""
    targets = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    vectors = torch.tensor([[3.0, 0.0], [0.0, 2.0]])
    labels = torch.tensor([0, 1])

    plain = TeacherLoss(targets, relation=0.0)(vectors, labels).item()
    related = TeacherLoss(targets, relation=2.0)(vectors, labels).item()
    weighted = TeacherLoss(targets, relation=0.0)(vectors, labels, weights=torch.tensor([3.0, 1.0])).item()

    assert (plain, related, weighted) == pytest.approx((0.1, 0.82, 0.05))


def test_agreement_by_hand():
    """A student turned by a right angle has no cosine to the teacher and all its pairs."""
    teacher = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    turned = teacher @ np.array([[0, 1], [-1, 0]], np.float32)

    found = agreement(turned, teacher)

    assert found.cosine == pytest.approx(0, abs=1e-7)
    assert found.apart == pytest.approx(0, abs=1e-7)


def test_the_closed_form_is_the_least_squares_map():
    """Where targets are a linear map of many features, it is found but for the ridge."""
    rng = np.random.default_rng(0)
    x, matrix, shift = rng.normal(size=(4000, 6)), rng.normal(size=(3, 6)), rng.normal(size=3)

    found, moved = closed_form_head(x.astype(np.float32), (x @ matrix.T + shift).astype(np.float32))

    np.testing.assert_allclose(found, matrix / 1.01, rtol=5e-3)
    np.testing.assert_allclose(moved, shift, atol=2e-2)


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_shorter_student_has_its_parents_blocks(name):
    """Stem and kept blocks are the parent's to the bit."""
    short = load_student(name)
    trunk, parent = short.trunk(seed=0, size=150), load_backbone("dlib_resnet").trunk()

    blocks = [block for name, level in trunk.body.items() if name != "stem" for block in level]
    theirs = [block for name, level in parent.body.items() if name != "stem" for block in level]
    assert len(blocks) == len(KEPT[name]) < len(theirs)
    for block, place in zip(blocks, KEPT[name], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(block.parameters(), theirs[place].parameters(), strict=True))


def test_half_the_filters_start_at_random():
    """Under a name that says so; there are no weights for half of them."""
    half = load_student("dlib_resnet_half.none")
    assert half.random
    assert half.trunk(seed=0, size=150).dimension == STUDENTS["dlib_resnet_half"][-1][0] == 128
    for name in ("dlib_resnet_half", "dlib_resnet_short.v2"):
        with pytest.raises(ArgumentError, match="there are no weights for"):
            load_student(name)


def test_teachers_by_name(tmp_path, monkeypatch):
    """The default embedder under either spelling, with its terms; others are told."""
    monkeypatch.setenv("FACEREC_MODELS", str(tmp_path))
    assert load_teacher("dlib_resnet").embedder.digest == load_teacher("dlib-resnet").embedder.digest
    assert load_teacher("dlib-resnet").terms.commercial == "yes"
    with pytest.raises(ArgumentError, match="did you mean 'dlib-resnet'"):
        load_teacher("dlib_resnett")


def test_kept_vectors_are_of_their_faces_and_their_teacher(faces, teacher, photos, tmp_path):
    """One cache for two sets of faces of one size, and for two teachers: each gets its own."""
    order = np.arange(len(faces.files))[::-1]
    others = SimpleNamespace(
        files=faces.files, crop=faces.crop, digest="0" * 64, name="others", chips=SimpleNamespace(
            take=lambda indices: faces.chips.take(order[indices])
        ),
    )  # fmt: skip

    first = teacher_vectors(teacher.embedder, faces, cache=tmp_path)
    second = teacher_vectors(teacher.embedder, others, cache=tmp_path)

    np.testing.assert_allclose(second, first[::-1], atol=1e-6)
    assert not np.allclose(first, second)
