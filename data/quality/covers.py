"""Learn whether eyes and mouth can be seen: makes facerec/quality/covers.json.

Run: python data/quality/covers.py --fairface FOLDER_OF_FAIRFACE

The chips of 1,600 faces of FairFace (CC BY 4.0), none of them among those that ``recipe.py`` tunes or judges on, are
covered by made shapes with made textures, and two small networks tell covered from bare ones by their gradients.
The paintings of masks and glasses that ``recipe.py`` judges on are not among the shapes; the textures are stripes,
dots, folds, clouds, and pieces of other chips.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
from faces import TRAINING, fairface
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from facerec import Recognizer
from facerec.files import replacing
from facerec.photos import reader
from facerec.quality import CHIP
from facerec.quality.covers import ROWS, Part, gradients

ROOT = Path(__file__).parents[2]
SIDE = CHIP.size
SEED = 0
DRAWN = 4_000
"""Chips of each kind: bare, with covered eyes, with a covered mouth."""

HIDDEN, STRENGTH = 8, 1.0
"""Of a network: its hidden units, and its regularisation (scikit-learn's alpha), chosen on paintings to tune on."""

Grey = NDArray[np.float64]
Places = list[tuple[float, float]]


def clouds(draw: np.random.Generator) -> Grey:
    """Noise whose spectrum falls with the frequency, mean 0, variance 1."""
    each = np.fft.fftfreq(SIDE)
    frequency = np.hypot(*np.meshgrid(each, each))
    frequency[0, 0] = 1
    found = np.fft.ifft2(np.fft.fft2(draw.normal(size=(SIDE, SIDE))) / frequency ** draw.uniform(0.8, 2.4)).real
    return (found - found.mean()) / found.std()


def texture(draw: np.random.Generator, chips: Grey) -> Grey:
    """What a cover looks like: grey levels."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    angle = draw.uniform(0, np.pi)
    u, v = np.cos(angle) * x + np.sin(angle) * y, -np.sin(angle) * x + np.cos(angle) * y
    first, second = 2 * np.pi / draw.uniform(4, 30, 2)
    kinds: list[Callable[[], Grey]] = [
        lambda: 0 * u,
        lambda: np.sign(np.sin(u * first)),
        lambda: np.sin(u * first),
        lambda: 2.0 * (np.cos(u * first) * np.cos(v * second) > draw.uniform(0.1, 0.7)),
        lambda: 0.5 * clouds(draw),
        lambda: draw.choice([-1, 1]) * np.maximum(0, 1 - abs(v * first % 1 - 0.5) * draw.uniform(4, 10)),
        lambda: np.sign(np.sin(u * first)) * np.sign(np.sin(v * second)),
    ]
    kind = draw.integers(len(kinds) + 1)
    if kind == len(kinds):  # hair, skin or cloth of somebody
        moved = np.roll(chips[draw.integers(len(chips))], draw.integers(20, SIDE - 20, 2), (0, 1))
        return moved[:: draw.choice([-1, 1]), :: draw.choice([-1, 1])]
    slope = draw.uniform(-0.5, 0.5, 2)
    middle = (x - SIDE / 2) / SIDE, (y - SIDE / 2) / SIDE
    bulge = abs(middle[0] - draw.uniform(-0.1, 0.1)) ** draw.uniform(1, 2)
    shade = 1 + slope[0] * middle[0] + slope[1] * middle[1] - draw.uniform(0, 2.4) * bulge
    level = draw.uniform(5, 250) * shade + draw.uniform(3, 80) * kinds[kind]()
    for _ in range(draw.integers(0, 3)):  # seams, edges and rims
        place = v if draw.random() < 0.5 else np.hypot(x - draw.uniform(20, 92), y - draw.uniform(20, 112))
        thin = abs(place - draw.uniform(0, SIDE)) < draw.uniform(0.4, 2)
        level = level + draw.uniform(-70, 70) * thin
    if draw.random() < 0.6:
        level = level + draw.uniform(-9, 9) * clouds(draw)
    return np.clip(level + draw.normal(0, draw.uniform(0, 6), level.shape), 0, 255)


def over_the_mouth(draw: np.random.Generator, pen: Callable[[Places], None]) -> None:
    """From somewhere below the eyes to somewhere below the chin."""
    top, half, middle = draw.uniform(58, 78), draw.uniform(28, 50), SIDE / 2 + draw.uniform(-5, 5)
    bottom, rise = draw.uniform(104, 122), draw.uniform(-2, 6)
    narrow, side = half * draw.uniform(0.15, 0.9), half * draw.uniform(0.7, 1.1)
    inner = half * draw.uniform(0.4, 0.6)
    right: Places = [
        (0, top - draw.uniform(0, 14)),
        (inner, top - rise),
        (half, top),
        (side, (top + bottom) / 2),
        (narrow, bottom),
    ]
    pen([(middle + x, y) for x, y in right] + [(middle - x, y) for x, y in reversed(right)])


def over_the_eyes(draw: np.random.Generator, pen: Callable[[Places], None]) -> None:
    """One bar, or two rounds with what holds them together."""
    middle, y = SIDE / 2, CHIP.points[0, 1] + draw.uniform(-3, 5)
    if draw.random() < 0.25:
        high, wide = draw.uniform(8, 14), draw.uniform(36, 50)
        right: Places = [
            (0, y - high * draw.uniform(0.4, 1)),
            (wide, y - high),
            (wide * 0.95, y + high * 0.8),
            (8, y + high),
            (0, y + draw.uniform(0, high)),
        ]
        pen([(middle + x, each) for x, each in right] + [(middle - x, each) for x, each in reversed(right)])
        return
    wide, high, apart = draw.uniform(9, 17), draw.uniform(8, 15), draw.uniform(16, 20)
    corners = 2 / draw.uniform(1.6, 6)
    around = np.linspace(0, 2 * np.pi, 50)
    round_ = [np.sign(each) * abs(each) ** corners for each in (np.cos(around), np.sin(around))]
    for side in (-1, 1):
        pen(list(zip(middle + side * apart + wide * round_[0], y + high * round_[1], strict=True)))
    bar, thick = y + draw.uniform(-0.8, 0.3) * high, draw.uniform(1, 3.3)
    half = apart - wide * 0.7
    pen([(middle - half, bar), (middle + half, bar), (middle + half, bar + thick), (middle - half, bar + thick)])
    if draw.random() < 0.7:
        for side in (-1, 1):
            start, end = middle + side * (apart + wide * 0.9), middle + side * SIDE / 2
            pen([(start, bar), (end, bar - 4), (end, bar + thick - 4), (start, bar + thick)])


SHAPES: dict[Part, Callable[[np.random.Generator, Callable[[Places], None]], None]] = {
    "eyes": over_the_eyes,
    "mouth": over_the_mouth,
}


def covered(chip: Grey, part: Part, draw: np.random.Generator, chips: Grey) -> Grey:
    """A chip with a cover over a part of the face; of eyes half of the covers are dark, some can be seen through."""
    fine = 3
    mask = PIL.Image.new("L", (SIDE * fine, SIDE * fine))
    pencil = PIL.ImageDraw.Draw(mask)
    SHAPES[part](draw, lambda places: pencil.polygon([(fine * x, fine * y) for x, y in places], fill=255))
    share = np.asarray(mask.resize((SIDE, SIDE), PIL.Image.Resampling.BOX), float) / 255
    drawn = texture(draw, chips)
    if part == "eyes":
        if draw.random() < 0.5:
            drawn = np.clip(draw.uniform(0, 60) + draw.uniform(0, 0.4) * (drawn - drawn.mean()), 0, 255)
        if draw.random() < 0.4:
            share = share * draw.uniform(0.75, 1)
    return chip * (1 - share) + drawn * share


def varied(chip: Grey, draw: np.random.Generator) -> Grey:
    """As detectors and cameras would have it: points a little off, mirrored, of fewer pixels, darker."""
    scale, turn, shift = 1 + draw.normal(0, 0.05), np.radians(draw.normal(0, 3)), SIDE / 2 + draw.normal(0, 2, 2)
    cos, sin = np.cos(turn) / scale, np.sin(turn) / scale
    middle = SIDE / 2
    back = (cos, -sin, middle - cos * shift[0] + sin * shift[1], sin, cos, middle - sin * shift[0] - cos * shift[1])
    image = PIL.Image.fromarray(np.clip(chip, 0, 255).astype(np.uint8))
    image = image.transform(image.size, PIL.Image.Transform.AFFINE, back, resample=PIL.Image.Resampling.BILINEAR)
    if draw.random() < 0.5:
        image = image.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT)
    if draw.random() < 0.5:
        fewer = int(SIDE * draw.uniform(0.3, 1))
        image = image.resize((fewer, fewer), PIL.Image.Resampling.BILINEAR)
        image = image.resize((SIDE, SIDE), PIL.Image.Resampling.BICUBIC)
    grey = np.asarray(image, float)
    if draw.random() < 0.3:
        grey = grey * draw.uniform(0.15, 1) + draw.normal(0, draw.uniform(0, 3), grey.shape)
    return np.clip(grey, 0, 255)


def cells_of(chips: list[Grey]) -> NDArray[np.float32]:
    """Their gradients."""
    return gradients(np.stack(chips).round().astype(np.uint8)[..., None].repeat(3, axis=-1))


def learned(chips: Grey) -> dict[str, dict[str, object]]:
    """The two rules, from bare chips in grey levels (n, 112, 112)."""
    draw = np.random.default_rng(SEED)

    def drawn(make: Callable[[Grey], Grey]) -> NDArray[np.float32]:
        return cells_of([varied(make(chips[number]), draw) for number in draw.integers(0, len(chips), DRAWN)])

    bare = drawn(lambda chip: chip)
    hidden = {part: drawn(partial(covered, part=part, draw=draw, chips=chips)) for part in SHAPES}
    pairs: tuple[tuple[Part, Part], ...] = (("eyes", "mouth"), ("mouth", "eyes"))
    rules = {}
    for part, other in pairs:
        cells = np.concatenate([bare, hidden[other], hidden[part]])[:, ROWS[part]]
        numbers = cells.reshape(len(cells), -1)
        mean, spread = numbers.mean(axis=0), numbers.std(axis=0)
        model = MLPClassifier((HIDDEN,), alpha=STRENGTH, early_stopping=True, max_iter=60, random_state=SEED)
        model.fit((numbers - mean) / spread, np.arange(len(cells)) < 2 * DRAWN)
        (inner, outer), (constants, constant) = model.coefs_, model.intercepts_
        weights = inner / spread[:, None]  # of numbers as they are
        rules[part] = {
            "weights": weights.astype(float).round(3).tolist(),
            "constants": (constants - mean @ weights).astype(float).round(3).tolist(),
            "outer": outer[:, 0].astype(float).round(4).tolist(),
            "constant": round(float(constant[0]), 4),
        }
    return rules


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fairface", type=Path, required=True, help="the folder of FairFace's validation photos")
    root = parser.parse_args().fairface
    detector = Recognizer(device="cpu").detector
    found = []
    for name in fairface(root, TRAINING)["file"]:
        image = reader.read(root / name)
        detections = detector(image)
        if len(detections):
            found.append(CHIP(image, detections[[detections.choose("central")]])[0].mean(axis=-1))
    rules = learned(np.stack(found))
    with replacing(ROOT / "facerec/quality/covers.json") as path:
        path.write_text(json.dumps(rules) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
