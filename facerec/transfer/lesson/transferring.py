"""Transfer learning: linear evaluation, fine-tuning and training from scratch, by the runs of the bench."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import Any

from facerec.errors import DataSetError
from facerec.files import MOST_JSON, read_regular
from facerec.reporting import Block, Callout, Column, Table, write_number
from facerec.transfer.lesson.questions import Part, Question, listed, percent, times, together
from facerec.transfer.lesson.runs import Run, Runs, interval

RUN = "facerec transfer run --data PHOTOS --shots 1,5,20,all --seeds 5 --out DIR"

Row = Mapping[str, Any]

_QUICKER = 0.8
"""Of the best method's time: what is worth taking another for."""

_ALL = "all photos"
_CHANCE = "most frequent class"


def transferring(runs: Runs) -> Part:
    """The head-to-head of the lecture, with intervals and paired tests."""
    benches = runs.of("run")
    shown: list[Block] = []
    for run in benches:
        shown += [Callout("warning", f"**{listed([run.name])}**: {said}") for said in _warnings(run)]
        shown.append(_table(run))
        figure = run.figure("Accuracy against photos per class")
        shown += [] if figure is None else [figure]
    return Part(
        "Transfer learning: probe, fine-tune, or from scratch",
        "A network that was trained on ImageNet is put to work on other photos: its last layer is replaced and trained "
        "alone (linear), all of it is trained further (fine-tune), or its weights are thrown away (scratch).",
        (RUN,),
        benches,
        tuple(shown),
        (
            _bought(benches),
            _worth(benches),
            _tuned(benches),
            _price(benches),
            _seeds(benches),
            _seen(benches),
            _advice(benches),
        ),
    )


def results(run: Run) -> tuple[Row, ...]:
    """The means of a run, without the row of the most frequent class."""
    return tuple(row for row in run.rows("Accuracy on the test photos") if row["protocol"] != _CHANCE)


def _warnings(run: Run) -> tuple[str, ...]:
    return tuple(said.text for said in run.said if said.standing == "warning" and "ImageNet" in said.text)


def _name(row: Row) -> str:
    return f"{row['protocol']} on {row['backbone']}" if "backbone" in row else str(row["protocol"])


def _table(run: Run) -> Table:
    rows = run.rows("Accuracy on the test photos")
    return Table(
        f"{listed([run.name])}: accuracy on the test photos, mean over seeds",
        (
            Column("learned from"),
            Column("protocol"),
            Column("seeds", "count"),
            Column("accuracy", "rate"),
            Column("95 %", "interval"),
            Column("against the best"),
            Column("time", "seconds"),
        ),
        tuple(
            (
                row["learned from"],
                _name(row) if row["protocol"] != _CHANCE else _CHANCE,
                row["seeds"],
                row["accuracy"],
                interval(row["95 %"]),
                row["against the best"],
                row["time"],
            )
            for row in rows
        ),
        notes=tuple(f"**Warning.** {each}" for each in _warnings(run)),
        strong=tuple(number for number, row in enumerate(rows) if row["against the best"] == "best"),
    )


def _compared(run: Run, first: str, second: str) -> Iterator[tuple[str, float, str, bool]]:
    """Where two protocols met on one backbone: photos, points for the first, their interval, distinguishable or not."""
    for row in run.rows("Every two methods"):
        (one, _, on), (other, _, against) = row["method"].partition(" on "), row["against"].partition(" on ")
        if on != against or {one, other} != {first, second}:
            continue
        points = float(row["points"].replace("−", "-"))
        low, high = (float(end.replace("−", "-")) for end in row["95 %"].split("…"))
        sign = 1 if one == first else -1
        low, high = sorted((sign * low, sign * high))
        where = f"{row['learned from']}{f' on {on}' if on else ''}"
        written = f"{sign * points:+.1f} points (95 %: {low:+.1f} … {high:+.1f})".replace("-", "−")
        yield where, sign * points, written, row["distinguishable"] == "yes"


def _verdict(run: Run, first: str, second: str, better: str, worse: str) -> list[str]:
    """One sentence on two protocols, level by level."""
    parts = []
    for where, points, written, sure in _compared(run, first, second):
        word = "not distinguishable" if not sure else better if points > 0 else worse
        parts.append(f"with {where} {word}, {written}")
    return [f"In {listed([run.name])}, {first} against {second}: {'; '.join(parts)}."] if parts else []


