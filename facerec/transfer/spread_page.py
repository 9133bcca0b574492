"""The report on spread: the exercise's pictures and numbers, and beside them what they cannot show."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from facerec.errors import DataSetError
from facerec.files import replacing, sha256_of
from facerec.reporting import (
    Block,
    Callout,
    Cell,
    Column,
    Facts,
    Figure,
    Page,
    Section,
    Table,
    Text,
    Written,
    plain,
    write,
)
from facerec.reporting import write_number as number
from facerec.reporting.figures import draw
from facerec.reporting.spreadsheet import inert_csv
from facerec.transfer.spread import SHARES, GroupSpread, Matrix, Spread
from facerec.transfer.spread_charts import group_heat_map, photo_heat_map, threshold_lines
from facerec.transfer.spread_example import made_groups

_NO_ERRORS = (
    "**This page holds no error rate.** A false match rate needs pairs of different people and a threshold, a false "
    "non-match rate needs pairs of photos of one person. "
)
_CANNOT = """
Within-group spread is half the mean squared distance between two photos of a group, times their number less one. So it
says how alike *average* strangers of a group look to the network, and:

- **No threshold.** Decisions are made far from the average, where one pair in a thousand or fewer lies. A group can
be closer together on average and have fewer pairs beyond the threshold: the order of groups changes with the threshold.
- **No genuine pairs.** Whether people of a group are rejected depends on how much photos of one person differ. Spread
is measured between different people and knows nothing of it.
- **What differs besides.** Age, pose, light and the quality of photos differ between groups, and all of them move
vectors. A group of one age is closer together than a group of all ages.
- **One person per photo.** Where the data do not say who is who, two photos of one person count as two people, and so
do copies: just those pairs lie beyond the strictest thresholds.

