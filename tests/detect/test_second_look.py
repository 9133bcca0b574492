"""The second look: when it is taken, what it keeps, and where its faces are, with a detector whose faces are known."""

import pickle
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from facerec.align.crops import TemplateCrop
from facerec.align.upright import upright_chips, upright_cut
from facerec.detect import Mtcnn, SecondLook
from facerec.types import Detections, Look
from facerec.types.looks import QUARTER_TURNS, turned_image

FACE = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)  # of a box; red is its top


@dataclass
class Reds:
    """Finds bright squares whose upper half is red: surer (`score`) with room around, and unsure if turned."""

    score: float = 0.9995
    cramped_score: float = 0.6
    least: int = 30
    name: str = "reds.v1"
    points_convention: str = "reds"
    sizes: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, image: np.ndarray) -> Detections:
        """At most one face."""
        height, width = image.shape[:2]
        self.sizes.append((width, height))
        rows, columns = np.nonzero(image.max(axis=2) > 150)
        if not len(rows) or np.ptp(rows) + 1 < self.least:
            return Detections.empty((width, height))
        left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        upper = image[top : (top + bottom) // 2, left:right].mean(axis=(0, 1))
        if not upper[0] > 4 * upper[1]:
            return Detections.empty((width, height))
        touches = min(left, top, width - right, height - bottom) == 0
        box = np.array([left, top, right, bottom], np.float32)
        score = self.cramped_score if touches else self.score
        points = box[:2] + FACE * (box[2:] - box[:2])
        return Detections(box[None], np.array([score]), points[None], (width, height))


BLACK = np.zeros((200, 300, 3), np.uint8)
MIDDLE, AT_THE_EDGE = (100, 60, 170, 130), (0, 60, 70, 130)
LOOKS = ((1, 0, 0), (0.6, 24, 0), (0.5, 20, 90), (0.5, 20, 180), (0.5, 20, 270))  # scale, border, degrees


@dataclass
class Told:
    """Finds in `BLACK`, look by look, what it was told: boxes in pixels of the photo, and their scores."""

    told: tuple[dict[tuple[int, ...], float], ...]
    looks: int = 0
    name: str = "told.v1"
    points_convention: str = "told"

    def __call__(self, image: np.ndarray) -> Detections:
        """The faces of this look, where they lie in it."""
        told = self.told[self.looks] if self.looks < len(self.told) else {}
        scale, border, degrees = LOOKS[self.looks]
        self.looks += 1
        boxes = np.array(list(told), float).reshape(-1, 4) * scale + border
        size = (round(300 * scale) + 2 * border, round(200 * scale) + 2 * border)
        points = np.zeros((len(told), 5, 2))
        found = Detections(boxes, np.array(list(told.values())), points, size).turned(degrees)  # type: ignore[arg-type]
        assert found.image_size == image.shape[1::-1]
        return replace(found, looks=())


def photo_of(left: int, top: int, *, side: int = 70, width: int = 300, height: int = 200) -> np.ndarray:
    """A dark photo with one such square, its lower half white."""
    photo = np.full((height, width, 3), 20, np.uint8)
    photo[top : top + side, left : left + side] = 230
    photo[top : top + side // 2, left : left + side, 1:] = 10
    return photo


def test_a_sure_face_with_room_is_not_looked_at_again() -> None:
    """One look, and the detector's own answer."""
    detector = Reds()
    photo = photo_of(100, 60)

    found = SecondLook(detector)(photo)

    assert len(detector.sizes) == 1
    assert found.looks == (Look(),)
    np.testing.assert_array_equal(found.boxes, [[100, 60, 170, 130]])


@pytest.mark.parametrize("turned", QUARTER_TURNS)
def test_a_turned_photo_gives_its_upright_face_where_it_is(turned: int) -> None:
    """Box and points lie on the photo as it was given, and the look says how it has to be turned."""
    photo = turned_image(photo_of(90, 50), -turned)
    upright = Reds()(photo_of(90, 50)).turned(-turned)

    found = SecondLook(Reds())(photo)

    assert found.looks == (Look(turned, border=turned != 0),)
    assert found.image_size == (photo.shape[1], photo.shape[0])
    np.testing.assert_allclose(found.boxes, upright.boxes, atol=1.5)
    np.testing.assert_allclose(found.points, upright.points, atol=1.5)


def test_a_face_at_the_edge_is_seen_with_a_border() -> None:
    """It is one face, with the score and the points of the look that had room."""
    found = SecondLook(Reds(cramped_score=0.9999, score=0.97))(photo_of(0, 60))

    assert found.looks[0] == Look(border=True)
    assert len(found) == 1
    assert found.scores[0] == np.float32(0.97)
    np.testing.assert_allclose(found.boxes, [[0, 60, 70, 130]], atol=1.5)


@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
@pytest.mark.parametrize(("gap", "looks"), [(0, 2), (8, 2), (12, 1)])
def test_a_face_without_room_costs_one_look_more(edge: str, gap: int, looks: int) -> None:
    """Within 15 % of its size (of 70 pixels) from any edge; it is sure within the border, so nothing is turned."""
    detector = Reds()
    far = {"left": (gap, 60), "top": (100, gap), "right": (230 - gap, 60), "bottom": (100, 130 - gap)}

    SecondLook(detector)(photo_of(*far[edge]))

    assert len(detector.sizes) == looks


def test_places_are_mapped_to_a_fraction_of_a_pixel() -> None:
    """On a photo whose colours are five times its coordinates, what lies under a point is the place that is told."""
    rows, columns = np.indices((48, 50))
    photo = np.stack([5 * columns, 5 * rows, 0 * rows], axis=2).astype(np.uint8)
    places = np.array([[[15, 15], [25, 14], [20, 20], [14, 28], [27, 27]]])
    under = []

    class Everywhere(Reds):
        def __call__(self, image: np.ndarray) -> Detections:
            if image.shape == photo.shape:
                return Detections.empty((50, 48))
            under.append(image[places[..., 1], places[..., 0], :2] / 5)
            return Detections([[10, 10, 30, 30]], [1.0], places, image.shape[1::-1])  # type: ignore[arg-type]

    found = SecondLook(Everywhere())(photo)

    assert np.abs((found.points - under[0]).mean(axis=(0, 1))).max() < 0.06


def test_five_looks_at_worst_none_larger_than_the_photo() -> None:
    """Photos without a face included; a look costs what its pixels cost."""
    for width, height in [(300, 200), (64, 64), (1000, 50), (40, 900)]:
        detector = Reds()

        assert len(SecondLook(detector)(np.zeros((height, width, 3), np.uint8))) == 0

        assert len(detector.sizes) == 5
        assert all(w * h <= 1.03 * width * height for w, h in detector.sizes)


@pytest.mark.parametrize(("again", "border"), [(0.94, False), (0.96, True)])
def test_a_doubtful_face_with_room_stays_unless_a_border_helps(again: float, border: bool) -> None:
    """Half as doubtful is the least that it must be within the border; a little surer says nothing."""

    @dataclass
    class Doubtful(Reds):
        def __call__(self, image: np.ndarray) -> Detections:
            found = super().__call__(image)
            return replace(found, scores=np.full(len(found), 0.9 if len(self.sizes) == 1 else again))

    found = SecondLook(Doubtful())(photo_of(100, 60))

    assert [look.border for look in found.looks] == [border]


def test_an_upright_face_needs_less_certainty_than_a_turned_one() -> None:
    """Most photos are upright: half as doubtful is the least that a turned face must be."""

    @dataclass
    class Unsure(Reds):
        upside_down: float = 0.94

        def __call__(self, image: np.ndarray) -> Detections:
            self.sizes.append(image.shape[:2])
            upright = image[: len(image) // 2].mean() < image[len(image) // 2 :].mean()
            score = np.array([0.9 if upright else self.upside_down])
            height, width = image.shape[:2]
            box = np.array([[width / 3, height / 3, 2 * width / 3, 2 * height / 3]])
            return Detections(box, score, np.zeros((1, 5, 2)), (width, height))

    photo = np.zeros((90, 90, 3), np.uint8)
    photo[60:] = 200

    assert SecondLook(Unsure(upside_down=0.94))(photo).looks[0].turned == 0
    assert SecondLook(Unsure(upside_down=0.96))(photo).looks[0].turned != 0


def test_a_photo_with_a_sure_face_is_not_turned_for_a_cramped_one() -> None:
    """It is upright, whatever is at its edge; the cramped face is looked for once more, and stays."""
    detector = Told(({MIDDLE: 0.9995, AT_THE_EDGE: 0.9},))

    found = SecondLook(detector)(BLACK)

    assert detector.looks == 2
    np.testing.assert_array_equal(found.boxes, [MIDDLE, AT_THE_EDGE])


@pytest.mark.parametrize(
    ("again", "faces"),
    [
        ((20, 60, 90, 130), 1),  # 5/7 of each are shared
        ((40, 60, 110, 130), 2),  # 3/7
        ((-15, 40, 85, 150), 1),  # it holds the whole of the smaller, which is 4/9 of it
    ],
)
def test_boxes_that_share_half_of_the_smaller_are_one_face(again: tuple[int, ...], faces: int) -> None:
    """Of a cramped face the box within the border is kept."""
    found = SecondLook(Told(({AT_THE_EDGE: 0.9}, {again: 0.9995})))(BLACK)

    assert len(found) == faces
    np.testing.assert_allclose(found.boxes[0], again, atol=1e-3)


def test_faces_of_two_looks_come_best_first() -> None:
    """Whichever look they are of."""
    found = SecondLook(Told(({MIDDLE: 0.9992, AT_THE_EDGE: 0.9}, {AT_THE_EDGE: 0.9999})))(BLACK)

    assert found.scores.tolist() == [np.float32(0.9999), np.float32(0.9992)]
    assert [look.border for look in found.looks] == [True, False]


@pytest.mark.parametrize(("second", "turned"), [(0.97, 180), (0.95, 90)])
def test_of_two_turns_the_surer_one_counts(second: float, turned: int) -> None:
    """A turned photo has to win over the upright one by far, and over another turn by anything."""
    told: tuple[dict[tuple[int, ...], float], ...] = ({MIDDLE: 0.9}, {}, {MIDDLE: 0.96}, {MIDDLE: second})

    found = SecondLook(Told(told))(BLACK)

    assert found.looks == (Look(turned, border=True),)
    np.testing.assert_allclose(found.boxes, [MIDDLE], atol=1e-3)


def test_turning_is_a_group() -> None:
    """Four quarter turns are none, and turns add up, for boxes, points, sizes and looks."""
    rng = np.random.default_rng(3)
    corner = rng.uniform(0, 50, (6, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 40, (6, 2))], axis=1)
    found = Detections(boxes, rng.uniform(0, 1, 6), rng.uniform(0, 90, (6, 5, 2)), (120, 95), (Look(90),) * 6)  # type: ignore[arg-type]

    for one in QUARTER_TURNS:
        for other in QUARTER_TURNS:
            twice, once = found.turned(one).turned(other), found.turned(one + other)
            np.testing.assert_allclose(twice.boxes, once.boxes, atol=1e-4)
            np.testing.assert_allclose(twice.points, once.points, atol=1e-4)
            assert (twice.image_size, twice.looks) == (once.image_size, once.looks)
    assert found.turned(90).looks[0].turned == 0
    np.testing.assert_array_equal(found.turned(0).boxes, found.boxes)


@pytest.mark.parametrize("turned", QUARTER_TURNS)
def test_points_turn_with_their_pixels(turned: int) -> None:
    """A marked pixel lies where its point is said to lie, and the box around it still is around it."""
    photo = np.zeros((70, 110, 3), np.uint8)
    photo[20, 30] = 255
    marked = Detections([[28, 18, 33, 23]], [1.0], np.full((1, 5, 2), (30.0, 20.0)), (110, 70))  # type: ignore[arg-type]

    on_turned, image = marked.turned(turned), turned_image(photo, turned)

    x, y = on_turned.points[0, 0].astype(int)
    assert image[y, x].all()
    left, top, right, bottom = on_turned.boxes[0].astype(int)
    assert image[top:bottom, left:right].any()
    assert image.shape[1::-1] == on_turned.image_size


def test_chips_of_turned_faces_are_those_of_the_upright_photo() -> None:
    """Bit by bit, in the order of the detections, whatever turns they need."""
    photo = np.random.default_rng(1).integers(0, 256, (150, 220, 3), np.uint8)
    points = np.array([[60.0, 50], [90, 52], [76, 70], [62, 88], [88, 90]])
    upright = Detections([[40, 30, 110, 110]], [0.9], points[None], (220, 150))  # type: ignore[arg-type]
    wanted = TemplateCrop(112)(photo, upright)[0]
    lying = upright.turned(270)
    both = Detections(
        np.repeat(lying.boxes, 2, axis=0),
        np.repeat(lying.scores, 2),
        np.repeat(lying.points, 2, axis=0),
        lying.image_size,
        (Look(90), Look(0)),
    )

    chips = upright_chips(TemplateCrop(112), turned_image(photo, 270), both)

    np.testing.assert_array_equal(chips[0], wanted)
    np.testing.assert_array_equal(chips[1], TemplateCrop(112)(turned_image(photo, 270), lying)[0])
    assert upright_cut(TemplateCrop(112), turned_image(photo, 270), both).shift is None  # it finds no landmarks


def test_it_is_named_after_its_detector_and_pickles() -> None:
    """A matcher with it is another matcher."""
    detector = SecondLook(Mtcnn(min_face_size=30))

    again = pickle.loads(pickle.dumps(detector))

    assert again.name == detector.name == "second-look.v2(sure=0.999, mtcnn.v1(min_face_size=30, mode=fast))"
    assert again.points_convention == Mtcnn.points_convention
