"""Photos as they are sent: the bytes of their files as they are, and what is no file as PNG, which loses nothing."""

from __future__ import annotations

import io
from typing import BinaryIO, NamedTuple, cast

import PIL.Image

from facerec.errors import ImageError
from facerec.photos import pixels, reader


class Sent(NamedTuple):
    """A photo on its way: what it is called, its file, and what the other side cannot know to say of it."""

    name: str
    content: bytes
    notes: tuple[str, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """Its notes, as decisions about it hold them."""
        return tuple(f"{self.name}: {note}" for note in self.notes)


def sent(photo: reader.Source, *, bgr: bool = False) -> Sent:
    """A photo, as ``facerec.photos.read`` takes one, ready to be sent; errors as there."""
    name = reader.name_of(photo)
    if bgr or not reader.is_file(photo):
        image, notes = reader.read_photo(photo, bgr=bgr)
        dark = pixels.brightness_notes(image)  # which the other side sees, too
        encoded = io.BytesIO()
        PIL.Image.fromarray(image).save(encoded, "PNG", compress_level=1)
        return Sent(name, encoded.getvalue(), tuple(note for note in notes if note not in dark))
    try:
        content = reader.contents(photo)
        return Sent(name, reader.rest_of_stream(cast("BinaryIO", photo)) if content is None else content, ())
    except ImageError as error:
        message = f"{name} cannot be read as a photo: {error}"
        raise type(error)(message) from error
