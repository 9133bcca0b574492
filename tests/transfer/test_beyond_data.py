"""Scenes made on the spot, and folders in COCO's format with everything that can be wrong with them."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as outlines

from facerec.errors import ArgumentError, DataSetError
from facerec.transfer.beyond.annotations import Annotation, checked_annotation, painted
from facerec.transfer.beyond.coco_folder import read_coco_folder
from facerec.transfer.beyond.scenes import IGNORED
from facerec.transfer.beyond.shapes import shapes


def test_shapes_are_where_their_boxes_say() -> None:
    """Every box is tight around pixels of its class, parts do not overlap, some scenes are empty."""
    made = shapes(64, size=64, seed=2)

    assert sorted([*made.train, *made.validation, *made.test]) == list(range(64))
    assert any(not len(each.labels) for each in made.objects)
    for mask, objects in zip(made.masks, made.objects, strict=True):
        for (left, top, right, bottom), label in zip(objects.boxes.astype(int), objects.labels, strict=True):
            inside = mask[top:bottom, left:right] == label
            assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))
    assert set(np.unique(made.masks)) == {0, 1, 2, 3, 4}


def test_shapes_are_the_same_for_the_same_seed() -> None:
    """Equal seeds give equal scenes, more scenes begin with the same ones, another seed gives others."""
    made, again, more, other = (
        shapes(16, size=64),
        shapes(16, size=64),
        shapes(20, size=64),
        shapes(16, size=64, seed=1),
    )

    assert made.digest == again.digest != other.digest
    assert np.array_equal(made.pixels, more.pixels[:16])


def test_colour_does_not_tell_the_shape() -> None:
    """Mean colours inside shapes of two classes differ by no more than chance: the outline must be learned."""
    made = shapes(128, size=64, seed=4)
    means = [
        np.stack(
            [
                pixels[mask == label].mean(axis=0)
                for pixels, mask in zip(made.pixels, made.masks, strict=True)
                if (mask == label).any()
            ]
        )
        for label in (1, 4)
    ]
    spread = np.sqrt(sum(each.var(axis=0) / len(each) for each in means))

    assert (abs(means[0].mean(axis=0) - means[1].mean(axis=0)) / spread < 4).all()


def test_too_few_shapes_are_refused() -> None:
    """The message says how many there must be."""
    with pytest.raises(ArgumentError, match="16 scenes and 32 pixels"):
        shapes(3)


@pytest.fixture
def folder(tmp_path):
    """Twelve photos of 40 × 20 pixels, each with a white rectangle, and annotations as a function of changes."""
    (tmp_path / "images").mkdir()
    photos, annotations = [], []
    for number in range(12):
        pixels = np.full((20, 40, 3), 10 * number, np.uint8)
        pixels[5:15, 10:30] = 255
        Image.fromarray(pixels).save(tmp_path / "images" / f"{number}.png")
        photos.append({"id": number, "file_name": f"{number}.png", "width": 40, "height": 20})
        outline = [[10, 5, 30, 5, 30, 15, 10, 15]]
        row = {"id": number, "image_id": number, "category_id": 7, "bbox": [10, 5, 20, 10], "segmentation": outline}
        annotations.append(row)
    document = {"images": photos, "annotations": annotations, "categories": [{"id": 7, "name": "a <b>"}, {"id": 9}]}

    def write(change=lambda _document: None, name="annotations.json"):
        change(document)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")
        return tmp_path

    return write


def test_a_coco_folder_is_read(folder) -> None:
    """Photos keep their shape on a square, boxes and masks lie on what they are of, what is beside is ignored."""
    scenes = read_coco_folder(folder(), size=64)

    assert (len(scenes), scenes.classes, scenes.outlined, scenes.made, scenes.problems) == (
        12,
        ("a <b>",),
        True,
        False,
        (),
    )
    for pixels, mask, objects in zip(scenes.pixels, scenes.masks, scenes.objects, strict=True):
        assert objects.boxes.tolist() == [[16, 8, 48, 24]]
        assert (mask[8:24, 16:48] == 1).all()
        assert (mask == 1).sum() == 16 * 32
        assert (mask[32:] == IGNORED).all()
        assert (pixels[10:22, 18:46] == 255).all()


def test_what_is_wrong_is_counted(folder) -> None:
    """Each bad photo or annotation is skipped with a reason, and the good ones are read."""

    def spoil(document):
        photos, annotations = document["images"], document["annotations"]
        photos[0]["file_name"] = "gone.png"
        photos[1]["width"] = 41
        photos[2] = {"id": 2, "file_name": "2.png"}
        photos.append({"id": 3, "file_name": "3.png", "width": 40, "height": 20})
        good = annotations[5]
        for change in (
            {"bbox": [1, 2, 3]},
            {"bbox": [1, 2, float("nan"), 4]},
            {"bbox": [50, 2, 3, 4]},
            {"category_id": 8},
            {"image_id": 99},
            {"segmentation": [[1, 2, 3]]},
            {"segmentation": {"size": [20, 40], "counts": "~~~"}},
            {"segmentation": {"size": [20, 40], "counts": [1, 2]}},
        ):
            annotations.append(good | change)
        annotations.append("no object")

    root = folder(spoil)
    (root / "images/4.png").write_bytes(b"no photo")
    problems = dict(read_coco_folder(root, size=64).problems)

    assert problems["photo: there is no such file in the folder"] == 1
    assert problems["photo: its size is not what the annotations say"] == 1
    assert problems["photo without its width and height"] == 1
    assert problems["photo with the id of another"] == 1
    assert problems["annotation whose box is not four numbers"] == 2
    assert problems["annotation whose box is empty or outside its photo"] == 1
    assert problems["annotation of a category that is not listed"] == 1
    assert problems["annotation of a photo that is not listed"] == 3  # one was photo 2's, one is no object
    assert problems["annotation whose outline is neither polygons nor runs of its photo's size"] == 3
    assert sum(problems.values()) == 15


def test_a_name_does_not_lead_out_of_the_folder(folder, tmp_path_factory) -> None:
    """A photo outside the folder is not read, whether its name climbs or is absolute."""
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    Image.fromarray(np.zeros((20, 40, 3), np.uint8)).save(outside)

    def climb(document):
        document["images"][0]["file_name"] = str(outside)
        document["images"][1]["file_name"] = f"../../{outside.parent.name}/secret.png"
        document["images"][2]["file_name"] = "x" * 400

    assert dict(read_coco_folder(folder(climb), size=64).problems) == {"photo: there is no such file in the folder": 3}


def test_crowds_and_empty_photos(folder) -> None:
    """A crowd is ignored in the mask and marked; a photo without annotations is a scene without objects."""

    def change(document):
        document["annotations"][0]["iscrowd"] = 1
        del document["annotations"][1]

    scenes = read_coco_folder(folder(change), size=64)
    crowds = [place for place, each in enumerate(scenes.objects) if each.crowd.any()]
    empty = [place for place, each in enumerate(scenes.objects) if not len(each.labels)]

    assert (len(crowds), len(empty)) == (1, 1)
    assert (scenes.masks[crowds[0]][8:24, 16:48] == IGNORED).all()
    assert (scenes.masks[empty[0]][:32] == 0).all()
    assert not len(scenes.objects[crowds[0]].single.labels)


def test_boxes_without_outlines(folder) -> None:
    """Without any outline there is nothing to segment; one that lacks its own is ignored and told."""
    some = read_coco_folder(folder(lambda document: document["annotations"][0].pop("segmentation")), size=64)
    none = read_coco_folder(
        folder(lambda document: [each.pop("segmentation", 0) for each in document["annotations"]]), size=64
    )

    assert some.outlined
    assert dict(some.problems) == {"object without an outline, left out of segmentation": 1}
    assert not none.outlined


def test_given_parts_are_kept(folder) -> None:
    """What lies in train is learned from and chosen on, what lies in valid is judged on."""
    root = folder(name="train/_annotations.coco.json")

    def other(document):
        for each in document["images"]:
            each["id"] += 100
        for each in document["annotations"]:
            each["image_id"] += 100

    folder(other, name="valid/_annotations.coco.json")
    scenes = read_coco_folder(root, size=64)

    assert (len(scenes.train) + len(scenes.validation), len(scenes.test)) == (12, 12)
    assert scenes.note.startswith("the data say")


def test_as_many_photos_as_asked_for(folder) -> None:
    """The seed draws them, the same ones each time."""
    root = folder()
    few = read_coco_folder(root, size=64, photos=9, seed=1)

    assert len(few) == 9
    assert few.digest == read_coco_folder(root, size=64, photos=9, seed=1).digest
    assert few.digest != read_coco_folder(root, size=64, photos=9, seed=2).digest


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no JSON file"),
        ("{", "cannot be read as JSON"),
        ("[1]", "has no lists images, annotations, categories"),
        ('{"images": [], "annotations": [], "categories": []}', "annotations must use 1 to 254"),
        ('{"images": [], "annotations": [{"category_id": 1}], "categories": [{"id": 1}]}', "gives 0 usable photos"),
    ],
)
def test_a_folder_that_is_none(tmp_path, content, message) -> None:
    """Each message says what is missing."""
    if content is not None:
        (tmp_path / "annotations.json").write_text(content, encoding="utf-8")

    with pytest.raises(DataSetError, match=message):
        read_coco_folder(tmp_path)
    with pytest.raises(DataSetError, match="there is no folder"):
        read_coco_folder(tmp_path / "nowhere")


def test_runs_are_read_as_pycocotools_writes_them() -> None:
    """Compressed runs, plain runs and pycocotools' own decoder agree on random masks."""
    random = np.random.default_rng(0)
    for _ in range(20):
        height, width = random.integers(5, 60, 2)
        mask = (random.random((height, width)) < random.uniform(0, 1)).astype(np.uint8)
        flat = mask.T.ravel()
        plain = np.diff([0, *(np.flatnonzero(np.diff(flat)) + 1), len(flat)]).tolist()
        plain = [0, *plain] if flat[0] else plain
        packed = outlines.encode(np.asfortranarray(mask))["counts"].decode()
        for counts in (packed, plain):
            given = {
                "category_id": 1,
                "bbox": [0, 0, int(width), int(height)],
                "segmentation": {"size": [int(height), int(width)], "counts": counts},
            }
            found = checked_annotation(given, {1: 1}, int(width), int(height))
            assert isinstance(found, Annotation)
            assert np.array_equal(painted([found], (width, height), (width, height)), mask)


def test_small_objects_lie_over_large_ones() -> None:
    """Whatever the order of the annotations, the small one is seen."""
    large = Annotation(1, (0, 0, 20, 20), ((0.0, 0.0, 20.0, 0.0, 20.0, 20.0, 0.0, 20.0),), crowd=False)
    small = Annotation(2, (5, 5, 9, 9), ((5.0, 5.0, 9.0, 5.0, 9.0, 9.0, 5.0, 9.0),), crowd=False)

    for order in ([large, small], [small, large]):
        mask = painted(order, (20, 20), (20, 20))
        assert (mask == 2).sum() == 16
        assert (mask == 1).sum() == 400 - 16
