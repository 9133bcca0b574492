"""A distillation under way: colours, sides, who is measured, where the head starts, and what must stay the same."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
import torch
from made_faces import SIZE, WholeCrop, WholePhoto, face_of, tiny_trunk

from facerec.embed.forward import forward_of
from facerec.embed.trained import network_forward
from facerec.errors import ArgumentError, TransferError
from facerec.measure.tables import read, stamp_of
from facerec.models.folder import Terms
from facerec.networks.backbone import load_backbone
from facerec.networks.preprocessing import Preprocessing
from facerec.training import student as distil
from facerec.training.faces import named, read_faces
from facerec.training.student_loop import StudentEpoch, StudentLoop
from facerec.training.student_recipe import StudentRecipe
from facerec.training.student_start import Student, load_student
from facerec.types import Embedder

PHOTOS = 90


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Ninety photos, three of each person; of the last ten people nobody knows who they are."""
    folder = tmp_path_factory.mktemp("faces")
    rows = ["image,subject,side"]
    for n in range(PHOTOS):
        PIL.Image.fromarray(face_of(n // 3, n, noise=10.0)).save(folder / f"{n:02d}.png")
        rows.append(f"{n:02d}.png,{f'p{n // 3:02d}' if n < 60 else ''},{'ab'[n % 2]}")
    (folder / "faces.csv").write_text("\n".join(rows) + "\n")
    return read_faces(folder / "faces.csv", detector=WholePhoto(), crop=WholeCrop(), cache=folder / "chips")


def teacher(digest="a", head=1):
    """A random head on the trunk that the student starts from; it sees bare pixels."""
    layer = torch.nn.Linear(16, 12)
    generator = torch.Generator().manual_seed(head)
    torch.nn.init.normal_(layer.weight, generator=generator)
    torch.nn.init.normal_(layer.bias, generator=generator)
    with torch.no_grad():
        layer.bias *= 20
    forward = forward_of(torch.nn.Sequential(tiny_trunk(5), layer).eval(), flip=True)
    embedder = Embedder("old", digest * 64, 12, WholeCrop(), forward)
    return SimpleNamespace(embedder=embedder, terms=Terms("CC0-1.0", "yes", "given away"))


def student(*, weights=None, random=True, name="tiny.none", crop=SIZE):
    """The teacher's own trunk, which takes its pixels as they are."""
    backbone = SimpleNamespace(
        name=name, weights_sha256=weights, resizable=True,
        preprocessing=Preprocessing(crop, crop, (0.0,) * 3, (1 / 255, 1 / 255, 1 / 255), "bilinear"),
        trunk=lambda **_: tiny_trunk(5),
    )  # fmt: skip
    return Student(name, "tiny", backbone, random=random)


def recipe(**changes):
    """A few steps."""
    usual = {
        "epochs": 2,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "validation": 0.4,
        "precision": "float32",
        "fmr": 0.05,
    }
    return StudentRecipe(**(usual | changes))


@pytest.fixture
def run(faces, tmp_path, monkeypatch):
    """A distillation and its loop."""
    loops = []
    monkeypatch.setattr(distil, "StudentLoop", lambda *a, **k: loops.append(StudentLoop(*a, **k)) or loops[-1])

    def start(name="run", *, by=None, of=None, seen=faces, progress=None, weights=None, size=None, **changes):
        made = distil.train_student(
            seen, by or teacher(), of or student(), recipe(**changes), out=tmp_path / name, device="cpu",
            progress=progress, weights=weights, size=size, data_terms="by consent", command="facerec distil",
        )  # fmt: skip
        return SimpleNamespace(made=made, loop=loops[-1])

    return start


def test_the_head_starts_at_the_teachers_own(run, faces, monkeypatch):
    """The trunk is the teacher's, so the closed form finds its head; learned from are those who are not held out."""
    rows = []
    form = distil.closed_form_head
    monkeypatch.setattr(distil, "closed_form_head", lambda x, y: rows.append((x, y)) or form(x, y))

    made = run().made

    assert made.history[0].cosine > 0.99
    ((features, targets),) = rows
    assert len(features) == len(targets) == 2 * len(made.split.train)
    with torch.no_grad():
        chips = torch.from_numpy(faces.chips.take(made.split.train)).permute(0, 3, 1, 2).float()
        sides = [tiny_trunk(5)(each) for each in (chips, chips.flip(3))]
    np.testing.assert_allclose(features, torch.cat(sides), rtol=1e-3, atol=1e-2)
    assert np.array_equal(targets[: len(made.split.train)], targets[len(made.split.train) :])


@pytest.mark.parametrize("flip", [True, False])
def test_an_epoch_measures_what_the_model_gives(run, faces, flip):
    """Vectors of the loop are the embedder's; rates are those of the table of the named people who were held out."""
    found = run(flip=flip, epochs=3, patience=3)
    made, loop = found.made, found.loop
    photos = made.split.validation

    forward = network_forward(loop.network, made.folder.description.pixels, flip=flip)(faces.chips.take(photos))
    loop.network.train()
    vectors = loop.vectors(photos).numpy()
    np.testing.assert_allclose(vectors, forward / np.linalg.norm(forward, axis=1, keepdims=True), atol=1e-5)
    table = read(made.work / "validation_scores.csv")
    scores, genuine = table["score"].to_numpy(), table["genuine"].to_numpy()
    threshold = np.sort(scores[~genuine])[-int(0.05 * (~genuine).sum())]
    assert made.best.threshold == pytest.approx(threshold, abs=1e-5)
    assert made.best.tmr == pytest.approx((scores[genuine] >= threshold - 1e-6).mean())
    known = photos[named(faces)[photos]]
    assert 0 < len(known) < len(photos)
    assert {*table["probe_image"], *table["reference_image"]} == {faces.files[photo] for photo in known}
    assert stamp_of(table).embedder_digest == made.folder.description.digest
    assert made.folder.points
    assert {point.matcher.embedder_digest for point in made.folder.points} == {made.folder.description.digest}


def test_colours_change_by_as_much_as_the_recipe_says(run):
    """Each photo has a contrast and a brightness of its own, within the share and a quarter of it; only in training."""
    loop = run(colour=0.2, epochs=1).loop
    torch.manual_seed(0)
    dark, light = (torch.full((400, 3, 2, 2), value) for value in (0.0, 100.0))

    state = torch.get_rng_state()
    shift = loop._recoloured(dark)
    torch.set_rng_state(state)
    contrast = (loop._recoloured(light) - shift) / 100

    assert shift.flatten(1).std(dim=1).max() < 1e-3
    assert contrast.flatten(1).std(dim=1).max() < 1e-5
    for values, middle, most in ((shift[:, 0, 0, 0], 0.0, 0.2 * 255 / 4), (contrast[:, 0, 0, 0], 1.0, 0.2)):
        assert (values - middle).abs().max() <= most * 1.001
        assert (values - middle).max() > 0.9 * most
        assert (values - middle).min() < -0.9 * most
    assert not torch.allclose(shift[:, 0, 0, 0] / 12.75, 5 * (contrast[:, 0, 0, 0] - 1), atol=0.1)
    x = torch.rand(2, 3, SIZE, SIZE)
    assert torch.equal(loop.network.eval()(x), loop._forward(x))
    loop.network.train()
    for module in loop.network.modules():
        module.training = module is loop.network
    assert not torch.allclose(loop.network(x), loop._forward(x))


def test_colours_are_changed_in_the_scale_of_the_pixels(run):
    """Where pixels are divided by more, the same brightness is less."""
    of = student()
    of.backbone.preprocessing = Preprocessing(SIZE, SIZE, (0.0,) * 3, (10 / 255, 20 / 255, 40 / 255), "bilinear")
    loop = run(of=of, colour=0.2, epochs=1).loop

    shift = loop._recoloured(torch.zeros(5, 3, 1, 1))[:, :, 0, 0]

    torch.testing.assert_close(shift[:, :1] * 10, shift[:, 1:2] * 20)
    torch.testing.assert_close(shift[:, :1] * 10, shift[:, 2:] * 40)


def test_weights_of_faces_that_are_held_out_change_nothing(run):
    """Those of the others do."""
    plain = run("plain", weights=np.ones(PHOTOS, np.float32))
    held, learned = np.ones(PHOTOS, np.float32), np.ones(PHOTOS, np.float32)
    held[plain.made.split.validation] = 9.0
    learned[plain.made.split.train[::2]] = 9.0

    losses = [run(str(n), weights=each).made.history[1].training_loss for n, each in enumerate((held, learned))]

    assert losses[0] == plain.made.history[1].training_loss != losses[1]


def test_the_best_epoch_is_the_nearest_to_the_teacher(run):
    """By the mean cosine, of equal ones the first, whatever the rates."""
    loop = run(epochs=1).loop
    rows = ((0.5, 0.9), (0.8, 0.1), (0.8, 0.5), (0.7, 1.0))
    loop.history = [
        StudentEpoch(n, n, 0.0, 0, 0.0, None, tmr, 0.0, 0.0, 0.0, cosine=cosine, apart=0.0)
        for n, (cosine, tmr) in enumerate(rows)
    ]

    assert loop.best_epoch.number == 1
    assert loop.epochs == loop.history


@pytest.mark.parametrize("changed", ["recipe", "student", "weights", "teacher", "size", "data", "counts"])
def test_another_distillation_is_not_gone_on_with(run, faces, changed):
    """A checkpoint is of all that decides it."""

    def fall(progress):
        if progress.step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=fall, epochs=4)
    changes = {
        "recipe": {"relation": 0.5},
        "student": {"of": student(name="other.none")},
        "weights": {"of": student(weights="1" * 64)},
        "teacher": {"by": teacher("b")},
        "size": {"size": 20},
        "data": {"seen": replace(faces, digest="0" * 64)},
        "counts": {"weights": np.ones(PHOTOS, np.float32)},
    }

    with pytest.raises(TransferError, match=rf"its {changed} differ"):
        run(**{"epochs": 4, **changes[changed]})


def test_the_card_says_what_was_done(run, faces):
    """Teacher, student, numbers of photos, and how near the chosen epoch is; parents are those whose weights it has."""
    more, by = replace(faces, photos=PHOTOS + 7), teacher()
    of = student(weights="1" * 64, random=False, name="lite")
    before = torch.get_rng_state()
    made = run(seen=more, by=by, of=of, relation=0.5, colour=0.1, seed=4).made

    assert torch.equal(torch.get_rng_state(), before)
    about, split = made.folder.description, made.split
    details = about.training.details
    known = split.validation[named(faces)[split.validation]]
    wanted = {
        "teacher": "old",
        "student": "lite",
        "photos learned from": len(split.train),
        "photos validated on": len(split.validation),
        "compared in every epoch": f"all {len(split.validation)} photos",
        "in the score table": f"all {len(known)} photos",
        "photos left out": 7,
        "input in pixels": SIZE,
        "weight of pairs in the loss": 0.5,
        "change of colours": 0.1,
        "epochs at most": 2,
        "epoch chosen": made.best.number,
        "mean cosine to the teacher": made.best.cosine,
        "error of the pairs' cosines": made.best.apart,
    }
    assert {name: details[name] for name in wanted} == wanted
    assert [(each.name, each.digest, each.role) for each in about.parents] == [
        ("old", "a" * 64, "teacher"),
        ("lite", "1" * 64, "start"),
    ]
    assert about.terms.licence == "that of who trained it; it learned from old: CC0-1.0"
    assert (about.training.seed, about.training.command, about.training.data_terms) == (
        4,
        "facerec distil",
        "by consent",
    )
    rates = [point.target_fmr for point in made.folder.points]
    assert rates[0] == 0.05
    assert len(rates) + len(made.unmeasured) == 4


@pytest.mark.parametrize(
    ("architecture", "wanted", "side"),
    [("tiny", None, 150), ("tiny", 96, 96), ("vit_b_16", None, 224), ("vit_b_16", 224, 224)],
)
def test_the_side_of_a_students_input(architecture, wanted, side):
    """That of the chips or the one asked for; a transformer's own."""
    of = replace(student(crop=224), architecture=architecture)

    assert distil._side(of, 150, wanted) == side
    if architecture != "tiny":
        with pytest.raises(ArgumentError, match="takes images of 224 pixels; got a size of 96"):
            distil._side(of, 150, 96)


def test_a_shorter_student_has_its_parents_stem():
    """The first filters are the parent's to the bit; half the filters are the seed's, and torch's draws go on."""
    stem = load_student("dlib_resnet_short").trunk(seed=0, size=150).body["stem"].state_dict()
    theirs = load_backbone("dlib_resnet").trunk().body["stem"].state_dict()
    assert all(torch.equal(stem[name], theirs[name]) for name in theirs)
    half = load_student("dlib_resnet_half.none")
    before = torch.get_rng_state()
    one, same, other = (half.trunk(seed=seed, size=150).body["stem"][0].weight for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
