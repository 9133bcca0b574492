"""Masks and dark glasses painted over faces, by the detector's five points.

`TUNING` made the limits of single faces; `SHOWN` were looked at while the margins of two faces were chosen; `FRESH`
were drawn when the gate was finished.
"""

from collections.abc import Callable, Mapping

import numpy as np
import PIL.Image
import PIL.ImageDraw
from numpy.typing import NDArray

Photo = NDArray[np.uint8]
Points = NDArray[np.float32]
Draw = np.random.Generator
Places = list[tuple[float, float]]
Painting = Callable[[Photo, Points, Draw], Photo]

_FINE = 3  # drawn so many times larger, for smooth edges


class Canvas:
    """A photo in the frame of a face: u along the eyes in eye distances, v down to the mouth, from between the eyes."""

    def __init__(self, photo: Photo, points: Points) -> None:
        height, width = photo.shape[:2]
        eyes = np.asarray(points[:2], float)
        self._middle, across = eyes.mean(axis=0), eyes[1] - eyes[0]
        down = np.asarray(points[3:5], float).mean(axis=0) - self._middle
        self._axes = np.stack([across, down])
        self._photo = photo
        self._mask = PIL.Image.new("L", (width * _FINE, height * _FINE))
        self._pen = PIL.ImageDraw.Draw(self._mask)
        y, x = np.mgrid[0:height, 0:width]
        places = (np.stack([x, y], axis=-1) - self._middle) @ np.linalg.pinv(self._axes)
        self.u, self.v = places[..., 0], places[..., 1]

    def _at(self, places: Places) -> Places:
        return [(float(x), float(y)) for x, y in _FINE * (np.array(places) @ self._axes + self._middle)]

    def area(self, places: Places) -> None:
        """Cover a polygon."""
        self._pen.polygon(self._at(places), fill=255)

    def both(self, right: Places) -> None:
        """Cover a polygon of which the right half is given, from top to bottom."""
        self.area([(-u, v) for u, v in reversed(right)] + right)

    def lens(self, u: float, v: float, half: tuple[float, float], corners: float = 2) -> None:
        """Cover a round, the squarer the more `corners`."""
        turn = np.linspace(0, 2 * np.pi, 60)
        x, y = (np.sign(each) * abs(each) ** (2 / corners) for each in (np.cos(turn), np.sin(turn)))
        self.area(list(zip(u + half[0] * x, v + half[1] * y, strict=True)))

    def line(self, places: Places, width: float) -> None:
        """Cover a line, as wide as a part of the eye distance."""
        eye_distance = float(np.hypot(*self._axes[0]))
        self._pen.line(self._at(places), fill=255, width=max(1, round(_FINE * width * eye_distance)))

    def frame(self, bridge: float, outer: float, width: float) -> None:
        """What holds glasses: a bridge over the nose, and sides from `outer` on."""
        self.line([(-0.2, bridge), (0.2, bridge)], width)
        for side in (-1, 1):
            self.line([(side * outer, bridge), (side * 1.2, bridge - 0.05)], width)

    def painted(self, colour: NDArray[np.float64]) -> Photo:
        """The photo with `colour`, anything that is as large as the photo or broadcasts to it, where it is covered."""
        height, width = self._photo.shape[:2]
        small = self._mask.resize((width, height), PIL.Image.Resampling.BOX)
        share = np.asarray(small, float)[..., None] / 255
        return np.clip(np.rint(self._photo * (1 - share) + colour * share), 0, 255).astype(np.uint8)


_FULL: Places = [(0, 0.08), (0.18, 0.12), (0.45, 0.22), (0.98, 0.28), (0.92, 1.05), (0.6, 1.5), (0.2, 1.7)]
_LOW: Places = [(0, 0.36), (0.3, 0.42), (0.95, 0.5), (0.85, 1.15), (0.5, 1.55), (0, 1.68)]


def flat_mask(photo: Photo, points: Points, draw: Draw) -> Photo:
    """White, blue or black."""
    canvas = Canvas(photo, points)
    canvas.both(_FULL)
    colours = np.array([[245.0, 245, 245], [90, 160, 200], [20, 20, 20]])
    return canvas.painted(colours[draw.integers(len(colours))])


