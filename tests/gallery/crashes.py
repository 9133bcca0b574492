"""Kills processes at random moments while they change a gallery, and compares what is left with what was acknowledged.

    python tests/gallery/crashes.py KILLS [--seed N] [--photo BYTES]

Writers are forked, so that a round costs what its operations cost. Each tells, before and after every operation, what
it does; so after a kill the gallery must be in the state of all that was acknowledged, with or without the one
operation that was under way. Prints one JSON object: kills, operations acknowledged, and whatever was not so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import runpy
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from facerec.errors import GalleryBusyError
from facerec.gallery import open_gallery

BUILD = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
ROUNDS_PER_GALLERY = 25
ENOUGH = 24  # people of one writer
IMPORTED = 4
_OPERATIONS = ["enroll"] * 5 + [
    "more",
    "forget",
    "rename",
    "update",
    *["import"] * 3,
    "reembed",
    "merge",
    "split",
    "remove",
]
_OPERATIONS += ["move", "undo"]

# The state of one writer's people: by name, the consent and the numbers of the faces. A face's vector is that of the
# seed `face + 10**6 * generation`, where re-embedding everybody is a generation.


def vector(face: int, generation: int):
    """The vector of a face in that generation of the gallery."""
    return BUILD["make_vector"](face + 10**6 * generation)


def chosen(state: dict, chance: random.Random, *, alone: bool) -> dict:  # noqa: PLR0911, PLR0912 - a table
    """An operation that is possible in this state, and what it needs."""
    people, names = state["people"], sorted(state["people"])
    several = [name for name in names if len(people[name][1]) > 1]
    made = f"{state['writer']} {state['made']}."
    face = state["first"] + state["made"] * 10
    while True:
        what = chance.choice(_OPERATIONS)
        if what == "enroll" and len(people) < ENOUGH:
            return {"do": what, "name": made, "faces": [face + n for n in range(chance.randint(1, 3))]}
        if what == "more" and names:
            return {"do": what, "name": chance.choice(names), "faces": [face]}
        if what == "forget" and names:
            return {"do": what, "name": chance.choice(names)}
        if what == "rename" and (own := [name for name in names if " import " not in name]):
            return {"do": what, "name": chance.choice(own), "new": made}
        if what == "update" and names:
            return {"do": what, "name": chance.choice(names), "consent": f"form {made}"}
        if what == "import" and not state["generation"] and not any(" import " in name for name in names):
            return {"do": what}
        if what == "reembed" and alone and names:
            return {"do": what}
        if what == "merge" and len(names) > 1:
            giver, receiver = chance.sample(names, 2)
            if None in (people[giver][0], people[receiver][0]) or people[giver][0] == people[receiver][0]:
                return {"do": what, "name": giver, "to": receiver}
        if what in ("split", "remove", "move") and several:
            name = chance.choice(several)
            other = chance.choice([each for each in names if each != name] or [name])
            if what != "move" or other != name:
                return {"do": what, "name": name, "face": chance.choice(people[name][1]), "new": made, "to": other}
        if what == "undo" and state["undo"] is not None:
            return {"do": what}


def after(state: dict, operation: dict) -> dict:  # noqa: PLR0912 - a table
    """The state once the operation is done."""
    before = state["people"]
    people = {name: [consent, list(faces)] for name, (consent, faces) in before.items()}
    new = {**state, "people": people, "made": state["made"] + 1, "undo": None}
    do, name = operation["do"], operation.get("name")
    if do == "enroll":
        people[name] = [None, operation["faces"]]
    elif do == "more":
        people[name][1] += operation["faces"]
    elif do == "forget":
        del people[name]
    elif do == "rename":
        people[operation["new"]] = people.pop(name)
    elif do == "update":
        people[name][0] = operation["consent"]
    elif do == "import":
        people |= {f"{state['writer']} import {n}.": [None, [state["first"] + 10**5 + n]] for n in range(IMPORTED)}
    elif do == "reembed":
        new["generation"] += 1
    elif do == "merge":
        consent, faces = people.pop(name)
        receiver = people[operation["to"]]
        receiver[0], receiver[1] = receiver[0] or consent, receiver[1] + faces
    elif do in ("remove", "split", "move"):
        people[name][1].remove(operation["face"])
        if do == "split":
            people[operation["new"]] = [people[name][0], [operation["face"]]]
        elif do == "move":
            people[operation["to"]][1].append(operation["face"])
    elif do == "undo":
        new["people"] = state["undo"]
    if do in ("merge", "split", "move"):
        new["undo"] = before
    return new


def perform(gallery, state: dict, operation: dict, *, photo: int, archive: Path, receipts: list) -> bool:
    """Do it; of a transfer the receipt is kept for the next operation, of a deletion whether all was erased."""
    make, generation = BUILD["make_face"], state["generation"]
    do, name = operation["do"], operation.get("name")

    def number():
        wanted = [vector(operation["face"], generation).tobytes()]
        stored = zip(gallery.samples(name), gallery.vectors(name), strict=True)
        return next(sample.number for sample, each in stored if each.tobytes() in wanted)

    done, erased = None, True
    if do in ("enroll", "more"):
        faces = [make(vector(each, generation), source="a.jpg") for each in operation["faces"]]
        photos = [f"{each:09d}".encode() + os.urandom(photo) for each in operation["faces"]]
        gallery.enroll(name, faces, photos=photos, keep_photos=True)
    elif do == "forget":
        erased = gallery.forget(name).erased_from_file
    elif do == "rename":
        gallery.rename(name, operation["new"])
    elif do == "update":
        gallery.update(name, consent=operation["consent"])
    elif do == "import":
        gallery.import_from(archive)
    elif do == "reembed":
        new = BUILD["make_embedder"]()
        gallery.reembed(new, lambda _, content: make(vector(int(content[:9]), generation + 1)))
    elif do == "merge":
        done = gallery.merge(name, operation["to"])
    elif do == "split":
        done = gallery.split(name, operation["new"], number())
    elif do == "move":
        done = gallery.move_samples(name, operation["to"], number())
    elif do == "remove":
        erased = gallery.remove_samples(name, number()).erased_from_file
    elif do == "undo":
        gallery.undo(receipts[-1])
    receipts.append(done)
    return erased


def write(path: Path, state: dict, told: int, *, seed: float, photo: int, archive: Path, alone: bool) -> None:
    """Change the gallery until killed; in a process of its own."""
    chance, receipts = random.Random(seed), []
    state["undo"] = None  # the receipt went with the process that had it
    with open_gallery(path, BUILD["make_embedder"](), wait=60.0) as gallery:
        os.write(told, b'{"open": true}\n')
        while True:
            operation = chosen(state, chance, alone=alone)
            os.write(told, json.dumps({"begin": operation}).encode() + b"\n")
            erased = perform(gallery, state, operation, photo=photo, archive=archive, receipts=receipts)
            state = after(state, operation)
            os.write(told, json.dumps({"done": operation["do"], "erased": erased}).encode() + b"\n")


def started(*given, **named) -> tuple[int, int]:
    """The process id of a writer, and where it tells what it does."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    try:
        os.close(reading)
        write(*given, writing, **named)
    except BaseException:  # noqa: BLE001 - told, and the process must not go on as if it were the parent
        os.write(writing, json.dumps({"failed": traceback.format_exc()}).encode() + b"\n")
    os._exit(1)


