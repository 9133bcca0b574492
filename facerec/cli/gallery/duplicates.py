"""``facerec gallery duplicates``: who may be enrolled twice."""

from __future__ import annotations

from typing import Annotated

from facerec.cli import console, recognition
from facerec.cli.opening import KeyedHere
from facerec.cli.options import AsJson, GalleryFile, examples, grouped, option

EXAMPLES = examples(
    "facerec gallery duplicates --gallery people.db --fmr 0.0001",
    "facerec gallery duplicates --gallery people.db --at points.json --most 20 --json",
)


@grouped
def duplicates(
    *,
    gallery: GalleryFile,
    most: Annotated[int, option("N", "How many couples to tell, the most alike first.", min=1)] = 1000,
    as_json: AsJson = False,
    threshold: recognition.Threshold,
    reached: KeyedHere,
) -> None:
    """Find couples of people whose faces match one another: who may be enrolled twice.

    Every face is compared with every face of everybody else, so the number of strangers who match grows with the
    square of the gallery; how many are expected is printed, and a point of a lower false match rate finds fewer. These
    are candidates for facerec gallery merge; nothing is decided or changed. Exit status: 0 whether or not any is found.
    """
    from facerec.models.shipped_points import DEFAULT_TARGET_FMR, shipped_point

    with reached.open_here(gallery) as people:
        embedder = people.embedder
        point = threshold.of_embedder(embedder.digest, embedder.name)
        if point is None:
            point = shipped_point(embedder.digest, DEFAULT_TARGET_FMR, embedder=embedder.name)
        with console.progress("comparing") as progress:
            found = people.duplicates(at=point, most=most, progress=progress)
    if as_json:
        console.document({"gallery": gallery, **found.to_dict()})
        return
    rows = [
        (f"{each.score:.4f}", each.first, each.second, point.strangers_in_words(each.score)) for each in found.couples
    ]
    if rows:
        console.table(("score", "one", "the other", "how rare"), rows, right=("score",))
    shown = "" if len(rows) == found.found else f"{len(rows)} of "
    couples = console.counted(found.found, "couple", "couples")
    everybody = console.counted(found.people, "person", "people")
    if not found.comparisons:
        console.say(f"{everybody} enrolled: there is nobody to compare with")
        return
    console.say(
        f"{shown}{couples} of {everybody} may be one person each: look at their photos, then facerec gallery merge; "
        "nothing was changed"
    )
    chance = found.expected_by_chance
    console.say(
        f"  of {found.comparisons:,} comparisons about {chance.value:.2g} of strangers are expected to match (95 %: "
        f"{chance.low:.2g} … {chance.high:.2g})"
    )
    console.say_point(point)
