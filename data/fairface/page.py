"""The page that reports/models-by-group shows: models beside each other, by group, and two lessons."""

from collections.abc import Sequence
from typing import NamedTuple

from measure import GROUPINGS, POOLED_FMR, GroupRow, MatcherRows

from facerec.reporting import Column, Figure, Page, Section, Table, Text, axes
from facerec.reporting.drawings import Whisker, Whiskers
from facerec.types import OperatingPoint, Rate

ONLY_STRANGERS = (
    "FairFace names no people: every photo counts as a person of its own, so all comparisons are non-mated and only "
    "FMR can be told by group. Labels of race, age and gender are those of its annotators, who looked at the photo. "
    "What a threshold costs, FNMR, is measured on the mated pairs of LFW, most of them of white men."
)
POOLED = (
    f"Each matcher decides at the threshold that keeps FMR at {POOLED_FMR:g} over all pairs of these photos: one "
    "threshold for all groups, as a product has one. Comparisons are of two people of the same group, the strangers "
    "whom a search confuses first."
)
BRING_YOUR_OWN = (
    "MobileFaceNet is an example of a model that a user brings (`facerec models add`). Its repository says Apache-2.0; "
    "it was trained on photos whose terms allow research only, also for the models made from them. It is not shipped, "
    "not fetched and never a default."
)
PRICE = (
    "A threshold that keeps FMR at the target among the people of one group, and what it costs everybody: FNMR on the "
    "mated pairs of LFW. The last column is the price of treating that group as the pooled threshold treats all."
)
SURELY_STRANGERS = (
    "Two photos of one person match by both matchers nearly always, strangers rarely: if all of these were of one "
    "person, the most there can be but for that person's own false non-matches, the FMR would be the last column."
)
TRAP = (
    "Subtracting the mean vector of a large crowd before comparing makes the gender differential of LFW nearly vanish. "
    "An audit by gender alone would praise it. By race it harms: see what happens to Black people. Groups that are not "
    "in an audit are not protected by it; that is why `facerec audit` takes several groupings, and why this is not "
    "shipped."
)


class Centring(NamedTuple):
    """What subtracting a share of the mean does: by gender on LFW, by race on FairFace, and to FNMR."""

    share: float
    women: Rate
    men: Rate
    black: Rate
    spread: float
    price: Rate


class Mates(NamedTuple):
    """False matches of a group, and how many of them another matcher also calls one person."""

    group: str
    errors: int
    both: int
    trials: int


def models_page(
    matchers: Sequence[MatcherRows],
    centring: Sequence[Centring],
    mates: Sequence[Mates],
    point: OperatingPoint,
    *,
    photos: int,
) -> Page:
    """Assemble the page."""
    default = matchers[0]
    races = default.of("race")
    worst, best = (choose(races, key=lambda row: row.pooled.value) for choose in (max, min))
    return Page(
        title=(
            f"Strangers labelled {words(worst.group)} are taken for one person "
            f"{worst.pooled.value / best.pooled.value:.0f} times as often as those labelled {words(best.group)}"
        ),
        kind="Face models by group",
        source="FairFace, data/fairface/recipe.py",
        summary=(
            f"At one threshold for all (FMR {POOLED_FMR:g} over {photos:,} photos of FairFace) the default model takes "
            f"{worst.pooled.value:.2%} of pairs of {words(worst.group)} strangers for one person and "
            f"{best.pooled.value:.2%} of {words(best.group)} ones."
        ),
        lead=(_picture(races), Text(ONLY_STRANGERS)),
        sections=(
            Section("False matches within a group, model by model", (Text(POOLED), *_tables(matchers))),
            Section("What other models change", (_models(matchers), Text(BRING_YOUR_OWN))),
            Section("What it costs to protect a group", (Text(PRICE), _prices(default), _shipped(point))),
            Section("How many of these strangers may be one person", (_mates(mates),)),
            Section("A lesson: praised by one audit, condemned by another", (Text(TRAP), _centring(centring))),
        ),
    )


def _picture(races: Sequence[GroupRow]) -> Figure:
    """FMR of the default model by race, at one threshold for all."""
    rows = []
    for row in races:
        interval = row.pooled.interval()
        many = [f"{10000 * rate:.0f}" for rate in (row.pooled.value, interval.low, interval.high)]
        said = f"{many[0]} of 10,000 ({many[1]} to {many[2]})"
        rows.append(Whisker(words(row.group), row.pooled.value, interval.low, interval.high, said))
    axis = axes.linear("per cent", [row.high for row in rows], percent=True, start=0)
    return Figure(
        (Whiskers("Taken for one person, though two (false match)", axis, tuple(rows)),),
        title="False matches of the default model by race, at one threshold for all, with 95 % intervals",
        alt="; ".join(f"{row.label}: {row.said}" for row in rows),
    )