def heard(reading: int) -> list[dict]:
    """Everything that a dead writer told in whole lines."""
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def stored(gallery, writer: str) -> dict:
    """By name: consent and the set of vectors, of one writer's people."""
    people = [person for person in gallery if person.name.startswith(f"{writer} ")]
    return {each.name: (each.consent, {v.tobytes() for v in gallery.vectors(each.name)}) for each in people}


def as_stored(state: dict) -> dict:
    """What `stored` gives of a gallery in that state."""
    generation = state["generation"]
    people = state["people"].items()
    return {
        name: (consent, {vector(face, generation).tobytes() for face in faces}) for name, (consent, faces) in people
    }


class Campaign:
    """Galleries, writers, kills, and what came of them."""

    def __init__(self, folder: Path, seed: int, photo: int) -> None:
        self.folder, self.photo = folder, photo
        self.chance = random.Random(seed)
        self.found: Counter = Counter()
        self.faults: list[str] = []
        self.states: list[dict] = []
        self.heads: list = []
        self.path = folder / "none.db"

    def begin(self, number: int) -> None:
        """A new gallery, of one writer or two in turn; and the folders that they import."""
        for old in self.folder.glob("*.db*"):
            old.unlink()
        self.path = self.folder / f"{number}.db"
        with open_gallery(self.path, BUILD["make_embedder"]()) as gallery:
            self.heads = [gallery.head()]
        self.states = []
        for index in range(1 + number % 2):
            first = 10**7 * (1 + number) + index * 5 * 10**6
            parts = {"writer": "QX"[index] * 5, "first": first % 10**9, "made": 0, "generation": 0, "undo": None}
            self.states.append({**parts, "people": {}})
            archive = self.folder / f"{number} {index}"
            with open_gallery(self.folder / "archived.db", BUILD["make_embedder"]()) as gallery:
                for n in range(IMPORTED):
                    face = parts["first"] + 10**5 + n
                    content = f"{face:09d}".encode() + os.urandom(self.photo)
                    made = BUILD["make_face"](vector(face, 0))
                    gallery.enroll(f"{parts['writer']} import {n}.", made, photos=[content], keep_photos=True)
                gallery.export_to(archive)
            for left in self.folder.glob("archived.db*"):
                left.unlink()

    def kill(self, number: int) -> None:
        """One round: writers, a moment, kill -9 for each, and the judgement."""
        alone = len(self.states) == 1 and not int(self.path.stem) % 4  # else imports have their turn
        writers = []
        for index, state in enumerate(self.states):
            archive = self.folder / f"{self.path.stem} {index}"
            seed = self.chance.random()
            writers.append(started(self.path, state, seed=seed, photo=self.photo, archive=archive, alone=alone))
        time.sleep(self.chance.random() ** 2 * 1.5)
        for child, _ in writers:
            os.kill(child, signal.SIGKILL)
        told = []
        for child, reading in writers:
            os.waitpid(child, 0)
            told.append(heard(reading))
        self.found["kills"] += len(writers)
        self.judge(number, told)

    def judge(self, number: int, told: list[list[dict]]) -> None:  # noqa: PLR0912 - one thing after another
        """Compare the gallery with what was told."""
        gone: list[bytes] = []
        acknowledged, under_way = [], []
        for state, lines in zip(self.states, told, strict=True):
            state["undo"] = None
            pending = None
            for line in lines:
                if "failed" in line:
                    self.fault(number, "failed", line["failed"])
                if "begin" in line:
                    pending = line["begin"]
                if "done" in line:
                    state = after(state, pending)  # noqa: PLW2901 - the state moves on
                    self.found["acknowledged"] += 1
                    self.found[f"acknowledged {line['done']}"] += 1
                    self.found["not erased at once"] += not line["erased"]
                    if line["done"] == "forget" and line["erased"]:
                        gone.append(pending["name"].encode())
                    pending = None
            acknowledged.append(state)
            under_way.append(None if pending is None else after(state, pending))
            self.found["under way"] += pending is not None
        raw = b""
        try:
            with open_gallery(self.path, wait=0.0 if self.chance.random() < 0.5 else 5.0) as gallery:
                checked = gallery.check(against=self.heads)
                for problem in checked.problems:
                    self.fault(number, "check", problem)
                if checked.erasure_due:
                    self.fault(number, "erasure", "still due after opening alone")
                for index, state in enumerate(acknowledged):
                    here = stored(gallery, state["writer"])
                    possible = [each for each in (state, under_way[index]) if each is not None]
                    held = next((each for each in reversed(possible) if as_stored(each) == here), None)
                    if held is None:
                        differing = {n: v for n, v in as_stored(state).items() if here.get(n) != v}
                        self.fault(number, "lost", f"{sorted(differing)} of {sorted(here)}; {told[index][-3:]}")
                        held = state
                    self.found["done though not acknowledged"] += held is under_way[index]
                    acknowledged[index] = held
                self.heads.append(gallery.head())
            self.found["opened"] += 1
            raw = b"".join(each.read_bytes() for each in self.folder.glob(f"{self.path.name}*"))
        except GalleryBusyError as error:
            self.fault(number, "busy", str(error))
        except Exception:  # noqa: BLE001 - counted
            self.fault(number, "not openable", traceback.format_exc())
        enrolled = {name.encode() for each in acknowledged for name in each["people"]}  # some were imported again
        for name in set(gone) - enrolled:
            if name in raw:
                self.fault(number, "forgotten bytes", name.decode())
        self.states = [{**each, "made": each["made"] + 10} for each in acknowledged]

    def fault(self, number: int, kind: str, text: str) -> None:
        """Something that must not be."""
        self.found[f"FAULT {kind}"] += 1
        self.faults.append(f"round {number}: {kind}: {text}")


def main() -> None:
    """Run a campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photo", type=int, default=300_000, help="bytes of a kept photo")
    parser.add_argument("--folder", type=Path, help="where the galleries stand, by default for temporary files")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        campaign = Campaign(Path(folder), given.seed, given.photo)
        number = 0
        while campaign.found["kills"] < given.kills:
            if number % ROUNDS_PER_GALLERY == 0:
                campaign.begin(number // ROUNDS_PER_GALLERY)
            campaign.kill(number)
            number += 1
            if number % 50 == 0:
                print(json.dumps({**campaign.found, "faults": campaign.faults[:20]}), file=sys.stderr, flush=True)  # noqa: T201
    print(json.dumps({**campaign.found, "faults": campaign.faults[:20]}))  # noqa: T201


if __name__ == "__main__":
    main()