def striped_mask(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Below the nose; two colours."""
    canvas = Canvas(photo, points)
    canvas.both(_LOW)
    colours, stripes = draw.uniform(30, 230, (2, 3)), (np.floor(canvas.v * draw.uniform(5, 9)) % 2)[..., None]
    return canvas.painted(colours[0] * stripes + colours[1] * (1 - stripes))


def grainy_mask(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Cloth, darker to the sides."""
    canvas = Canvas(photo, points)
    canvas.both(_FULL)
    shade = 1 - 0.25 * abs(canvas.u) - 0.1 * (canvas.v - 0.8)
    return canvas.painted(draw.uniform(40, 220, 3) * shade[..., None] + draw.normal(0, 8, (*shade.shape, 1)))


def surgical_mask(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Pleats, loops around the ears."""
    canvas = Canvas(photo, points)
    canvas.both([(0, 0.2), (0.35, 0.3), (0.8, 0.35), (0.82, 1.1), (0.45, 1.6)])
    for side in (-1, 1):
        canvas.line([(side * 0.8, 0.4), (side * 1.2, 0.1)], 0.05)
        canvas.line([(side * 0.8, 1.1), (side * 1.2, 0.7)], 0.05)
    u, v = canvas.u, canvas.v
    pleats = 0.12 * np.maximum(0, 1 - abs(((v - 0.3) * 3.2 + 0.12 * u**2) % 1 - 0.5) * 8)
    colour = np.array([[150, 190, 215], [235, 240, 240], [110, 170, 190]][draw.integers(3)], float)
    return canvas.painted(colour * (1.05 - 0.3 * u**2 - pleats)[..., None])


def cup_mask(photo: Photo, points: Points, draw: Draw) -> Photo:
    """A moulded one, with a seam and a valve."""
    canvas = Canvas(photo, points)
    canvas.both([(0.12, 0.05), (0.4, 0.3), (0.75, 0.6), (0.75, 1.1), (0.35, 1.6), (0, 1.75)])
    u, v = canvas.u, canvas.v
    shade = 1.02 - 0.35 * abs(u) ** 1.5 - 0.25 * np.maximum(0, v - 1)
    shade = shade - 0.25 * (abs(u) < 0.02) - 0.4 * (abs(np.hypot(u - 0.35, v - 0.95) - 0.17) < 0.03)
    return canvas.painted(draw.uniform(200, 250) * np.array([1, 1, 0.97]) * shade[..., None])


def bandana(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Dots and folds."""
    canvas = Canvas(photo, points)
    canvas.both([(0, 0.25), (0.3, 0.3), (1.05, 0.35), (0.6, 1.5), (0, 2.2)])
    u, v, rate = canvas.u, canvas.v, np.pi * draw.uniform(4, 7)
    dots = np.cos(u * rate) * np.cos(v * rate) > 0.6
    ground, spots = draw.uniform(20, 140, 3), draw.uniform(150, 250, 3)
    folds = 1 + 0.25 * np.sin(5 * u + 3 * v + draw.uniform(0, 6))
    return canvas.painted(np.where(dots[..., None], spots, ground) * folds[..., None])


def oval_glasses(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Black."""
    canvas = Canvas(photo, points)
    for side in (-1, 1):
        canvas.lens(side * 0.5, 0.02, (0.36, 0.24))
    canvas.frame(0, 0.85, 0.07)
    return canvas.painted(np.full(3, draw.uniform(5, 35)))


def square_glasses(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Black, a thick frame."""
    canvas = Canvas(photo, points)
    for side in (-1, 1):
        canvas.lens(side * 0.5, 0.05, (0.4, 0.26), 5)
    canvas.frame(-0.1, 0.85, 0.1)
    return canvas.painted(np.array([25.0, 18, 15]) + draw.uniform(0, 25))


def tinted_glasses(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Through which a little can be seen."""
    canvas = Canvas(photo, points)
    for side in (-1, 1):
        canvas.lens(side * 0.5, 0.05, (0.38, 0.28), 3)
    canvas.line([(-0.2, 0), (0.2, 0)], 0.05)
    return canvas.painted(0.12 * photo + draw.uniform(5, 40, 3) * (1 - 0.4 * canvas.v[..., None]))


def aviator_glasses(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Drops, lighter below, a thin frame."""
    canvas = Canvas(photo, points)
    drop = [
        (0.14, -0.16),
        (0.5, -0.22),
        (0.88, -0.18),
        (0.92, 0.02),
        (0.8, 0.28),
        (0.55, 0.38),
        (0.3, 0.33),
        (0.15, 0.1),
    ]
    for side in (-1, 1):
        canvas.area([(side * u, v) for u, v in drop])
    canvas.frame(-0.12, 0.88, 0.03)
    clear = np.clip(canvas.v[..., None] * 1.2 + 0.35, 0, 1)
    tint = np.array([[40.0, 28, 15], [20, 25, 35], [25, 35, 20]][draw.integers(3)])
    return canvas.painted(photo * 0.25 * clear + tint * (1 + clear))


def mirrored_glasses(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Round, with a sky in them."""
    canvas = Canvas(photo, points)
    for side in (-1, 1):
        canvas.lens(side * 0.5, 0.03, (0.33, 0.3))
    canvas.frame(0, 0.8, 0.04)
    colours = draw.uniform(60, 255, (2, 3))
    share = 1 / (1 + np.exp(-(canvas.v + 0.25 * canvas.u)[..., None] * draw.uniform(6, 25)))
    return canvas.painted(colours[0] * (1 - share) + colours[1] * share)


def wrapping_glasses(photo: Photo, points: Points, draw: Draw) -> Photo:
    """One piece, with a glint."""
    canvas = Canvas(photo, points)
    canvas.both([(0, -0.2), (0.5, -0.27), (1.15, -0.2), (1.05, 0.15), (0.6, 0.3), (0.25, 0.25), (0, 0.05)])
    glint = 120 * draw.uniform(0.3, 1) * np.exp(-((canvas.v + 0.1 - 0.15 * canvas.u) ** 2) / 0.002)
    return canvas.painted(draw.uniform(5, 45, 3) + glint[..., None])


def gaiter(photo: Photo, points: Points, draw: Draw) -> Photo:
    """A tube of cloth up to the nose, with wrinkles across."""
    canvas = Canvas(photo, points)
    canvas.both([(0, 0.3), (0.3, 0.4), (0.9, 0.3), (1.0, 1.2), (0.8, 2.6)])
    u, v = canvas.u, canvas.v
    wrinkles = 1 + 0.15 * np.sin(14 * v + 3 * np.cos(3 * u + draw.uniform(0, 6)) + draw.uniform(0, 6))
    shade = (1.05 - 0.4 * u**2) * wrinkles
    return canvas.painted(draw.uniform(15, 230, 3) * shade[..., None] + draw.normal(0, 5, (*shade.shape, 1)))


def checked_mask(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Tartan, sewn in two halves, with a hem."""
    canvas = Canvas(photo, points)
    canvas.both([(0, 0.12), (0.3, 0.3), (0.85, 0.45), (0.8, 1.1), (0.45, 1.55), (0, 1.7)])
    u, v = canvas.u, canvas.v
    ground, first, second = draw.uniform(20, 235, (3, 3))
    rate = draw.uniform(3, 6)
    across, down = (np.sin(2 * np.pi * rate * u) > 0.5)[..., None], (np.sin(2 * np.pi * rate * v) > 0.5)[..., None]
    cloth = 0.5 * ground + 0.25 * np.where(across, first, ground) + 0.25 * np.where(down, second, ground)
    seam = 1 - 0.3 * (abs(u) < 0.025) - 0.2 * (abs(v - 0.35 - 0.2 * abs(u)) < 0.03)
    return canvas.painted(cloth * ((1.05 - 0.35 * abs(u)) * seam)[..., None])


def half_rimmed_glasses(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Narrow and wide, brown, a bright bar above."""
    canvas = Canvas(photo, points)
    for side in (-1, 1):
        canvas.lens(side * 0.5, 0.04, (0.4, 0.19), 4)
    canvas.frame(-0.12, 0.85, 0.05)
    bar = (abs(canvas.v + 0.13) < 0.035)[..., None]
    glass = np.array([55.0, 38, 25]) * draw.uniform(0.4, 1.2) + 0.15 * photo
    return canvas.painted(np.where(bar, draw.uniform(20, 220, 3), glass))


def large_glasses(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Down to the cheeks, darkest above, with a spot of light in each."""
    canvas = Canvas(photo, points)
    for side in (-1, 1):
        canvas.lens(side * 0.52, 0.1, (0.45, 0.38), 2.5)
    canvas.frame(-0.08, 0.9, 0.08)
    u, v = canvas.u, canvas.v
    light = draw.uniform(40, 200) * np.exp(-((abs(u) - 0.4) ** 2 + (v + 0.08) ** 2) / 0.006)
    return canvas.painted(draw.uniform(5, 50, 3) * (1 + 0.8 * v[..., None]) + light[..., None])


def scarf(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Knitted, up to the tip of the nose, thick ribs that sag, a shadow under its edge."""
    canvas = Canvas(photo, points)
    canvas.both([(0, 0.48), (0.4, 0.42), (1.0, 0.4), (1.25, 1.3), (1.1, 2.8)])
    u, v = canvas.u, canvas.v
    ribs = 1 + 0.22 * np.sin(2 * np.pi * (v - 0.18 * u**2) * draw.uniform(2.5, 4.5))
    knit = 1 + 0.1 * np.sin(2 * np.pi * u * draw.uniform(9, 14))
    edge = 1 - 0.5 * np.exp(-((v - 0.46) ** 2) / 0.002)
    return canvas.painted(draw.uniform(25, 220, 3) * (ribs * knit * edge)[..., None])


def folded_mask(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Folded along the middle, pressed seams, a metal band over the nose, straps."""
    canvas = Canvas(photo, points)
    canvas.both([(0, -0.02), (0.2, 0.12), (0.55, 0.35), (0.85, 0.75), (0.7, 1.25), (0.3, 1.62), (0, 1.72)])
    for side in (-1, 1):
        canvas.line([(side * 0.82, 0.65), (side * 1.25, 0.15)], 0.06)
        canvas.line([(side * 0.75, 1.15), (side * 1.25, 0.75)], 0.06)
    u, v = canvas.u, canvas.v
    halves = np.where(u < 0, 1.0, draw.uniform(0.7, 0.9))
    seams = 1 - 0.15 * (abs(abs(u) - 0.55 + 0.2 * v) < 0.025) - 0.2 * (abs(u) < 0.015)
    band = 0.3 * ((abs(v - 0.14 - 0.5 * abs(u)) < 0.04) & (abs(u) < 0.3))
    level = np.array([235.0, 225, 30, 120])[draw.integers(4)]
    return canvas.painted((level * halves * seams * (1 - band))[..., None] * np.array([1, 0.98, 0.95]))


def cat_glasses(photo: Photo, points: Points, draw: Draw) -> Photo:
    """Drawn up to the sides, a coloured frame around black, a slanting glint."""
    canvas = Canvas(photo, points)
    half = [(0.12, 0.02), (0.2, -0.18), (0.55, -0.22), (0.98, -0.36), (0.9, 0.05), (0.65, 0.26), (0.3, 0.24)]
    for side in (-1, 1):
        canvas.area([(side * u, v) for u, v in half])
    canvas.frame(-0.08, 0.9, 0.06)
    u, v = abs(canvas.u), canvas.v
    inner = ((u - 0.52) / 0.3) ** 2 + ((v - 0.02) / 0.17) ** 2 < 1
    glint = 90 * draw.uniform(0, 1) * np.exp(-((v + 0.3 * canvas.u - 0.02) ** 2) / 0.001)
    frame = draw.uniform(10, 200, 3)
    return canvas.painted(np.where(inner[..., None], draw.uniform(5, 40, 3) + glint[..., None], frame))


def goggles(photo: Photo, points: Points, draw: Draw) -> Photo:
    """For skiing: a broad band over eyes and brows, a soft frame, colours that run across, a strap."""
    canvas = Canvas(photo, points)
    canvas.both([(0, -0.45), (0.6, -0.5), (1.0, -0.3), (1.0, 0.25), (0.6, 0.42), (0.2, 0.3), (0, 0.2)])
    for side in (-1, 1):
        canvas.line([(side * 0.95, -0.05), (side * 1.4, -0.1)], 0.3)
    u, v = canvas.u, canvas.v
    inner = (abs(u) < 0.85) & (abs(v + 0.05) < 0.3)
    first, second, frame = draw.uniform(20, 240, (3, 3))
    run = 0.5 + 0.5 * np.sin(1.5 * u + draw.uniform(0, 6))[..., None]
    return canvas.painted(np.where(inner[..., None], first * run + second * (1 - run), frame))


TUNING: Mapping[str, tuple[Painting, ...]] = {
    "mask": (flat_mask, striped_mask, grainy_mask),
    "dark glasses": (oval_glasses, square_glasses, tinted_glasses),
}
SHOWN: Mapping[str, tuple[Painting, ...]] = {
    "mask": (surgical_mask, cup_mask, bandana, gaiter, checked_mask),
    "dark glasses": (aviator_glasses, mirrored_glasses, wrapping_glasses, half_rimmed_glasses, large_glasses),
}
FRESH: Mapping[str, tuple[Painting, ...]] = {
    "mask": (scarf, folded_mask),
    "dark glasses": (cat_glasses, goggles),
}
"""Drawn when the limits stood; only that of noise is younger."""
