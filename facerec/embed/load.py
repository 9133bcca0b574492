"""From a name to an embedder: those of this project, and those that somebody added.

A name stands for exactly one set of vectors on a machine, and an embedder carries its digest wherever it goes: the
galleries and thresholds of another one are refused, whatever the names are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from facerec.align.crops import DlibChip, crop_recipe, crop_weights
from facerec.align.landmarks import unpack_trees
from facerec.device import check_processor
from facerec.embed import dlib_resnet, facenet
from facerec.embed.trial import graph_dimension, tried_out
from facerec.errors import ArgumentError, CorruptWeightsError, OtherRuntimeError, WeightsError
from facerec.files import read_regular
from facerec.graphs.session import runtime_name
from facerec.limited import Facts
from facerec.meant import did_you_mean
from facerec.models.folder import ModelFolder, Pixels, Terms, Training, WeightsIn, read_model, write_model
from facerec.models.folder.values import WEIGHTS_FILES, ModelDescription, checked_name
from facerec.models.runtime import RuntimeFolder, read_runtime
from facerec.models.weights import MOST_BYTES, added_models, models_folder
from facerec.types import Embedder

DEFAULT = "dlib-resnet"


class _Loader(Protocol):
    """What loads an embedder, and raises what `load_embedder` says."""

    def __call__(self, *, device: str, model_files: Path | None) -> Embedder: ...


_BUILT_IN: Mapping[str, tuple[_Loader, str]] = {
    DEFAULT: (dlib_resnet.dlib_resnet, dlib_resnet.digest()),
    "facenet": (facenet.facenet, facenet.digest()),
}
"""What loads an embedder of this project, and its digest."""


def embedder_names() -> tuple[str, ...]:
    """The names that `load_embedder` knows: this project's, then the added ones."""
    return (*_BUILT_IN, *added_models())


def load_embedder(
    name: str | None = DEFAULT,
    *,
    device: str = "cpu",
    model_files: Path | None = None,
    runtime: RuntimeFolder | None = None,
) -> Embedder:
    """Load an embedder by its name, one of `embedder_names`; ``None`` is that of the `runtime`, else the default.

    With a `runtime` its graph runs on the processor, without torch.

    An ONNX model always runs on the processor, whatever the `device` (``cpu``, ``cuda`` or ``cuda:N``); `model_files`
    is looked into first for files that come with this project's models and crop recipes.

    `ArgumentError` if no embedder has that name (the message lists them), or `device` is unknown or absent;
    `MissingWeightsError`, `CorruptWeightsError` or `WeightsError` if a file of the model is absent, is not the expected
    one, or cannot be used; `OtherRuntimeError` if the `runtime` was exported from another embedder of that name.
    """
    if runtime is not None:
        check_processor(device)
        return _of_runtime(runtime, name)
    name = DEFAULT if name is None else name
    if name in _BUILT_IN:
        return _BUILT_IN[name][0](device=device, model_files=model_files)
    return embedder_of(_added(name), device=device, model_files=model_files)


def _of_runtime(runtime: RuntimeFolder, name: str | None) -> Embedder:
    from facerec.embed.onnx_graph import onnx_forward, open_graph

    about = runtime.description.embedder
    if name not in (None, about.name):
        message = f"{runtime.path} holds the embedder {about.name}, not {name}; leave one of the two out"
        raise ArgumentError(message)
    if about.name in _BUILT_IN and about.digest != _BUILT_IN[about.name][1]:
        message = (
            f"{runtime.path} was exported from another {about.name}: its digest is {about.digest[:12]}…, here it is "
            f"{_BUILT_IN[about.name][1][:12]}…; export it anew: facerec export {about.name} --runtime DIR"
        )
        raise OtherRuntimeError(message)
    trees = about.landmarks
    crop = (
        crop_recipe(about.crop)
        if trees is None
        else DlibChip(unpack_trees(runtime.contents(trees), name=str(runtime.path / trees.file)))
    )
    called, size = str(runtime.path / about.graph.file), about.pixels.size or crop.size
    graph = open_graph(runtime.contents(about.graph), name=called, size=size, output=about.output)
    return Embedder(
        name=about.name,
        digest=about.digest,
        dimension=about.dimension,
        crop=crop,
        forward=onnx_forward(graph, about.pixels, flip=about.flip),
        loader=partial(_from_runtime, runtime.path, runtime.digest),
        mirrored=about.flip,
        runtime=runtime_name(runtime.digest),
    )


def _from_runtime(path: Path, digest: str) -> Embedder:
    return _of_runtime(read_runtime(path, digest=digest), None)


