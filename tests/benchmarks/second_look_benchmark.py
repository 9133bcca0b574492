"""What the second look is worth and costs: photos that lie on their side, faces cut close, photos of nobody.

Run: python tests/benchmarks/second_look_benchmark.py [--people 300] [--only cost turned close eyes upright]

Points of FairFace's close-ups are held against those of YuNet, an independent detector, which opencv-python-headless
runs. Times are processor time of one thread, as ratios to one look of the same detector.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from scenes import data_folder, many_faces, one_face

from facerec import Recognizer
from facerec.detect import Mtcnn, SecondLook
from facerec.measure.metrics import clustered_rate
from facerec.photos import reader
from facerec.similarity import cosines_of_all
from facerec.types import Face, Image

ANGLES = (0, 30, 45, 60, 90, 180, 270)
DRAWS = 1000


def some(pattern: str, count: int, seed: int = 5) -> list[Path]:
    """That many photos, drawn by chance, the same every time."""
    paths = sorted(data_folder().glob(pattern))
    return [paths[number] for number in np.random.default_rng(seed).permutation(len(paths))[:count]]


def turned(photo: Image, degrees: int) -> Image:
    """Turned clockwise, without a loss where that is possible; new corners are black."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(photo, -degrees // 90))
    return np.asarray(PIL.Image.fromarray(photo).rotate(-degrees, PIL.Image.Resampling.BILINEAR, expand=True))


def seconds(*runs: Callable[[], object], rounds: int) -> list[float]:
    """The median time of each, by turns, so that a busy moment hits all of them."""
    times = np.empty((rounds, len(runs)))
    for turn in times:
        for number, run in enumerate(runs):
            begin = time.process_time()
            run()
            turn[number] = time.process_time() - begin
    return np.median(times, axis=0).tolist()


def cost(rounds: int = 9) -> None:
    """Ratios to one look: photos whose first look is enough, and the dearest of those of nobody and of turned ones."""
    once = Mtcnn()
    twice = SecondLook(once)
    portrait = one_face()
    nobody = [*some("hymenoptera_data/*/*/*.jpg", 40), *some("flowers5_small/**/*.jpg", 20)]
    kinds = {
        "640 x 480, 1 face": [portrait],
        "1280 x 856, 24 faces": [many_faces()],
        "1 face, photo turned by 90, 180, 270": [turned(portrait, angle) for angle in (90, 180, 270)],
        "insects and flowers, nobody": [reader.read(path) for path in nobody],
        "FairFace, close up": [reader.read(path) for path in some("fairface_val_5000/**/*.jpg", 40)],
        "LFW": [reader.read(path) for path in some("lfw/images/*/*_0001.jpg", 40)],
        "even grey and noise": [
            np.full((480, 640, 3), 128, np.uint8),
            np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8),
        ],
    }
    print("\nprocessor time, as a multiple of one look")
    for name, photos in kinds.items():
        once_and_twice = [
            seconds(lambda photo=photo: once(photo), lambda photo=photo: twice(photo), rounds=rounds)
            for photo in photos
        ]
        first, both = np.array(once_and_twice).T
        ratios = both / first
        all_together = f"{both.sum() / first.sum():.2f}"
        print(f"  {name:<38} {len(photos):3} photos: together {all_together}, dearest {ratios.max():.2f}", flush=True)


def upright_photos(count: int) -> None:
    """How many photos of LFW take the second look, and how many come out otherwise by it."""
    first, again = Mtcnn(), SecondLook(Mtcnn())
    looks, other, lost = [], 0, 0

    def counted(photo: Image) -> object:
        looks[-1] += 1
        return first(photo)

    again = SecondLook(_Named(counted, first))  # type: ignore[arg-type]
    for path in some("lfw/images/*/*.jpg", count):
        photo = reader.read(path)
        before = first(photo)
        looks.append(0)
        after = again(photo)
        one, two = before.boxes[before.choose("central")], after.boxes[after.choose("central")]
        other += bool(np.abs(one - two).max() > 0)
        lost += not len(after)
    shares = {number: np.mean(np.array(looks) == number) for number in (1, 2, 5)}
    print(f"\nLFW, {count} photos: looks {', '.join(f'{n}: {100 * s:.1f} %' for n, s in shares.items())}")
    print(f"  the central face is another, or elsewhere, in {other}; no face in {lost}", flush=True)


class _Named:
    def __init__(self, look: Callable[[Image], object], detector: Mtcnn) -> None:
        self._look, self.name, self.points_convention = look, detector.name, detector.points_convention

    def __call__(self, photo: Image) -> object:
        return self._look(photo)


def turned_photos(people: int) -> None:
    """One photo per person of LFW: against itself turned, and against the others turned alike."""
    recognizer = Recognizer(device="cpu")
    point = recognizer.operating_point(1e-3)
    paths = some("lfw/images/*/*_0001.jpg", people)
    found: dict[int, list[Face | None]] = {}
    for angle in ANGLES:
        found[angle] = []
        for path in paths:
            faces = recognizer.faces(turned(reader.read(path), angle))
            found[angle].append(faces.largest() if len(faces) else None)
        _told(found, angle, recognizer, point.threshold)


