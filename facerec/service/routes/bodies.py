"""Documents that requests carry, as Pydantic reads them; a field that nobody knows is refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from facerec.gallery.rules import GALLERY_NAME

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LastDay = Annotated[date | None, Field(description="The last day (UTC) on which the person is matched.")]
Id = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
GalleryName = Annotated[str, StringConstraints(pattern=f"^{GALLERY_NAME.pattern}$")]
Numbers = Annotated[list[Annotated[int, Field(strict=True, ge=1, lt=1 << 63)]], Field(min_length=1, max_length=1000)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Terms(_Document):
    """On what terms somebody is enrolled."""

    consent: Text | None = None
    purpose: Text | None = None
    expires: LastDay = None


class NewPerson(Terms):
    """Who is enrolled, and on what terms."""

    name: Name


class Called(_Document):
    """Who is meant, by the exact name."""

    name: Name


class Imported(NewPerson):
    """Somebody to be imported from photos, by the names of their files."""

    photos: Annotated[list[Name], Field(min_length=1, max_length=1000)]


class Changes(_Document):
    """What is to be changed of a person; null removes a term, and what is not named stays."""

    name: Name | None = None
    consent: Text | None = None
    purpose: Text | None = None
    expires: LastDay = None


class NewGallery(_Document):
    """What a gallery is called."""

    id: GalleryName


class Merge(_Document):
    """Two people who are one: all faces of `giver` go to `receiver`."""

    giver: Id
    receiver: Id


class Split(_Document):
    """Faces of a person that are another person's."""

    person: Id
    samples: Numbers
    name: Name
    consent: Text | None = None
    purpose: Text | None = None
    expires: LastDay = None


class Move(_Document):
    """Faces of one person that are another's, who is enrolled."""

    giver: Id
    receiver: Id
    samples: Numbers


class Undo(_Document):
    """The receipt of a merge, split or move."""

    receipt: dict[str, Any]


class NewKey(_Document):
    """What a key may do: names of roles and scopes; `galleries`: only there."""

    label: Text
    roles: Annotated[list[str], Field(min_length=1, max_length=20)]
    galleries: list[GalleryName] | None = None
    expires: datetime | None = None


class CheckLog(_Document):
    """Heads that the log had, as ``number:digest`` or receipts hold them."""

    against: list[Text] = []


class Session(_Document):
    """A key, for which the page gets a cookie."""

    key: Text