def words(group: str) -> str:
    """A group's name as a reader writes it."""
    return group.replace("_", " or ")


def ratio(rows: Sequence[GroupRow]) -> float:
    """Largest over smallest FMR of the groups that have a false match."""
    values = [row.pooled.value for row in rows if row.pooled.errors]
    return max(values) / min(values) if values else float("nan")


def _tables(matchers: Sequence[MatcherRows]) -> list[Table]:
    columns = [Column("group"), Column("photos", "count")]
    for matcher in matchers:
        columns += [Column(f"FMR, {matcher.name}", "rate"), Column("95 %", "interval")]
    return [
        Table(
            f"By {grouping}",
            tuple(columns),
            tuple(
                (
                    words(group),
                    matchers[0].of(grouping)[number].photos,
                    *(
                        cell
                        for matcher in matchers
                        for cell in (
                            matcher.of(grouping)[number].pooled.value,
                            matcher.of(grouping)[number].pooled.interval(),
                        )
                    ),
                )
                for number, group in enumerate(groups)
            ),
        )
        for grouping, groups in GROUPINGS.items()
    ]


def _models(matchers: Sequence[MatcherRows]) -> Table:
    return Table(
        f"Largest over smallest FMR, and FNMR on LFW, at the threshold for pooled FMR {POOLED_FMR:g}",
        (
            Column("model"),
            Column("threshold", "text"),
            *(Column(f"max ÷ min by {grouping}", "number") for grouping in GROUPINGS),
            Column("FNMR", "rate"),
            Column("95 %", "interval"),
        ),
        tuple(
            (
                matcher.name,
                f"{matcher.threshold:.4f}",
                *(ratio(matcher.of(grouping)) for grouping in GROUPINGS),
                matcher.price.value,
                matcher.price.interval(),
            )
            for matcher in matchers
        ),
        notes=("Groups without a false match are left out of the ratios.",),
    )


def _prices(matcher: MatcherRows) -> Table:
    return Table(
        f"{matcher.name}: the threshold that each group needs for FMR {POOLED_FMR:g}",
        (
            Column("group"),
            Column("FMR at the shipped point", "rate"),
            Column("95 %", "interval"),
            Column("threshold needed", "text"),
            Column("FNMR there", "rate"),
            Column("95 % of FNMR", "interval"),
        ),
        tuple(
            (
                words(row.group),
                None if row.shipped is None else row.shipped.value,
                None if row.shipped is None else row.shipped.interval(),
                f"{row.own_threshold:.4f}",
                row.own_price.value,
                row.own_price.interval(),
            )
            for row in matcher.rows
        ),
    )


def _shipped(point: OperatingPoint) -> Text:
    return Text(
        f"Shipped as the worst-group point: threshold {point.threshold:.4f}, measured on {point.data_set}; FMR "
        f"{point.fmr}, FNMR {point.fnmr}."
    )


def _mates(mates: Sequence[Mates]) -> Table:
    return Table(
        "False matches that a second matcher (MobileFaceNet at its own pooled threshold) also makes",
        (
            Column("group"),
            Column("pairs", "count"),
            Column("false matches", "count"),
            Column("of both", "count"),
            Column("FMR", "rate"),
            Column("FMR without them", "rate"),
        ),
        tuple(
            (
                words(each.group),
                each.trials,
                each.errors,
                each.both,
                each.errors / each.trials,
                (each.errors - each.both) / each.trials,
            )
            for each in mates
        ),
        notes=(SURELY_STRANGERS,),
    )


def _centring(rows: Sequence[Centring]) -> Table:
    return Table(
        f"Vectors less a share of FairFace's mean vector, each at its own threshold for FMR {POOLED_FMR:g}",
        (
            Column("share of the mean", "number"),
            Column("FMR of women, LFW", "rate"),
            Column("of men", "rate"),
            Column("women ÷ men", "number"),
            Column("FMR of Black people, FairFace", "rate"),
            Column("95 %", "interval"),
            Column("max ÷ min by race", "number"),
            Column("FNMR, LFW", "rate"),
        ),
        tuple(
            (
                row.share,
                row.women.value,
                row.men.value,
                row.women.value / row.men.value if row.men.value else float("inf"),
                row.black.value,
                row.black.interval(),
                row.spread,
                row.price.value,
            )
            for row in rows
        ),
    )
