"""The walk: find faces, enroll, verify, identify, forget, each a step with its time, what came of it, and its pictures.

Nothing here decides: every decision is the recognizer's, at one operating point, and is shown as it came out, also
where it is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import PIL.Image

from facerec.demo import made
from facerec.demo.photos import Photo, packaged
from facerec.errors import DataSetError, ImageError, OutputError
from facerec.gallery import Gallery, open_gallery
from facerec.photos import reader
from facerec.recognizer import Recognizer
from facerec.reporting import Block, Cell, Column, Picture, SideBySide, Table, Text, plain
from facerec.types import Faces, Identification, Identifications, OperatingPoint
from facerec.types.marks import Label, encode_jpeg, mark_faces

GALLERY = "demo-gallery.db"
SCENE = "scene.jpg"
_MOST_PEOPLE, _MOST_ENROLLED, _MOST_SHOWN = 5, 3, 12


@dataclass(frozen=True)
class Step:
    """One step: for programs (`name`, `facts`), for the screen (`title`, `outcome`), for the page (`blocks`).

    `known` and `wrong` count the decisions whose truth is known, and the wrong ones of them;
    undecided and ambiguous are not wrong.
    """

    name: str
    title: str
    outcome: str
    blocks: tuple[Block, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    known: int = 0
    wrong: int = 0
    seconds: float = 0.0


def walk(recognizer: Recognizer, photos: Sequence[Photo], out: Path, *, at: OperatingPoint) -> Iterator[Step]:
    """Walk through what the library does, on these photos, deciding at the point `at`.

    `out` is an existing folder; the gallery and the scene of an earlier walk in it are replaced. `DataSetError` if
    nobody can be enrolled from the photos, `OutputError` if the gallery of an earlier walk cannot be replaced.
    """
    with ExitStack() as opened:
        walker = _Walker(recognizer, photos, at, out, opened)
        for step in (walker.look, walker.enroll, walker.same, walker.different, walker.identify, walker.forget):
            start = perf_counter()
            yield replace(step(), seconds=perf_counter() - start)


@dataclass
class _Walker:
    recognizer: Recognizer
    photos: Sequence[Photo]
    at: OperatingPoint
    out: Path
    opened: ExitStack
    faces: dict[str, Faces] = field(default_factory=dict)
    people: dict[str, list[Photo]] = field(default_factory=dict)
    scenes: list[Photo] = field(default_factory=list)
    tiles: list[made.Tile] = field(default_factory=list)
    probes_only: dict[str, str] = field(default_factory=dict)  # why the gate lets these be recognised, not enrolled

    def look(self) -> Step:
        left_out: dict[str, str] = {}
        others = []
        for photo in self.photos:
            try:
                faces = self.faces[photo.name] = self.recognizer.faces(photo.open())
            except ImageError as error:
                left_out[photo.name] = str(error)
                continue
            if self._shows_several(photo):
                self.scenes.append(photo)
            elif photo.person is None or len(faces) != 1:
                others.append(photo)
            elif problems := self.recognizer.gate.problems(faces.only()):
                left_out[photo.name] = "; ".join(problems)
            else:
                self.people.setdefault(photo.person, []).append(photo)
                if problems := self.recognizer.gate.enrollment_problems(faces.only()):
                    self.probes_only[photo.name] = "; ".join(problems)
        for person, photos in list(self.people.items()):
            photos.sort(key=lambda photo: photo.name in self.probes_only)
            if photos[0].name in self.probes_only:
                left_out |= {photo.name: self.probes_only[photo.name] for photo in self.people.pop(person)}
        if not self.people:
            message = (
                f"nobody can be enrolled from the {len(self.photos)} photos: put each person's photos into a folder "
                f"named after the person, or name them like ada1.jpg, ada2.jpg, one face each"
            )
            raise DataSetError("; ".join([message, *list(left_out.values())[:1]]))
        # Whoever has a further photo to be recognised on comes first.
        self.people = dict(sorted(self.people.items(), key=lambda item: len(item[1]) == 1)[:_MOST_PEOPLE])
        self.scenes = sorted(self.scenes, key=lambda photo: -len(self.faces[photo.name]))[:3] + others[:4]
        found = [(photo, self.faces[photo.name]) for photo in self.photos if photo.name in self.faces]
        shown = [_marked(photo, faces, _number(len(faces), "face")) for photo, faces in found[:_MOST_SHOWN]]
        text = Text("Faces found in each photo, with the five points they are aligned by.")
        why = [Table("Left out.", (Column("photo"), Column("why")), tuple(left_out.items()))] if left_out else []
        facts = {"photos": {photo.name: len(faces) for photo, faces in found}, "left_out": left_out}
        count = sum(len(faces) for _, faces in found)
        outcome = f"{_number(count, 'face')} in {_number(len(found), 'photo')}"
        return Step("look", "Find and embed faces", outcome, (text, SideBySide(tuple(shown)), *why), facts)

    def enroll(self) -> Step:
        path = self.out / GALLERY
        try:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        except OSError as error:
            message = f"the gallery of an earlier demonstration, {path}, cannot be replaced: {error.strerror}"
            raise OutputError(message) from error
        self.gallery: Gallery = self.opened.enter_context(open_gallery(path, self.recognizer.embedder))
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        rows: list[tuple[Cell, ...]] = []
        for name in self.people:
            faces = [self.faces[photo.name].only() for photo in self._enrolled(name)]
            terms: dict[str, Any] = {"purpose": "demonstration of facerec", "expires": tomorrow}
            self.gallery.enroll(name, faces, gate=self.recognizer.gate, **terms)
            rows.append((name, ", ".join(photo.name for photo in self._enrolled(name)), tomorrow.isoformat()))
        table = Table("Who is enrolled.", (Column("person"), Column("photos"), Column("matched until")), tuple(rows))
        text = Text(
            "The gallery keeps vectors, not photos, with each person's consent, purpose and last day. "
            'From the command line: `facerec enroll NAME PHOTO --gallery people.db --consent "form 17"`'
        )
        return Step("enroll", "Enroll people", _some(list(self.people)), (text, table), {"people": list(self.people)})

    def same(self) -> Step:
        name, photos = next(iter(self.people.items()))
        probe, none = self._probe(name) if len(photos) > 1 else None, "nobody has a second usable photo"
        return self._compare("same", "Verify: one person", photos[0], probe, none)

    def different(self) -> Step:
        first, *others = self.people
        probe = self._probe(others[0]) if others else self._stranger()
        return self._compare(
            "different", "Verify: two people", self.people[first][0], probe, "there is only one person"
        )

    def identify(self) -> Step:
        # Photos of the user's with several faces are better than anything put together here.
        if not any(map(self._shows_several, self.scenes)):
            self.scenes.insert(0, self._collage())
        shown, rows, facts, known, wrong = [], [], [], 0, 0
        for scene in self.scenes:
            found, picture = self._identified(scene)
            shown.append(picture)
            for each in found:
                tile = made.tile_at(self.tiles, each.box) if scene.name == "scene" and self.tiles else None
                known += tile is not None
                wrong += tile is not None and each.match is not None and each.name != tile.person
                really = tile.words if tile else None
                answer = each.name or ("nobody" if each.decision == "no match" else each.decision)
                rows.append((scene.name, really, answer, each.score, "; ".join(each.problems) or None))
                facts.append({"photo": scene.name, "really": really, "name": each.name, **_decided(each)})
        (self.out / SCENE).write_bytes(shown[0].data)
        columns = (Column("photo"), Column("really"), Column("answer"), Column("score", "score"), Column("remark"))
        reached = f"A face is somebody's if its score reaches {self.at.threshold:.4f}"
        single = SideBySide(tuple(shown[1:])) if shown[1:] else Text("A face that is not found is never guessed.")
        table = Table(f"{reached}; a poor picture is left undecided.", columns, tuple(rows))
        blocks = (shown[0], single, table)
        return Step("identify", "Identify every face", _tally(facts), blocks, {"faces": facts}, known, wrong)

    def forget(self) -> Step:
        name = next(iter(self.people))
        receipt = self.gallery.forget(name)
        found, picture = self._identified(self.scenes[0])
        intact = self.gallery.check_log().intact
        erased = "erased" if receipt.erased_from_file else f"deleted, not yet erased from the file: {receipt.advice}"
        still = sum(each.name == name for each in found)
        outcome = f"{_number(receipt.vectors, 'vector')} {erased}; {_number(still, 'face')} still called {name}"
        text = Text(
            f"Forgetting deletes a person with all vectors and overwrites the bytes in the file. In the log, "
            f"{'intact' if intact else 'NOT intact'}, only the number {receipt.person_id[:8]}… is left."
        )
        facts = {"forgotten": name, "erased_from_file": receipt.erased_from_file, "log_intact": intact}
        faces = [{"name": each.name, **_decided(each)} for each in found]
        return Step("forget", f"Forget {name}", outcome, (text, picture), {**facts, "faces": faces})

    def _compare(self, step: str, title: str, reference: Photo, probe: Photo | None, none: str) -> Step:
        if probe is None:
            return Step(step, title, f"left out: {none}")
        result = self.recognizer.verify(probe.open(), reference.open(), at=self.at)
        wrong = result.match is (probe.person != reference.person)
        scored = f"{result.decision}, score {result.score:.3f}"
        pictures = [_marked(photo, self.faces[photo.name], said) for photo, said in ((reference, ""), (probe, scored))]
        text = Text(
            f"**{plain(result.decision)}** at the threshold {self.at.threshold:.4f}{' – wrong' if wrong else ''}. "
            f"{plain('; '.join((*result.problems, *result.notes)))} From the command line: `facerec verify a.jpg b.jpg`"
        )
        facts = {"probe": probe.name, "reference": reference.name, **_decided(result)}
        outcome = f"{probe.name} and {reference.name}: {result.decision}, {result.score:.3f}"
        return Step(step, title, outcome, (SideBySide(tuple(pictures)), text), facts, 1, int(wrong))

    def _identified(self, scene: Photo) -> tuple[Identifications, Picture]:
        found = self.recognizer.identify(scene.open(), self.gallery, at=self.at, top=2)
        labels = found.labels()
        return found, _marked(scene, found, ", ".join(label.text for label in labels) or "no face found", labels)

    def _shows_several(self, photo: Photo) -> bool:
        return sum(not self.recognizer.gate.problems(face) for face in self.faces[photo.name]) > 1

    def _enrolled(self, name: str) -> list[Photo]:
        good = [photo for photo in self.people[name] if photo.name not in self.probes_only]
        return good[: max(1, min(len(self.people[name]) - 1, _MOST_ENROLLED))]

    def _probe(self, name: str) -> Photo:
        """The photo to show somebody with: one that is not enrolled, where there is one."""
        return self.people[name][min(len(self._enrolled(name)), len(self.people[name]) - 1)]

    def _stranger(self) -> Photo | None:
        path = packaged("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
        if path is None or any(photo.name == path.name for photo in self.photos):
            return None
        photo = Photo(path.name, path, None)
        self.faces[path.name] = self.recognizer.faces(photo.open())
        return photo if len(self.faces[path.name]) == 1 else None

    def _collage(self) -> Photo:
        poor = []
        for photo in [*map(self._probe, self.people), *filter(None, [self._stranger()])]:
            name, person = photo.name, photo.person
            picture, size = made.portrait(reader.read(photo.open()), self.faces[name].only())
            self.tiles.append(made.Tile(picture, name if person else f"{name}, not enrolled", person))
            if person is not None:
                poor.append((picture, size, name, person))
        # The first person from far away, and the last one out of focus.
        for (picture, size, name, person), worse, how in (
            (poor[0], made.distant, "far away"),
            (poor[-1], made.blurred, "blurred"),
        ):
            self.tiles.append(made.Tile(worse(picture, size), f"{name}, {how}", person))
        return Photo("scene", made.collage(self.tiles), None)


def _marked(photo: Photo, found: Faces | Sequence[Identification], said: str, labels: Sequence[Label] = ()) -> Picture:
    picture = PIL.Image.fromarray(reader.read(photo.open()))
    factor = min(1.0, 1400 / max(picture.size))
    image = np.asarray(picture.resize((round(picture.width * factor) or 1, round(picture.height * factor) or 1)))
    if isinstance(found, Faces):
        boxes, points = found.detections.boxes, found.detections.points
    else:
        boxes, points = np.array([each.box for each in found]).reshape(-1, 4), np.empty((len(found), 0, 2), np.float32)
    marked = mark_faces(image, boxes * factor, points * factor, labels or [Label()] * len(boxes))
    alt = f"{photo.name} with {_number(len(boxes), 'face')} marked"
    return Picture(encode_jpeg(marked), alt, f"`{plain(photo.name)}` {plain(said)}")


def _decided(result: Any) -> dict[str, Any]:  # noqa: ANN401 - a Verification or an Identification
    return {"decision": result.decision, "score": result.score, "problems": list(result.problems)}


def _tally(faces: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(face["name"] for face in faces if face["name"] is not None))
    counts = Counter(face["decision"].replace("no match", "nobody") for face in faces)
    parts = [f"{_some(names)} recognised"] if names else []
    parts += [f"{counts[word]} {word}" for word in ("nobody", "undecided", "ambiguous") if counts[word]]
    return ", ".join(parts) or "no face found, so nobody guessed"


def _number(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
