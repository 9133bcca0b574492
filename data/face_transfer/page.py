"""The page that reports/face-transfer shows, and the table beside it: words are chosen by the numbers."""

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from measured import FMRS, GENDERS, Fold, Setting

from audits.statistics.estimates import Estimate
from audits.statistics.intervals import clustered_estimate
from audits.statistics.paired import PairedChange, paired_change
from facerec.reporting import Column, Facts, Figure, Page, Section, Table, Text, axes
from facerec.reporting.drawings import Whisker, Whiskers
from facerec.training.people import People
from facerec.types import Interval, Rate

BASELINE = Setting("dlib_resnet", "as it is")
COMMAND = "python data/face_transfer/recipe.py --data FOLDER_OF_LFW --work FOLDER_FOR_STATE"
PROTOCOL = (
    "LFW's official ten folds, whose people are disjoint. In each fold the people of the other nine are the photos to "
    "learn from; a fifth of them, with two photos or more, is set aside to choose the epoch and the threshold (where "
    "FMR + FNMR over all their pairs is smallest), by the same rule and on the same people for every setting, learned "
    "or not. The tenth fold is looked at once.\n\n"
    "Accuracy is over the official pairs of the test folds. TMR at FMR takes the threshold that all pairs of two "
    "people of the fold give (some 290,000 a fold), and the official genuine pairs. Intervals know that pairs share "
    "people; changes are paired on the same pairs."
)
LIMITS = """\
- LFW's people are public figures in press photos, most of them men.
- Dlib's network was trained on other people's faces, ImageNet's on hardly any.
- Nine folds hold some 6,900 photos of 3,850 people, most with one photo: little to learn from.
- One training per fold and setting: the spread over seeds is not measured, only that over people.
- Rates and epochs are the command's defaults, or stand in run.json; others may do better.
- With LFW's own rule, a threshold from the other nine folds' pairs, the face network as it is has 99.28 %; here \
thresholds come from fewer people.
- From scratch, only the folds that two processor cores allow were run."""
GENDER = (
    "All pairs of two women and of two men of each test fold, at the threshold at which all pairs of that fold "
    "together have an FMR of 0.001; FNMR is over the official genuine pairs. The manual lists give one of two genders "
    "for nearly every photo; photos in both lists or in neither are left out."
)


def results_table(rows: Sequence[Fold]) -> pd.DataFrame:
    """A row per setting and fold."""
    return pd.DataFrame(
        {
            "backbone": [row.setting.backbone for row in rows],
            "way": [row.setting.way for row in rows],
            "fold": [row.pairs.number for row in rows],
            "pairs": [len(row.scores) for row in rows],
            "wrong": [int(row.wrong.sum()) for row in rows],
            "accuracy": [round(1 - float(row.wrong.mean()), 6) for row in rows],
            "threshold": [round(row.threshold, 6) for row in rows],
            **{
                f"tmr_at_fmr_{fmr:g}": [round(1 - float(row.missed(place).mean()), 6) for row in rows]
                for place, fmr in enumerate(FMRS)
            },
            "epoch_kept": [row.epoch for row in rows],
            "seconds": [round(row.seconds, 1) for row in rows],
        }
    )


def run_document(rows: Sequence[Fold], protocol: Path, settings: dict[str, object]) -> dict[str, object]:
    """Where the numbers come from."""
    packages = (
        "facerec",
        "torch",
        "torchvision",
        "timm",
        "pytorch-metric-learning",
        "numpy",
        "face_recognition_models",
    )
    people = rows[0].pairs.people
    return {
        "command": COMMAND,
        "data": "LFW (deep-funneled), the photos of pairs.txt",
        "pairs_sha256": hashlib.sha256(protocol.read_bytes()).hexdigest(),
        "aligned_faces_sha256": people.digest,
        "photos": people.photos,
        "photos_without_a_face": people.photos - len(people.files),
        "settings": {name: str(way) for name, way in settings.items()},
        "versions": {name: version(name) for name in packages},
        "python": platform.python_version(),
    }