def _told(found: dict[int, list[Face | None]], angle: int, recognizer: Recognizer, threshold: float) -> None:
    if angle == 0:
        print(f"\nturned photos of {len(found[0])} people; threshold {threshold:.4f}; gate {recognizer.gate.name}")
        print("  degrees | no face, undecided | itself: match, no match, undecided or no face | turned as found")
        print("          | FMR past the gate (95 % by people); over upright")
    upright, faces = found[0], found[angle]
    passed = [face is not None and not recognizer.gate.problems(face) for face in faces]
    decided = [a is not None and not recognizer.gate.problems(a) and b for a, b in zip(upright, passed, strict=True)]
    same = [
        float(one.embedding @ two.embedding) >= threshold
        for one, two, both in zip(upright, faces, decided, strict=True)
        if both and one is not None and two is not None
    ]
    count = len(faces)
    missing = sum(face is None for face in faces)
    matched, refuted = sum(same), len(same) - sum(same)
    looks = np.unique([face.look.turned for face in faces if face is not None], return_counts=True)
    print(
        f"  {angle:7} | {missing}, {count - missing - sum(passed)} | {100 * matched / count:.1f} %, {refuted}, "
        f"{count - len(same)} | {dict(zip(*(each.tolist() for each in looks), strict=True))}"
    )
    accepted, valid = _pairs(faces, passed, threshold)
    left, right = np.nonzero(valid)
    rate = clustered_rate(accepted[valid], left, right)
    interval = rate.interval()
    base = _pairs(upright, [face is not None and not recognizer.gate.problems(face) for face in upright], threshold)
    low, high = _ratio_interval((accepted, valid), base)
    ratio = (accepted.sum() / max(valid.sum(), 1)) / (base[0].sum() / base[1].sum())
    print(
        f"          | {100 * rate.value:.3f} % ({rate.errors:.0f} of {rate.trials:.0f}; {100 * interval.low:.3f} … "
        f"{100 * interval.high:.3f}); {ratio:.2f} ({low:.2f} … {high:.2f})",
        flush=True,
    )


def _pairs(faces: list[Face | None], passed: list[bool], threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs of people are accepted, and which could be, each once."""
    vectors = np.array([np.zeros(128) if face is None else face.embedding for face in faces], np.float32)
    valid = np.triu(np.outer(passed, passed), 1)
    return (cosines_of_all(vectors, vectors) >= threshold) & valid, valid


def _ratio_interval(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    """95 % of the ratio of two rates of the same people, drawn anew."""
    rng, count = np.random.default_rng(1), len(one[0])
    matrices = [each.astype(np.float64) for each in (*one, *other)]
    ratios = []
    for _ in range(DRAWS):
        weight = rng.multinomial(count, np.full(count, 1 / count)).astype(np.float64)
        errors, trials, base_errors, base_trials = (weight @ matrix @ weight for matrix in matrices)
        ratios.append((errors / max(trials, 1)) / (base_errors / base_trials) if base_errors else np.inf)
    return float(np.quantile(ratios, 0.025)), float(np.quantile(ratios, 0.975))


def close_crops(count: int) -> None:
    """Photos cut 10 % inside the box of the face, on every side."""
    once, twice = Mtcnn(), SecondLook(Mtcnn())
    found = {"one look": 0, "second look": 0}
    for path in some("lfw/images/*/*_0001.jpg", count):
        photo = reader.read(path)
        faces = once(photo)
        left, top, right, bottom = faces.boxes[faces.choose("central")]
        wide, high = (right - left) / 10, (bottom - top) / 10
        edges = np.array([left + wide, top + high, right - wide, bottom - high]).round().astype(int).clip(min=0)
        close = np.ascontiguousarray(photo[edges[1] : edges[3], edges[0] : edges[2]])
        found["one look"] += len(once(close)) > 0
        found["second look"] += len(twice(close)) > 0
    print(f"\n{count} photos of LFW cut 10 % inside the box of the face")
    for name, number in found.items():
        print(f"  {name:<12} finds a face in {number} = {100 * number / count:.1f} %", flush=True)


def eyes(count: int) -> None:
    """Distance of both eyes from YuNet's, in distances between the eyes, on FairFace's close-ups."""
    import cv2

    model = data_folder() / "peers/yunet/face_detection_yunet_2023mar.onnx"
    peer = cv2.FaceDetectorYN.create(str(model), "", (224, 224), 0.6)
    detectors = {"one look": Mtcnn(), "second look": SecondLook(Mtcnn())}
    apart: dict[str, list[float]] = {name: [] for name in detectors}
    for path in some("fairface_val_5000/**/*.jpg", count):
        photo = reader.read(path)
        peer.setInputSize(photo.shape[1::-1])
        theirs = peer.detect(np.ascontiguousarray(photo[:, :, ::-1]))[1]
        if theirs is None:
            continue
        best = theirs[theirs[:, 2:4].prod(axis=1).argmax()]
        wanted = best[4:8].reshape(2, 2)
        for name, detector in detectors.items():
            faces = detector(photo)
            if len(faces):
                points = faces.points[faces.choose("largest"), :2]
                apart[name].append(
                    np.linalg.norm(points - wanted, axis=1).mean() / np.linalg.norm(wanted[1] - wanted[0])
                )
    print(f"\n{count} photos of FairFace: eyes against YuNet's, in distances between the eyes")
    for name, distances in apart.items():
        found = np.array(distances)
        print(
            f"  {name:<12} found {len(found)}: median {np.median(found):.3f}, mean {found.mean():.3f}, "
            f"beyond 0.25 in {100 * np.mean(found > 0.25):.1f} %",
            flush=True,
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--only", nargs="+", default=["cost", "close", "eyes", "upright", "turned"])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    parts = {
        "cost": cost,
        "close": lambda: close_crops(arguments.people),
        "eyes": lambda: eyes(arguments.people),
        "upright": lambda: upright_photos(arguments.people),
        "turned": lambda: turned_photos(arguments.people),
    }
    for name in arguments.only:
        parts[name]()


if __name__ == "__main__":
    main()
