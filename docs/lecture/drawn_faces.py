"""Faces that are drawn, of nobody: enough for a detector to find, so that every stage of the pipeline can be seen.

A drawn person is a handful of numbers (how wide the head, how far the eyes apart, which colours); a photo of that
person is those numbers in a light, a turn and a grain of its own.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_SCALE = 3  # drawn larger and shrunk, which smooths the edges


def drawn_face(person: int, photo: int = 0, *, size: int = 200) -> np.ndarray:
    """One drawn face on a plain ground; uint8, shape (size, size, 3); the same two numbers give the same picture."""
    who, how = np.random.default_rng([person, 1]), np.random.default_rng([person, photo, 2])
    side = size * _SCALE
    skin = np.array([224, 178, 148]) * who.uniform(0.55, 1.08)
    hair, iris = who.uniform(15, 130) * np.array([1, 0.75, 0.5]), who.uniform((30, 40, 40), (110, 120, 160))
    wide, high, apart = who.uniform(0.25, 0.29), who.uniform(0.34, 0.39), who.uniform(0.105, 0.13)
    nose, mouth, brow = who.uniform(0.13, 0.17), who.uniform(0.085, 0.125), who.uniform(0.06, 0.085)
    smile, turn, light = how.uniform(0.0, 0.05), how.uniform(-7, 7), how.uniform(0.82, 1.1)
    picture = Image.new("RGB", (side, side), _colour(how.uniform(60, 200, 3)))
    draw = ImageDraw.Draw(picture)

    def ellipse(x: float, y: float, rx: float, ry: float, colour: np.ndarray, **kind: float) -> None:
        box = [side * (x - rx), side * (y - ry), side * (x + rx), side * (y + ry)]
        draw.ellipse(box, fill=_colour(colour), **kind)

    ellipse(0.5, 1.05, 0.42, 0.27, who.uniform(30, 200, 3))  # shoulders
    draw.rectangle([side * 0.42, side * 0.72, side * 0.58, side * 0.9], fill=_colour(skin * 0.8))
    ellipse(0.5, 0.46, wide + 0.045, high + 0.03, hair)
    for x in (0.5 - wide, 0.5 + wide):
        ellipse(x, 0.52, 0.035, 0.065, skin * 0.86)
    ellipse(0.5, 0.52, wide, high, skin)
    ellipse(0.5, 0.22, wide * 0.93, 0.1, hair)
    shade = picture.copy()
    pencil = ImageDraw.Draw(shade)
    for x in (0.5 - apart, 0.5 + apart):  # eye sockets, cheeks
        pencil.ellipse([side * (x - 0.085), side * 0.4, side * (x + 0.085), side * 0.52], fill=_colour(skin * 0.8))
        pencil.ellipse([side * (x - 0.06), side * 0.58, side * (x + 0.06), side * 0.68], fill=_colour(skin * [1.06, 0.9, 0.88]))
    pencil.polygon([(side * 0.5, side * 0.44), (side * 0.455, side * (0.47 + nose)), (side * 0.545, side * (0.47 + nose))], fill=_colour(skin * 0.88))
    pencil.ellipse([side * (0.5 - wide * 0.55), side * 0.79, side * (0.5 + wide * 0.55), side * 0.9], fill=_colour(skin * 0.9))
    picture = Image.blend(picture, shade.filter(ImageFilter.GaussianBlur(side * 0.018)), 0.9)
    draw = ImageDraw.Draw(picture)
    for x in (0.5 - apart, 0.5 + apart):
        ellipse(x, 0.465, 0.054, 0.026, np.array([238, 236, 232]))
        ellipse(x, 0.465, 0.025, 0.025, iris)
        ellipse(x, 0.465, 0.012, 0.012, np.array([10, 10, 10]))
        draw.arc([side * (x - 0.058), side * 0.436, side * (x + 0.058), side * 0.5], 190, 350, _colour(skin * 0.35), side // 90)
        draw.arc([side * (x - brow), side * 0.385, side * (x + brow), side * 0.46], 205, 335, _colour(hair * 0.8), side // 45)
    for x in (0.478, 0.522):
        ellipse(x, 0.475 + nose, 0.013, 0.008, skin * 0.45)
    draw.arc([side * 0.465, side * (0.44 + nose), side * 0.535, side * (0.495 + nose)], 20, 160, _colour(skin * 0.6), side // 110)
    y = 0.735
    lips = skin * np.array([0.82, 0.5, 0.5])
    draw.chord([side * (0.5 - mouth), side * (y - 0.03 - smile), side * (0.5 + mouth), side * (y + 0.035)], 10, 170, _colour(lips))
    draw.arc([side * (0.5 - mouth), side * (y - 0.05 - smile), side * (0.5 + mouth), side * (y + 0.018)], 15, 165, _colour(lips * 0.45), side // 110)
    picture = picture.rotate(turn, Image.Resampling.BICUBIC, fillcolor=picture.getpixel((2, 2)))
    picture = picture.filter(ImageFilter.GaussianBlur(side * 0.003)).resize((size, size), Image.Resampling.LANCZOS)
    pixels = np.asarray(picture, np.float64)
    slope = 1 + how.uniform(-0.18, 0.18) * np.linspace(-1, 1, size)[None, :, None]
    return np.clip(pixels * light * slope + how.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)


def _colour(values: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = np.clip(np.rint(values), 0, 255).astype(int).tolist()
    return red, green, blue