def face_transfer_page(rows: Sequence[Fold], people: People) -> Page:
    """Assemble the page."""
    grouped: dict[Setting, list[Fold]] = {}
    for row in rows:
        grouped.setdefault(row.setting, []).append(row)
    changes = {
        (setting, base): change(grouped[base], own)
        for setting, own in grouped.items()
        for base in bases(setting, grouped)
    }
    told = [sentence(*pair, grouped, found) for pair, found in changes.items()]
    return Page(
        title=headline(changes),
        summary=(
            f"Two backbones, one trained on faces and one on ImageNet, as they are, with a new head, fine-tuned, and a "
            f"random one from scratch, on {len(people.files):,} photos of {len(people.identities):,} people."
        ),
        lead=(forest(changes),),
        kind="Transfer for face recognition",
        source="LFW, data/face_transfer/recipe.py",
        sections=(
            Section("In words", (Text("\n".join(f"- {text}" for text in told)),)),
            Section("Results", (rates(grouped), paired(changes))),
            Section("By gender", (genders(grouped), Text(GENDER))),
            Section("Protocol", (Text(PROTOCOL),)),
            Section("Limits", (Text(LIMITS),)),
            Section("Run", (Facts((("command", COMMAND), ("photos", people.photos), ("crop", people.crop))),)),
        ),
    )


def bases(setting: Setting, grouped: dict[Setting, list[Fold]]) -> list[Setting]:
    """What a setting is held against: its own backbone as it is, and the face network as it is."""
    own = Setting(setting.backbone, BASELINE.way)
    return [base for base in dict.fromkeys((own, BASELINE)) if base in grouped and base != setting]


def headline(changes: dict[tuple[Setting, Setting], PairedChange]) -> str:
    """Whether anything was better than the face network as it is."""
    found = [change for (_, base), change in changes.items() if base == BASELINE]
    better = sum(change.interval.high < 0 for change in found)
    worse = sum(change.interval.low > 0 for change in found)
    return f"Of {len(found)} ways, {better or 'none'} beat the face network as it is; {worse or 'none'} are worse"


def sentence(setting: Setting, base: Setting, grouped: dict[Setting, list[Fold]], found: PairedChange) -> str:
    """A setting against another, in words."""
    points = f"{-100 * found.value:+.2f} points [{-100 * found.interval.high:.2f}, {-100 * found.interval.low:.2f}]"
    accuracy = 1 - np.concatenate([row.wrong for row in grouped[setting]]).mean()
    where = "" if len(grouped[setting]) == 10 else f" on {len(grouped[setting])} of the ten folds"
    starts = [row.epoch == 0 for row in grouped[setting]]
    if any(starts):
        where += f" (in {sum(starts)} of {len(starts)} folds no epoch was better than the start)"
    told = f"**{setting}**: accuracy {accuracy:.2%}{where}, {points} against {base} on the same pairs: "
    if found.interval.high < 0:
        return told + "**better**."
    if found.interval.low > 0:
        return told + "**worse**."
    return told + "no difference is shown, which is not the same as none."


def change(before: Sequence[Fold], after: Sequence[Fold]) -> PairedChange:
    """The paired change of the share of wrong decisions, on the folds that both have."""
    numbers = {row.pairs.number for row in after}
    before = [row for row in before if row.pairs.number in numbers]
    first, second = subjects(after)
    return paired_change(
        np.concatenate([row.wrong for row in before]), np.concatenate([row.wrong for row in after]), first, second
    )


def subjects(rows: Sequence[Fold]) -> tuple[np.ndarray, np.ndarray]:
    """Who is on either side of the official pairs."""
    labels = rows[0].pairs.people.labels
    return (
        np.concatenate([labels[row.pairs.first] for row in rows]),
        np.concatenate([labels[row.pairs.second] for row in rows]),
    )


def rates(grouped: dict[Setting, list[Fold]]) -> Table:
    """Accuracy and TMR of each setting."""
    cells = []
    for setting, rows in grouped.items():
        first, second = subjects(rows)
        wrong = clustered_estimate(np.concatenate([row.wrong for row in rows]), first, second)
        genuine = np.concatenate([row.pairs.genuine for row in rows])
        missed = [
            clustered_estimate(np.concatenate([row.missed(place) for row in rows]), first[genuine], second[genuine])
            for place in range(len(FMRS))
        ]
        folds = [1 - row.wrong.mean() for row in rows]
        cells.append(
            (
                setting.backbone,
                setting.way,
                len(rows),
                1 - wrong.value,
                _turned(wrong.interval),
                float(np.std(folds)) if len(folds) > 1 else None,
                *(cell for one in missed for cell in (1 - one.value, _turned(one.interval))),
                _starts(rows),
                float(np.mean([row.seconds for row in rows])) or None,
            )
        )
    columns = (
        Column("backbone"),
        Column("what was done"),
        Column("folds", "count"),
        Column("accuracy", "rate"),
        Column("95 %", "interval"),
        Column("deviation over folds", "rate"),
        *(
            column
            for fmr in FMRS
            for column in (Column(f"TMR at FMR {fmr:g}", "rate"), Column(f"95 % at {fmr:g}", "interval"))
        ),
        Column("start kept"),
        Column("training, a fold", "seconds"),
    )
    note = (
        "Start kept: in how many folds no epoch was better on the people who validate than where the training began: "
        "dlib's own last layer, or the whitened principal components of the features of the people who are learned "
        "from. Where that is all folds, the loss taught nothing, and a gain is that of whitening. Seconds include the "
        "measuring of operating points; features are computed once."
    )
    return Table("Ten folds by people; each row is one setting.", columns, tuple(cells), notes=(note,))


