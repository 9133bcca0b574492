"""Embedders from ONNX files: any face network that somebody exported, beside those of this project.

Nothing about the file is guessed: the crop, the scaling of the pixels and the averaging are given, the graph states its
shapes, and what contradicts them is refused. ONNX Runtime computes; torch is not loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from facerec.errors import WeightsError
from facerec.graphs.session import open_session
from facerec.models.folder.values import Pixels
from facerec.types import Chips

if TYPE_CHECKING:
    import onnxruntime

Layout: TypeAlias = Literal["NCHW", "NHWC"]

# As for the torch networks: larger batches are no faster and need more memory.
_BATCH = 32
_LARGEST = 1e15  # number in a vector that is taken; those of face networks are below a hundred


@dataclass(frozen=True)
class OnnxGraph:
    """An ONNX face network, ready to run: `session` may be called by several threads at once.

    `input` and `output` name the image and the vector in the graph, whose channels are where `layout` says. It takes
    `batch` images at once (``None``: any number), of the type `number`.
    """

    session: onnxruntime.InferenceSession
    input: str
    output: str
    layout: Layout
    batch: int | None
    number: type[np.floating]


def open_graph(model: bytes, *, name: str, size: int, output: str | None = None, threads: int = 1) -> OnnxGraph:
    """Open an ONNX face network for images of `size` pixels from its file's contents; `name` is for messages.

    `output` says which output is the vector, where there are several. With one of the `threads` within the network,
    several photos side by side are fastest.

    Errors are those of ``facerec.graphs.session.open_session``; and `WeightsError` if it needs more than one input, or
    takes other images than float RGB or BGR of that size; if `output` is not one of its outputs, or it has several and
    none is named.
    """
    session = open_session(model, name=name, threads=threads)
    try:
        return _described(session, name, size, output)
    except UnicodeDecodeError as error:
        message = f"{name} is not an ONNX graph that can be run: a name in it is no UTF-8"
        raise WeightsError(message) from error


def _described(session: onnxruntime.InferenceSession, name: str, size: int, output: str | None) -> OnnxGraph:
    inputs = session.get_inputs()
    if len(inputs) != 1:
        message = f"{name} must take one input, the image; it takes {', '.join(each.name for each in inputs)}"
        raise WeightsError(message)
    layout, batch = _image_shape(inputs[0], name, size)
    numbers: dict[str, type[np.floating]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    if inputs[0].type not in numbers:
        message = f"{name} must take float images; {inputs[0].name} is a {inputs[0].type}"
        raise WeightsError(message)
    vector = _vector_output([each.name for each in session.get_outputs()], name, output)
    return OnnxGraph(session, inputs[0].name, vector, layout, batch, numbers[inputs[0].type])


def onnx_forward(graph: OnnxGraph, pixels: Pixels, *, flip: bool) -> Callable[[Chips], NDArray[np.float32]]:
    """Return the function from chips to vectors that a graph computes; several threads may call it at once.

    uint8 (n, size, size, 3), n >= 1, to float32 (n, d); with `flip` the unit vectors of each chip and of its mirror
    image are averaged. It raises `WeightsError` where the graph gives anything but one finite vector per image.
    """

    def run(chips: Chips) -> NDArray[np.float32]:
        images = scaled(chips, pixels).astype(graph.number)
        if graph.layout == "NCHW":
            images = images.transpose(0, 3, 1, 2)
        return _vectors(graph, np.ascontiguousarray(images))

    def forward(chips: Chips) -> NDArray[np.float32]:
        found = []
        for first in range(0, len(chips), _BATCH):
            part = chips[first : first + _BATCH]
            vectors = run(part)
            if flip:
                vectors = unit_length(vectors) + unit_length(run(part[:, :, ::-1]))
            found.append(vectors)
        return np.concatenate(found)

    return forward


def probe_dimension(forward: Callable[[Chips], NDArray[np.float32]], size: int, *, name: str) -> int:
    """Length of the vectors of a network, found by running it on noise; the network is tried out with that.

    `WeightsError` if it gives different vectors for the same chip alone and among others, or hardly different ones for
    different chips: no photo could be told from another.
    """
    noise = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    together, alone = forward(noise), forward(noise[:1])
    if not np.linalg.norm(together, axis=1).all():
        message = f"{name} gives a vector of zeros, which has no direction: no face could be compared by it"
        raise WeightsError(message)
    together, alone = unit_length(together), unit_length(alone)
    if abs(together[:1] - alone).max() > 1e-3:
        message = f"{name} gives one chip another vector when it stands among others; export it in evaluation mode"
        raise WeightsError(message)
    if abs(together[0] - together[1]).max() < 1e-6:
        message = f"{name} gives two different chips the same vector; is the scaling of the pixels right?"
        raise WeightsError(message)
    return int(together.shape[1])


def _image_shape(image: onnxruntime.NodeArg, name: str, size: int) -> tuple[Layout, int | None]:
    shape: Sequence[int | str | None] = image.shape
    layouts: tuple[tuple[Layout, int, slice], ...] = (("NCHW", 1, slice(2, 4)), ("NHWC", 3, slice(1, 3)))
    for layout, channels, sides in layouts if len(shape) == 4 else ():
        if shape[channels] == 3 and all(not isinstance(side, int) or side == size for side in shape[sides]):
            return layout, (shape[0] if isinstance(shape[0], int) else None)
    message = (
        f"{name} takes images of shape {list(shape)}; expected [n, 3, {size}, {size}] or [n, {size}, {size}, 3], as "
        "the crop recipe cuts them; choose the recipe that it was trained with"
    )
    raise WeightsError(message)


def _vector_output(outputs: Sequence[str], name: str, output: str | None) -> str:
    if output is None and len(outputs) == 1:
        return outputs[0]
    if output in outputs:
        return str(output)
    wanted = "say which one is the vector" if output is None else f"none of them is {output!r}"
    message = f"{name} has the outputs {', '.join(outputs)}; {wanted}"
    raise WeightsError(message)


def _vectors(graph: OnnxGraph, images: NDArray[np.floating]) -> NDArray[np.float32]:
    if graph.batch is None:
        return _run(graph, images)
    found = []
    for first in range(0, len(images), graph.batch):
        part = images[first : first + graph.batch]
        missing = graph.batch - len(part)
        if missing:  # a graph of fixed batch is filled up with images that are thrown away
            part = np.concatenate([part, np.repeat(part[-1:], missing, axis=0)])
        found.append(_run(graph, part)[: graph.batch - missing])
    return np.concatenate(found)


def _run(graph: OnnxGraph, images: NDArray[np.floating]) -> NDArray[np.float32]:
    try:
        (out,) = graph.session.run([graph.output], {graph.input: images})
    except Exception as error:
        message = f"ONNX Runtime cannot run the graph on {len(images)} images: {error}"
        raise WeightsError(message) from error
    vectors = np.asarray(out, np.float32).reshape(len(images), -1) if len(out) == len(images) else None
    # Of larger ones not even the length is a number; NaN is not at most anything.
    if vectors is None or not (abs(vectors) <= _LARGEST).all():
        values = "" if vectors is None else f" with values that are not finite, or beyond {_LARGEST:g}"
        message = (
            f"the output {graph.output!r} must be one finite vector per image; for {len(images)} images it is of shape "
            f"{list(np.shape(out))}{values}"
        )
        raise WeightsError(message)
    return vectors


def scaled(chips: Chips, pixels: Pixels) -> NDArray[np.float32]:
    """Chips as a network takes them, but for the layout: float32 (n, size, size, 3) in its order of channels."""
    mean, std = np.array(pixels.mean, np.float32), np.array(pixels.std, np.float32)
    images: NDArray[np.float32] = (resized(chips, pixels.size).astype(np.float32) - mean) / std
    return images[..., ::-1] if pixels.channels == "BGR" else images


def resized(chips: Chips, size: int | None) -> Chips:
    """Chips at another side in pixels, bilinear; as they are for ``None``."""
    if size is None or size == chips.shape[1]:
        return chips
    resized = [PIL.Image.fromarray(chip).resize((size, size), PIL.Image.Resampling.BILINEAR) for chip in chips]
    return np.stack([np.asarray(image) for image in resized])


def unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors, shape (n, d), each brought to length 1; zeros, which have no direction, stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return vectors / lengths