def _bought(benches: Sequence[Run]) -> Question:
    sentences = [
        each
        for run in benches
        for protocol in ("fine-tune", "linear")
        for each in _verdict(run, protocol, "scratch", "pre-training pays", "pre-training costs")
    ]
    if sentences:
        sentences.append(
            "In general pre-training helps the more, the nearer its photos are to yours and the fewer of yours there "
            "are; it helps less, or harms, where photos are of another kind, where labels abound, or where the network "
            "cannot leave what it has learned."
        )
    return together(
        "Why does the pre-trained network beat the one from scratch, by how much, and when would you expect it not to?",
        sentences,
        f"{RUN} --protocol linear,fine-tune,scratch",
    )


def _worth(benches: Sequence[Run]) -> Question:
    """How few photos a probe needs to reach what training from scratch reaches with the most it had."""
    sentences = []
    for run in benches:
        rows = results(run)
        scratch = next((row for row in rows if row["protocol"] == "scratch"), None)
        if scratch is None:
            continue
        probes = [row for row in rows if row["protocol"] == "linear" and row.get("backbone") == scratch.get("backbone")]
        reached = list(takewhile(partial(_reaches, scratch), probes))
        began = f"from scratch it has {_accuracy(scratch)} with {scratch['learned from']}{_guessed(run, scratch)}"
        if not reached:
            sentences.append(f"In {listed([run.name])} no probe reaches what training from scratch does: {began}.")
            continue
        fewest = reached[-1]
        more = (
            "the fewest that were tried"
            if fewest is probes[-1]
            else f"one step fewer is not enough: {_accuracy(probes[len(reached)])}"
        )
        sentences.append(
            f"In {listed([run.name])} a probe has {_accuracy(fewest)} with {fewest['learned from']} per class "
            f"({more}); {began}."
            if fewest["learned from"] != _ALL
            else f"In {listed([run.name])} the probe needs all photos for it: {_accuracy(fewest)}; {began}."
        )
    return together(
        "How many labelled photos is pre-training worth? With how few per class does a probe reach what training from "
        "scratch reaches with the most it was given?",
        sentences,
        f"{RUN} --protocol linear,scratch",
    )


def _guessed(run: Run, scratch: Row) -> str:
    """What must be said of a training that has learned nothing."""
    guess = next((row for row in run.rows("Accuracy on the test photos") if row["protocol"] == _CHANCE), None)
    if guess is None or scratch["95 %"]["low"] > guess["accuracy"]:
        return ""
    return f", which is not shown to beat always answering the most frequent class, {percent(guess['accuracy'])}"


def _reaches(least: Row, row: Row) -> bool:
    return bool(row["accuracy"] >= least["accuracy"])


def _accuracy(row: Row) -> str:
    return percent(row["accuracy"], row["95 %"]["low"], row["95 %"]["high"])


def _tuned(benches: Sequence[Run]) -> Question:
    sentences = [
        each
        for run in benches
        for each in _verdict(run, "fine-tune", "linear", "fine-tuning pays", "fine-tuning costs")
    ]
    if sentences:
        sentences.append(
            "Fine-tuning can bend features towards the new photos, and with few of them it can also bend them out of "
            "shape; a probe can do neither. The two come out alike where the features fit already, or where photos are "
            "too few to tell."
        )
    return together(
        "Does training the whole network beat training its last layer alone? When would the two be equal?",
        sentences,
        f"{RUN} --protocol linear,fine-tune",
    )


def _price(benches: Sequence[Run]) -> Question:
    sentences = []
    for run in benches:
        costs = {(row["learned from"], row["method"]): row for row in run.rows("What each method costs")}
        for (level, method), tuned in costs.items():
            if not method.startswith("fine-tune"):
                continue
            probe = costs.get((level, method.replace("fine-tune", "linear", 1)))
            if probe is None:
                continue
            sentences.append(
                f"In {listed([run.name])}, with {level}, fine-tuning took "
                f"{write_number(tuned['MACs to learn'], 'amount')} multiply-adds and the probe "
                f"{write_number(probe['MACs to learn'], 'amount')}, "
                f"{times(tuned['MACs to learn'] / probe['MACs to learn'])} as many; by the clock "
                f"{write_number(tuned['time'], 'seconds')} and {write_number(probe['time'], 'seconds')}."
            )
            break
    if sentences:
        sentences.append(
            "A probe sees every photo once, its features can be kept, and forty-five penalties can then be tried for "
            "the price of one; there is nothing to tune that could go wrong."
        )
    return together("What does fine-tuning cost beside a probe?", sentences, f"{RUN} --protocol linear,fine-tune")