def digest_of(name: str) -> str:
    """The digest of the embedder that `load_embedder` would load, with its errors; loads no torch."""
    return _BUILT_IN[name][1] if name in _BUILT_IN else _added(name).description.digest


def _added(name: str) -> ModelFolder:
    if name in added_models():
        return read_model(models_folder() / name)
    meant = did_you_mean(name, embedder_names()) or "."
    message = (
        f"no embedder is called {name!r}{meant} There are {', '.join(embedder_names())}; others are added by: "
        "facerec models add"
    )
    raise ArgumentError(message)


def embedder_of(model: ModelFolder, *, device: str = "cpu", model_files: Path | None = None) -> Embedder:
    """The embedder that a model's folder describes; the other arguments and errors as of `load_embedder`.

    An `ArgumentError` if no crop recipe has the name that the folder gives.
    """
    about = model.description
    crop = crop_recipe(about.crop, model_files=model_files)
    if about.kind == "onnx":
        from facerec.embed.onnx_graph import onnx_forward, open_graph

        graph = open_graph(
            model.weights(), name=about.weights.file, size=about.pixels.size or crop.size, output=_output(about)
        )
        forward = onnx_forward(graph, about.pixels, flip=about.flip)
    else:
        from facerec.embed.trained import trained_forward

        forward = trained_forward(model, device=device)
    again = partial(_from_folder, model.path.absolute(), device=device, model_files=model_files)
    return Embedder(about.name, about.digest, about.dimension, crop, forward, again, about.flip)


def _from_folder(path: Path, *, device: str, model_files: Path | None) -> Embedder:
    return embedder_of(read_model(path), device=device, model_files=model_files)


def add_model(folder: Path, *, name: str | None = None) -> ModelFolder:
    """Copy a model's folder, as ``facerec train`` writes it, to where its name (or another one) stands for it.

    `ArgumentError` if the name does not fit, or is one of this project's own, `OutputError` if a model of that name was
    added before, `WeightsError` if the folder is not a model's, or its network gives no vectors, or never comes to an
    end (``facerec.embed.trial``).
    """
    model = read_model(folder)
    about = model.description if name is None else replace(model.description, name=checked_name(name))
    _check_free(about.name)
    facts = {"folder": str(model.path.absolute())}
    tried_out("facerec.embed.load:_try_folder", facts, b"", name=about.name, size=about.weights.size)
    return write_model(models_folder() / about.name, about, model.weights(), points=model.points, audit=model.audit)


def _try_folder(facts: Facts, _: bytearray) -> tuple[Facts, bytes]:
    """What runs in the process that tries a model's folder out: on grey and on noise."""
    embedder = embedder_of(read_model(facts["folder"]))
    noise = np.random.default_rng(0).integers(0, 256, (1, embedder.crop.size, embedder.crop.size, 3), dtype=np.uint8)
    for chips in (np.full_like(noise, 128), noise):
        embedder(chips)
    return {}, b""


def describe_onnx(
    file: Path,
    *,
    name: str,
    crop: str,
    pixels: Pixels,
    terms: Terms,
    training: Training | None = None,
    flip: bool = True,
    output: str | None = None,
) -> tuple[ModelDescription, bytes]:
    """Try an ONNX face network out; its description under that name, and the contents of the file.

    `crop` names the recipe that it was trained with, `pixels` is the scaling; `output` says which output of the graph
    is the vector, where it has several. `ArgumentError` if the name or the crop recipe is unknown or does not fit,
    `WeightsError` if the file cannot be read, or is not a graph from such images to one vector each, or never comes to
    an end (``facerec.embed.trial``).
    """
    _check_free(checked_name(name))
    contents = read_regular(file, limit=MOST_BYTES, error=WeightsError)
    side = crop_recipe(crop).size
    dimension = graph_dimension(contents, name=file.name, side=side, pixels=pixels, flip=flip, output=output)
    description = ModelDescription(
        name=name,
        kind="onnx",
        architecture={} if output is None else {"output": output},
        crop=crop,
        crop_weights=crop_weights(crop),
        pixels=pixels,
        flip=flip,
        dimension=dimension,
        weights=WeightsIn(WEIGHTS_FILES["onnx"], hashlib.sha256(contents).hexdigest(), len(contents)),
        terms=terms,
        training=training or Training(),
    )
    return description, contents


def _check_free(name: str) -> None:
    if name in _BUILT_IN:
        message = f"{name!r} is one of this project's own models; choose another name"
        raise ArgumentError(message)


def _output(about: ModelDescription) -> str | None:
    output = about.architecture.get("output")
    if output is None or isinstance(output, str):
        return output
    message = f"architecture.output of {about.name} must be text; it is {output!r}"
    raise CorruptWeightsError(message)