What would show it: photos of known people, several of each, groups that come with the data, then
`facerec audit verification` for FMR and FNMR by group at one threshold, with intervals.
"""
_CSV = ("by", "group", "photos", "wss", "variance", "ci_low", "ci_high", "mean_distance")


def spread_page(
    spreads: Sequence[Spread],
    photos: tuple[Matrix, tuple[str, ...]],
    *,
    source: str,
    labels_from: str = "",
    run: Mapping[str, str],
) -> Page:
    """Build the report.

    Parameters
    ----------
    spreads : sequence of Spread
        One per way of grouping, the first is drawn photo by photo.
    photos : (distances, groups)
        As ``sampled_distances`` gives them, for the first way of grouping.
    source : str
        The table's name.
    labels_from : str
        How the groups were obtained, as who runs this states it.
    run : mapping of str to str
        Command, digest of the table, versions.
    """
    mated = spreads[0].mated
    told = (
        "This table has no two photos of one person, so FNMR cannot be measured on it at all, and who is who is not "
        "known well enough to call a pair a false match."
        if not mated
        else f"This table has {mated:,} pairs of photos of one person: an audit can measure both (`facerec audit`)."
    )
    stated = f"as stated for this run: {plain(labels_from)}" if labels_from else "which was not stated for this run"
    total = sum(group.photos for group in spreads[0].groups)
    return Page(
        title="Distances between faces by group, and what they cannot show",
        summary=f"{total:,} faces of {plain(source)}; Euclidean distances of unit vectors, 0 for the same and 2 for "
        "the opposite.",
        lead=(
            Callout("warning", _NO_ERRORS + told),
            *(Callout("note", _narrowest(each)) for each in spreads),
            *(Callout("warning", flip) for each in spreads if (flip := _flip(each))),
        ),
        sections=(
            Section("The exercise", (_photo_figure(*photos, by=spreads[0].by),)),
            *(Section(f"Groups by {_by(each.by)}", _grouping(each)) for each in spreads),
            Section("What this cannot show", (Text(_CANNOT), _made_table())),
            Section(
                "Groups and limits",
                (
                    Text(
                        "Groups are those that the table came with; nothing here inferred one. How they were obtained, "
                        f"{stated}. Intervals are of 95 % and hold for other people of the group, every photo taken as "
                        "a person; a group holds whoever was labelled so."
                    ),
                ),
            ),
            Section("Run", (Facts(tuple(run.items())),)),
        ),
    )


def write_spread(page: Page, spreads: Sequence[Spread], folder: Path, *, run: Mapping[str, str]) -> Written:
    """Write the report, ``groups.csv`` and ``run.json``.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    written = write(page, folder)
    rows = [
        (
            each.by,
            group.group,
            group.photos,
            group.wss,
            group.variance,
            group.interval.low,
            group.interval.high,
            group.distance,
            *group.alike,
        )
        for each in spreads
        for group in each.groups
    ]
    texts = {
        "groups.csv": inert_csv((*_CSV, *(f"alike_{share:g}" for share in SHARES)), rows),
        "run.json": json.dumps(dict(run), indent=1, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        with replacing(folder / name) as partial_path:
            partial_path.write_text(text, encoding="utf-8")
    return written


def run_facts(command: Sequence[str], vectors: Path, *, vectors_from: str = "") -> dict[str, str]:
    """Command, digest of the table, who made it, and versions: what makes the same page again."""
    digest = sha256_of(vectors, error=DataSetError)
    names = ("facerec", "numpy", "scipy", "matplotlib")
    return {
        "command": " ".join(f'"{word}"' if " " in word else word for word in command),
        "vectors": f"{vectors.name}, SHA-256 {digest}",
        "vectors made by": vectors_from or "not stated (--vectors-from)",
        "versions": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names),
    }


def shown(group: str) -> str:
    """A group's name for people.

    >>> shown("White,Female")
    'White, Female'
    """
    return group.replace("_", " ").replace(",", ", ")


def _by(by: str) -> str:
    return plain(by.replace(",", " and "))


def _narrowest(spread: Spread) -> str:
    ordered = sorted(spread.groups, key=lambda group: group.variance)
    low, high = ordered[0], ordered[-1]
    told = sum(each.distinguishable for each in spread.differences)
    return (
        f"By {_by(spread.by)}, spread is smallest for **{plain(shown(low.group))}** ({_variance(low)}) and largest "
        f"for **{plain(shown(high.group))}** ({_variance(high)}); {told} of {len(spread.differences)} pairs of groups "
        "are distinguishable."
    )


def _variance(group: GroupSpread) -> str:
    return f"{number(group.variance)}, 95 %: {number(group.interval.low)} … {number(group.interval.high)}"


def _flip(spread: Spread) -> str:
    """Two groups of which the one with the smaller spread has fewer pairs beyond a threshold; the clearest pair."""
    best, text = 0.0, ""
    for difference in spread.differences:
        if not difference.distinguishable:
            continue
        wide, close = (
            next(group for group in spread.groups if group.group == name)
            for name in (difference.first, difference.second)
        )
        for share, one, other in zip(spread.shares, wide.alike, close.alike, strict=True):
            fewest = min(one * wide.photos * (wide.photos - 1), other * close.photos * (close.photos - 1)) / 2
            if fewest < 10 or one <= 1.2 * other:
                continue
            if one / other > best:
                best = one / other
                text = (
                    f"**The smaller spread need not hold more look-alikes.** By {_by(spread.by)}, photos of "
                    f"{plain(shown(close.group))} lie closer together than photos of {plain(shown(wide.group))}, "
                    f"distinguishably so. But the threshold that {number(share, 'rate')} of all pairs reach is reached "
                    f"by {number(other, 'rate')} of the former's pairs and {number(one, 'rate')} of the latter's."
                )
    return text


def _photo_figure(distances: Matrix, groups: tuple[str, ...], *, by: str) -> Figure:
    count = len(set(groups))
    each = len(groups) // count
    return Figure(
        draw(partial(photo_heat_map, distances=distances, groups=[shown(name) for name in groups]), height=5.6),
        alt=f"Distances between {len(groups)} photos sorted by {_by(by)}; mean {distances.mean():.3f}",
        caption=f"Every pair of {len(groups)} photos, about {each} of each group by {_by(by)}, drawn at random. This "
        "is the exercise's picture: darker blocks are groups whose photos lie closer together.",
    )


def _grouping(spread: Spread) -> tuple[Block, ...]:
    names = [shown(group.group) for group in spread.groups]
    figure = Figure(
        draw(partial(group_heat_map, names=names, distances=spread.distances), height=1.9 + 0.38 * len(names)),
        alt=f"Mean distance by group and group, {spread.distances.min():.3f} to {spread.distances.max():.3f}",
        caption="Mean distance between different photos of two groups; on the diagonal within one.",
        data={name: row.tolist() for name, row in zip(names, spread.distances, strict=True)},
    )
    table = Table(
        f"Spread by {_by(spread.by)}",
        (
            Column("group"),
            Column("photos", "count"),
            Column("mean distance", "number"),
            Column("WSS", "number"),
            Column("WSS / (n − 1)", "number"),
            Column("95 %", "interval"),
        ),
        tuple(
            (shown(group.group), group.photos, group.distance, group.wss, group.variance, group.interval)
            for group in spread.groups
        ),
        notes=(
            (
                "WSS: squared distances to the group's mean vector, summed; it grows with the number of photos. "
                f"Photos without a face: {spread.without_vector:,}; without a label: {spread.unlabelled:,}."
            ),
        ),
    )
    rows: list[tuple[Cell, ...]] = [(shown(group.group), *group.alike) for group in spread.groups]
    shares = Table(
        f"Share of each group's own pairs that reach a threshold, by {_by(spread.by)}",
        (Column("group"), *(Column(f"cosine {threshold:.4f}", "rate") for threshold in spread.thresholds)),
        (
            *rows,
            ("all pairs", *spread.shares),
        ),
        notes=(
            (
                "Thresholds are those that about 10 %, 1 %, 0.1 % and 0.01 % of all pairs reach. These shares would be "
                "false match rates if it were known that no two photos show one person; it is not."
            ),
        ),
        strong=(len(spread.groups),),
    )
    lines = Figure(
        draw(partial(threshold_lines, groups=spread.groups, shares=spread.shares, shown=shown), height=3.8),
        alt="Each group's share of pairs beyond a threshold over all groups' share, from lax to strict thresholds",
        caption="Share of a group's own pairs beyond a threshold, against that of all pairs; the legend is in the "
        "order of spread, the smallest first. Where lines cross, the order of groups depends on the threshold.",
        data={shown(group.group): group.alike for group in spread.groups},
    )
    return figure, table, lines, shares


def _made_table() -> Table:
    return Table(
        "Two made-up groups at one threshold: the smaller spread has the fewer errors of both kinds",
        (
            Column("made-up group"),
            Column("WSS / (n − 1)", "number"),
            Column("FMR", "rate"),
            Column("95 %", "interval"),
            Column("FNMR", "rate"),
            Column("95 % ", "interval"),
        ),
        tuple(
            (each.name, each.variance, each.fmr.value, each.fmr.interval(), each.fnmr.value, each.fnmr.interval())
            for each in made_groups()
        ),
        notes=(
            (
                "Random vectors, two photos of each of 240 people, so that who is who is known; the threshold lets 1 % "
                "of all non-mated pairs through. Intervals take pairs as independent."
            ),
        ),
    )
