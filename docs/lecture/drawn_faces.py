"""Faces that are drawn, of nobody: enough for a detector to find, so that every stage of the pipeline can be seen.

A drawn person is a handful of numbers (how wide the head, how far the eyes apart, which colours); a photo of that
person is those numbers in a light, a turn and a grain of its own. No group is assigned to anybody, drawn or not.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_LARGER = 3  # drawn larger and shrunk, which smooths the edges


def drawn_face(person: int, photo: int = 0, *, size: int = 200) -> np.ndarray:
    """One drawn face on a plain ground; uint8, shape (size, size, 3); the same two numbers give the same picture."""
    who, how = np.random.default_rng([person, 1]), np.random.default_rng([person, photo, 2])
    side = size * _LARGER
    skin = np.array([224, 178, 148]) * who.uniform(0.55, 1.08)
    hair, iris = who.uniform(15, 130) * np.array([1, 0.75, 0.5]), who.uniform((30, 40, 40), (110, 120, 160))
    wide, high, apart = who.uniform(0.25, 0.29), who.uniform(0.34, 0.39), who.uniform(0.105, 0.13)
    nose, mouth, brow = who.uniform(0.13, 0.17), who.uniform(0.085, 0.125), who.uniform(0.06, 0.085)
    fringe = who.uniform(0.08, 0.13)
    smile, turn, light = how.uniform(0.0, 0.05), how.uniform(-7, 7), how.uniform(0.82, 1.1)
    eyes = (0.5 - apart, 0.5 + apart)
    picture = Image.new("RGB", (side, side), _colour(how.uniform(60, 200, 3)))
    draw = ImageDraw.Draw(picture)

    def box(left: float, top: float, right: float, bottom: float) -> list[float]:
        return [side * left, side * top, side * right, side * bottom]

    def ellipse(x: float, y: float, rx: float, ry: float, colour: np.ndarray) -> None:
        draw.ellipse(box(x - rx, y - ry, x + rx, y + ry), fill=_colour(colour))

    ellipse(0.5, 1.05, 0.42, 0.27, who.uniform(30, 200, 3))  # shoulders
    draw.rectangle(box(0.42, 0.72, 0.58, 0.9), fill=_colour(skin * 0.8))
    ellipse(0.5, 0.46, wide + 0.045, high + 0.03, hair)
    for x in (0.5 - wide, 0.5 + wide):
        ellipse(x, 0.52, 0.035, 0.065, skin * 0.86)
    ellipse(0.5, 0.52, wide, high, skin)
    ellipse(0.5, 0.22, wide * 0.93, fringe, hair)
    plain, inside = picture.copy(), Image.new("L", picture.size)
    ImageDraw.Draw(inside).ellipse(box(0.5 - wide, 0.3, 0.5 + wide, 0.52 + high), fill=230)
    for x in eyes:  # sockets and cheeks, then the nose's side and the chin: soft shades
        ellipse(x, 0.46, 0.085, 0.06, skin * 0.8)
        ellipse(x, 0.63, 0.06, 0.05, skin * [1.06, 0.9, 0.88])
    tip = 0.47 + nose
    corners = [(side * x, side * y) for x, y in ((0.5, 0.44), (0.455, tip), (0.545, tip))]
    draw.polygon(corners, fill=_colour(skin * 0.88))
    ellipse(0.5, 0.845, wide * 0.55, 0.055, skin * 0.9)
    picture = Image.composite(picture.filter(ImageFilter.GaussianBlur(side * 0.018)), plain, inside)
    draw = ImageDraw.Draw(picture)
    for x in eyes:
        ellipse(x, 0.465, 0.054, 0.026, np.array([238, 236, 232]))
        ellipse(x, 0.465, 0.025, 0.025, iris)
        ellipse(x, 0.465, 0.012, 0.012, np.array([10, 10, 10]))
        draw.arc(box(x - 0.058, 0.436, x + 0.058, 0.5), 190, 350, _colour(skin * 0.35), side // 90)
        draw.arc(box(x - brow, 0.385, x + brow, 0.46), 205, 335, _colour(hair * 0.8), side // 45)
    for x in (0.478, 0.522):
        ellipse(x, tip + 0.005, 0.013, 0.008, skin * 0.45)
    draw.arc(box(0.465, tip - 0.03, 0.535, tip + 0.025), 20, 160, _colour(skin * 0.6), side // 110)
    lips, corner = skin * [0.82, 0.5, 0.5], 0.705 - smile
    draw.chord(box(0.5 - mouth, corner, 0.5 + mouth, 0.77), 10, 170, _colour(lips))
    draw.arc(box(0.5 - mouth, corner - 0.02, 0.5 + mouth, 0.753), 15, 165, _colour(lips * 0.45), side // 110)
    picture = picture.rotate(turn, Image.Resampling.BICUBIC, fillcolor=picture.getpixel((2, 2)))
    pixels = np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS), np.float64)
    slope = 1 + how.uniform(-0.18, 0.18) * np.linspace(-1, 1, size)[None, :, None]
    return np.clip(pixels * light * slope + how.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)


def _colour(values: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = np.clip(np.rint(values), 0, 255).astype(int).tolist()
    return red, green, blue