def paired(changes: dict[tuple[Setting, Setting], PairedChange]) -> Table:
    """Each setting against its own backbone and against the face network, as they are."""
    rows = tuple(
        (
            str(setting),
            str(base),
            found.trials,
            found.better,
            found.worse,
            f"{-100 * found.value:+.2f}",
            f"{-100 * found.interval.high:.2f} to {-100 * found.interval.low:.2f}",
        )
        for (setting, base), found in changes.items()
    )
    columns = (
        Column("setting"),
        Column("against"),
        Column("pairs", "count"),
        Column("right only now", "count"),
        Column("wrong only now", "count"),
        Column("points of accuracy"),
        Column("95 %"),
    )
    return Table("Changes on the same pairs.", columns, rows)


def forest(changes: dict[tuple[Setting, Setting], PairedChange]) -> Figure:
    """Changes against the face network as it is, as a picture."""
    against = {setting: found for (setting, base), found in changes.items() if base == BASELINE}

    rows = []
    for setting, found in against.items():
        low, value, high = (-100 * each for each in (found.interval.high, found.value, found.interval.low))
        said = f"{value:+.2f} ({low:+.2f} to {high:+.2f})".replace("-", "−")
        rows.append(Whisker(str(setting), value, low, high, said, "a" if low > 0 else "b" if high < 0 else "s"))
    ends = [end for row in rows for end in (row.low, row.high)]
    axis = axes.linear("points of accuracy: ← worse · better →", [0.0, *ends])
    better = sum(found.interval.high < 0 for found in against.values())
    worse = sum(found.interval.low > 0 for found in against.values())
    return Figure(
        (Whiskers("", axis, tuple(rows), zero=0.0),),
        title=f"Points of accuracy against {BASELINE}, on the same pairs, with 95 % intervals",
        alt=f"Paired changes of accuracy with intervals: {better} settings better, {worse} worse than {BASELINE}",
        caption="Blue is better for sure, orange worse for sure, grey neither.",
    )


def genders(grouped: dict[Setting, list[Fold]]) -> Table:
    """FMR and FNMR of pairs of women and of men, at one threshold per fold."""
    place = FMRS.index(1e-3)
    rows = []
    for setting, folds in grouped.items():
        cells: list[object] = []
        for number, word in enumerate(GENDERS):
            counts = sum(fold.by_gender[place, number] for fold in folds)
            fmr = Rate(int(counts[0]), int(counts[1]), float(counts[2]))
            fnmr = _missed_by(word, folds, place)
            cells += [fmr.value, fmr.interval(), fnmr.value, fnmr.interval]
        ratio = cells[0] / cells[4] if cells[4] else None
        rows.append((str(setting), *cells, ratio))
    columns = [Column("setting")]
    for word in ("women", "men"):
        for rate in ("FMR", "FNMR"):
            columns += [Column(f"{rate}, {word}", "rate"), Column("95 %", "interval")]
    columns.append(Column("FMR, women / men", "ratio"))
    return Table("Errors by gender at FMR 0.001 over everybody.", tuple(columns), tuple(rows))


def _missed_by(word: str, folds: Sequence[Fold], place: int) -> Estimate:
    missed, first, second = [], [], []
    for fold in folds:
        gender, labels = fold.pairs.gender, fold.pairs.people.labels
        genuine = np.flatnonzero(fold.pairs.genuine)
        of_word = gender[fold.pairs.first[genuine]] == word
        missed.append(fold.missed(place)[of_word])
        first.append(labels[fold.pairs.first[genuine][of_word]])
        second.append(labels[fold.pairs.second[genuine][of_word]])
    return clustered_estimate(np.concatenate(missed), np.concatenate(first), np.concatenate(second))


def _starts(rows: Sequence[Fold]) -> str:
    kept = [row.epoch == 0 for row in rows if row.epoch is not None]
    return f"{sum(kept)} of {len(kept)}" if kept else "–"


def _turned(interval: Interval) -> Interval:
    return Interval(1 - interval.high, 1 - interval.low, interval.confidence)