def _seeds(benches: Sequence[Run]) -> Question:
    sentences = []
    for run in benches:
        spread = [row for row in _single(run) if row[2] > 1]
        if not spread:
            continue
        method, level, seeds, lowest, highest = max(spread, key=lambda row: row[4] - row[3])
        sentences.append(
            f"In {listed([run.name])} the same method, {method} with {level}, has {percent(lowest)} to "
            f"{percent(highest)} in {seeds} seeds: whoever ran one could have published either."
        )
    if sentences:
        sentences.append(
            "So the intervals above know both who was drawn to learn from and who to test on, settings are chosen on "
            "validation photos, and the test photos are read once. Choosing the best epoch on the test photos would "
            "add luck to every number."
        )
    return together(
        "You train each method once, watch its test accuracy, and plot three curves. What can you conclude?",
        sentences,
        RUN,
    )


def _single(run: Run) -> list[tuple[str, str, int, float, float]]:
    """Method, photos, seeds, lowest and highest accuracy, from ``results.csv``."""
    path = run.folder / "results.csv"
    found: dict[tuple[str, str], list[float]] = {}
    try:
        text = read_regular(path, limit=MOST_JSON, error=DataSetError).decode("utf-8")
        lines = list(csv.DictReader(io.StringIO(text, newline="")))
        several = len({line["backbone"] for line in lines}) > 1
        for line in lines:
            method = f"{line['protocol']} on {line['backbone']}" if several else line["protocol"]
            found.setdefault((method, line["shots"]), []).append(float(line["accuracy"]))
    except (ValueError, KeyError) as error:
        message = f"{path} cannot be read as the table of a run: {error}; make the run again"
        raise DataSetError(message) from error
    return [
        (
            listed([method]),
            _ALL if shots == "all" else f"{shots} shot{'s' * (shots != '1')}",
            len(each),
            min(each),
            max(each),
        )
        for (method, shots), each in found.items()
    ]


def _seen(benches: Sequence[Run]) -> Question:
    warned = [f"In {listed([run.name])}: {said.rstrip('.')}." for run in benches for said in _warnings(run)]
    others = [run.name for run in benches if not _warnings(run)]
    if not benches:
        return together(_SEEN, [], RUN)
    sentences = [
        *warned,
        *([f"Of {listed(others)} no such overlap is known."] if others else []),
        (
            "Popular classroom sets are parts of ImageNet. A network that was trained on a photo is not put to the "
            "test by it, so such a result says nothing about transfer; it may serve to try the tools out."
        ),
    ]
    return together(_SEEN, sentences, RUN)


_SEEN = "Has the network seen the test photos before, and what would that do to the answers above?"


def _advice(benches: Sequence[Run]) -> Question:
    sentences = []
    for run in benches:
        rows = [row for row in results(run) if row["learned from"] == results(run)[0]["learned from"]]
        alike = [row for row in rows if row["against the best"] in ("best", "not distinguishable")]
        quickest, first = min(alike, key=lambda row: row["time"]), rows[0]
        chosen = quickest if quickest["time"] < _QUICKER * first["time"] else first
        name, level = listed([_name(chosen)]), first["learned from"]
        if chosen is first:
            sentences.append(
                f"In {listed([run.name])} {name}, the best with {level}, is also about the quickest of those like it."
            )
        else:
            sentences.append(
                f"In {listed([run.name])} take {name}: with {level} it is not distinguishable from the best, "
                f"{listed([_name(first)])}, and takes {write_number(chosen['time'], 'seconds')} instead of "
                f"{write_number(first['time'], 'seconds')} per run."
            )
    if sentences:
        sentences.append(
            "In general: begin with a probe. Fine-tune when you have photos enough to see a difference, beginning from "
            "the probe's weights, and keep it only if the test shows one. Keep batch norm's running statistics as they "
            "are while the network is frozen, and while it is tested."
        )
    return together("You have your own photos and an afternoon. What do you do?", sentences, RUN)
