"""Reading photos of strangers in a process of its own: one that hangs, fills the memory or crashes costs itself.

What makes a decoder slow is refused before it begins as far as it is known (``facerec.photos.formats``); this holds for
what is not known yet. Pixels and errors are those of the reader.
"""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any, BinaryIO, cast

import numpy as np

from facerec.errors import ArgumentError, FatalPhotoError, ImageError, SlowPhotoError
from facerec.limited import Facts, Limited
from facerec.photos import reader
from facerec.types import Image
from facerec.visible_text import shortened


class LimitedReader:
    """Reads photos as ``facerec.photos.read`` does, each within a time and a memory. Several threads may share it.

    `seconds` are those of the clock on the wall: a photo of 80 megapixels takes some, and more on a busy machine.
    `memory` is in bytes, beyond what the process has; twelve for each pixel of the largest photo will do. The process
    that reads is kept: a photo of 250 × 250 pixels takes a tenth more time than without it, one of 12 megapixels twice
    as much, and the first a tenth of a second more. What decoders in C write on the terminal is not seen.

    >>> import io, PIL.Image
    >>> file = io.BytesIO()
    >>> PIL.Image.new("RGB", (40, 30), "red").save(file, "PNG")
    >>> with LimitedReader(seconds=60) as photos:
    ...     photos.read(file.getvalue()).shape
    (30, 40, 3)
    """

    def __init__(self, *, seconds: float = 30.0, memory: int | None = 2 << 30) -> None:
        self._limited = Limited(
            "facerec.photos.limited:_decode",
            seconds=seconds,
            memory=memory,
            most=3 * reader.MAX_PIXELS,
            slow=SlowPhotoError,
            fatal=FatalPhotoError,
        )

    def read(self, source: reader.Source, *, name: str | None = None) -> Image:
        """The pixels of a photo, RGB, uint8 (height, width, 3), upright; `read_photo` gives notes, besides."""
        return self.read_photo(source, name=name).pixels

    def read_photo(self, source: reader.Source, *, name: str | None = None) -> reader.Photo:
        """Read a photo from a path, the contents of a file, base64 text or a binary file, and say what there is to say.

        Raises
        ------
        SlowPhotoError, FatalPhotoError
            Both an `ImageError`: if it takes longer than it may; if it ends the process that reads it, because of its
            memory for example. Neither costs anything but this photo.
        ImageError
            As ``facerec.photos.read``, with the same text.
        ArgumentError
            If `source` is an image or an array, which is decoded already.
        LimitedProcessError
            If no process can be begun, or the reader was closed.
        """
        called = reader.name_of(source) if name is None else shortened(name)
        try:
            held = reader.contents(source)
            if held is None and hasattr(source, "read"):
                held = reader.rest_of_stream(cast("BinaryIO", source))
            if held is None:
                message = f"only the contents of files are read in a process of their own; got {type(source).__name__}"
                raise ArgumentError(message)
            told, answer = self._limited({}, held)
            return _photo(told, answer)
        except ImageError as error:
            message = f"{called} cannot be read as a photo: {str(error).removeprefix(_SAID_THERE)}"
            raise type(error)(message) from error

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(LimitedReader, seconds=self._limited.seconds, memory=self._limited.memory), ()

    def close(self) -> None:
        """End the processes; photos are not read any more."""
        self._limited.close()

    def __enter__(self) -> LimitedReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_NAME = "photo"
_SAID_THERE = f"{_NAME} cannot be read as a photo: "


def _photo(told: dict[str, Any], pixels: bytearray) -> reader.Photo:
    """The answer of a process, which a photo may have taken over, as a photo."""
    match told:
        case {"size": [int(height), int(width)], "notes": [*notes]} if height > 0 and 3 * height * width == len(pixels):
            size = height, width
        case _:
            message = "the process that read it answered what is no photo"
            raise FatalPhotoError(message)
    return reader.Photo(np.frombuffer(pixels, np.uint8).reshape(*size, 3), tuple(map(str, notes)))


def _decode(_: Facts, contents: bytearray) -> tuple[Facts, memoryview]:
    """What runs in the process."""
    photo = reader.read_photo(bytes(contents), name=_NAME)
    return {"size": photo.pixels.shape[:2], "notes": photo.notes}, photo.pixels.data.cast("B")
