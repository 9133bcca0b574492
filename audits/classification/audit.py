"""The audit of a classifier: how often it is wrong, and whom it selects, by group.

fairlearn's ``MetricFrame`` does the grouping, and lists intersections in which nobody is. The rates are ours: its own
``false_positive_rate`` is 0 for a group without negatives, which would make an unmeasured group the best one, and its
intervals take rows as independent where rows of one person are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.classification.results import (
    ClassEstimate,
    ClassificationAudit,
    ClassificationGrouping,
    ClassRateName,
    GroupContrast,
    GroupPredictions,
)
from audits.statistics.contrasts import contrast, contrast_among
from audits.statistics.families import LEAST, Least, SetAside, left_out, set_aside, whole_groups
from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.statistics.trials import Trials, grouped_order
from audits.tables.groups import (
    RowGroups,
    all_grouped,
    checked_groupings,
    group_rows,
    groupings_told,
    name_notes,
    split_attributes,
)
from audits.tables.predictions import check_predictions, class_notes, refuse_implausible
from facerec.errors import ArgumentError, ScoreTableError
from facerec.extras import extra
from facerec.measure.tables.cells import spellings
from facerec.measure.tables.table_files import notes_of

with extra("audit"):
    from fairlearn.metrics import MetricFrame

_HIGHER_IS_BETTER = ("accuracy", "selection")


def audit_classification(
    predictions: pd.DataFrame,
    *,
    by: Sequence[str],
    label: str | None = "label",
    prediction: str = "prediction",
    subject: str | None = None,
    positive: str | None = None,
    confidence: float = CONFIDENCE,
    least: Least = LEAST,
) -> ClassificationAudit:
    """Audit a table of predictions.

    Parameters
    ----------
    predictions : DataFrame
        One row per prediction: the true class, the predicted class (empty: no answer) and a column per attribute.
    by : sequence of str
        Groupings: attributes, or several joined by commas for their intersection.
    label, prediction : str
        The columns of the true and of the predicted class. With None for a label the truth is not known: selection
        rates, and how often there is no answer, are all that can be measured.
    subject : str, optional
        The column that says who is on the photo; rows of one person are a cluster. Without it the column ``subject``
        is taken where there is one, and else rows count as independent.
    positive : str, optional
        The class that counts as selected; without it each class in turn.
    confidence : float
        Between 0 and 1, exclusive.
    least : Least
        Groups with less are measured, and compared with nobody.

    Returns
    -------
    ClassificationAudit

    Raises
    ------
    ScoreTableError
        If a column is missing or occurs twice, or there are no rows.
        If a label is empty, or a subject is.
        If no row has a label of an attribute.
    ArgumentError
        If `positive` is neither a true nor a predicted class of the table.
        If `by` is a single text, or a grouping stands twice or names an attribute twice.
        If `confidence` is out of range.

    Notes
    -----
    Impact ratio = selection rate of a group / highest selection rate. The best group is chosen on the same rows, so the
    intervals of contrasts hold for the two groups that were named, not for the choice.

    References
    ----------
    Bird et al. (2020), Fairlearn, MSR-TR-2020-32 (MetricFrame). Buolamwini & Gebru (2018), Gender Shades, PMLR 81:77.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"label": list("xxyyxy"), "prediction": list("xyyyxy"), "gender": list("ffffmm"), "subject": list("aabbcd")}
    ... )
    >>> audit = audit_classification(table, by=["gender"], positive="x", least=Least(trials=1, people=1))
    >>> women = audit.grouping("gender").group("f")
    >>> women.rate("error").errors, women.rate("error").trials, women.subjects, women.rate("selection", of="x").value
    (1, 4, 2, 0.25)
    >>> audit.grouping("gender").worst("selection", of="x").contrast.ratio
    0.5
    """
    checked_confidence(confidence)
    names = checked_groupings(by)
    with groupings_told(predictions, names, partial(group_rows, predictions)):
        table = check_predictions(predictions, label=label, prediction=prediction)
    grouped = all_grouped(names, partial(group_rows, table))
    refuse_implausible(table, label=label, prediction=prediction)
    people, independent = _people(table, subject)
    both = [prediction] if label is None else [label, prediction]
    found = sorted({word for name in both for word in table[name].unique()} - {""})
    if positive is not None and (chosen := spellings([*found, positive])[positive]) not in found:
        message = f"positive must be one of the classes {', '.join(found)}; got {positive!r}"
        raise ArgumentError(message)
    classes = tuple(found) if positive is None else (chosen,)
    index = pd.Index(found, dtype=object)  # no answer, the empty text, becomes −1
    codes = [index.get_indexer(table[name].to_numpy(object)) for name in both]
    kinds = _kinds([(name, found.index(name)) for name in classes])
    if label is None:
        kinds = {kind: split for kind, split in kinds.items() if kind[0] in ("unanswered", "selection")}
    measure = _Measure(codes[0], codes[-1], None if independent else people, kinds, confidence)
    groupings = tuple(
        _grouping(table, people, measure, groups, independent=independent, least=least) for groups in grouped
    )
    return ClassificationAudit(
        classes=classes,
        overall=measure.group("", np.arange(len(table))),
        groupings=groupings,
        rows_independent=independent,
        confidence=confidence,
        notes=(
            *notes_of(table),
            *class_notes(table, label=label, prediction=prediction),
            *(note for found in groupings for note in name_notes(found.by, [g.group for g in found.groups])),
        ),
        least=least,
    )


_Split: TypeAlias = Callable[[NDArray[Any], NDArray[Any]], tuple[NDArray[np.bool_], NDArray[np.bool_]]]


class _Measure:
    """The rates of any set of rows, each with the correlation that all rows show."""

    def __init__(
        self,
        truth: NDArray[np.intp],
        answer: NDArray[np.intp],
        people: NDArray[np.int64] | None,
        kinds: Mapping[tuple[ClassRateName, str], _Split],
        confidence: float,
    ) -> None:
        self.truth, self.answer, self.people, self.kinds, self.confidence = truth, answer, people, kinds, confidence
        self.lend(np.arange(len(truth)))

    def lend(self, rows: NDArray[np.intp]) -> None:
        """Measure from now on with the correlation that these rows show."""
        self.correlation = {kind: self._trials(rows, split).correlation for kind, split in self.kinds.items()}

    def _trials(self, rows: NDArray[np.intp], split: _Split) -> Trials:
        trial, event = split(self.truth[rows], self.answer[rows])
        if self.people is None:
            return Trials(event[trial], None)
        people = self.people[rows[trial]]
        return Trials(event[trial], (people, people))

    def group(self, name: str, rows: NDArray[np.intp]) -> GroupPredictions:
        """The rates of the given rows."""
        rates = []
        for kind, split in self.kinds.items():
            trials = self._trials(rows, split)
            estimate = trials.estimate(confidence=self.confidence, correlation=self.correlation[kind])
            rates.append(ClassEstimate(*kind, estimate))
        subjects = None if self.people is None else len(pd.unique(self.people[rows]))
        return GroupPredictions(name, len(rows), subjects, tuple(rates))


def _kinds(classes: Sequence[tuple[str, int]]) -> dict[tuple[ClassRateName, str], _Split]:
    """For each rate which rows are trials, and in which of them it happens; classes with their codes."""

    def of_class(name: str, code: int) -> dict[tuple[ClassRateName, str], _Split]:
        return {
            ("selection", name): lambda truth, answer: (np.ones(len(truth), np.bool_), answer == code),
            ("false_positive", name): lambda truth, answer: (truth != code, answer == code),
            ("false_negative", name): lambda truth, answer: (truth == code, answer != code),
        }

    kinds: dict[tuple[ClassRateName, str], _Split] = {
        ("accuracy", ""): lambda truth, answer: (np.ones(len(truth), np.bool_), truth == answer),
        ("error", ""): lambda truth, answer: (np.ones(len(truth), np.bool_), truth != answer),
        ("unanswered", ""): lambda truth, answer: (np.ones(len(truth), np.bool_), answer < 0),
    }
    for name, code in classes:
        kinds |= of_class(name, code)
    return kinds


def _people(table: pd.DataFrame, subject: str | None) -> tuple[NDArray[np.int64], bool]:
    """Codes of the people, and whether every row had to be taken as a person of its own."""
    if subject is None and "subject" not in table.columns:
        return np.arange(len(table)), True
    name = "subject" if subject is None else subject
    if name not in table.columns:
        message = f"the table of predictions lacks {name}; it has {', '.join(table.columns)}"
        raise ScoreTableError(message)
    if (empty := (table[name] == "").to_numpy(bool)).any():
        message = f"{name} in row {int(empty.argmax()) + 1} is empty; rows of one person could not be told from others"
        raise ScoreTableError(message)
    return pd.factorize(table[name], sort=True)[0].astype(np.int64), False


def _grouping(
    table: pd.DataFrame,
    people: NDArray[np.int64],
    measure: _Measure,
    groups: RowGroups,
    *,
    independent: bool,
    least: Least,
) -> ClassificationGrouping:
    names = split_attributes(groups.by)
    order, starts = grouped_order(groups.codes, len(groups), len(table))
    labels = np.array(groups.labels, object).reshape(len(groups), len(names))
    # One row of the frame for each combination of labels: fairlearn visits every row in Python, seconds per million.
    cells = np.arange(len(groups))
    frame = MetricFrame(
        metrics={
            "group": lambda mine, _: measure.group("", np.concatenate([order[starts[c] : starts[c + 1]] for c in mine]))
        },
        y_true=cells,
        y_pred=cells,
        sensitive_features=pd.DataFrame(labels, columns=list(names)),
    )
    measured = frame.by_group["group"].to_dict()
    values = [sorted(set(labels[:, place].tolist())) for place in range(len(names))]
    found = []
    for combination in product(*values):
        key = combination if len(names) > 1 else combination[0]
        entry = measured.get(key)
        rates = entry if isinstance(entry, GroupPredictions) else measure.group("", np.empty(0, np.intp))
        found.append(GroupPredictions(",".join(combination), rates.predictions, rates.subjects, rates.rates))
    size = [group.rate("unanswered") for group in found]  # of all rows, with labels or without
    by_rate = {kind.name: [each.rates[place].estimate for each in found] for place, kind in enumerate(found[0].rates)}
    aside = set_aside([group.group for group in found], by_rate, least, size=size)
    if (away := whole_groups(aside)) and len(away) < len(found):  # the others are measured as without their rows
        code = {",".join(parts): place for place, parts in enumerate(groups.labels)}
        measure.lend(np.flatnonzero(~np.isin(groups.codes, [code[name] for name in away if name in code])))
        found = [
            group
            if group.group in away or group.group not in code
            else measure.group(group.group, order[starts[code[group.group]] : starts[code[group.group] + 1]])
            for group in found
        ]
        measure.lend(np.arange(len(table)))
    several = 0 if independent else _in_several(people[order], groups.codes[order])
    return ClassificationGrouping(
        by=groups.by,
        labelled=frame.overall["group"],
        groups=tuple(found),
        contrasts=_contrasts(found, aside),
        unmeasured=tuple(
            (group.group, entry.name) for group in found for entry in group.rates if not entry.estimate.measured
        ),
        unlabelled=int((groups.codes < 0).sum()),
        shared_subjects=several,
        set_aside=aside,
    )


def _in_several(people: NDArray[np.int64], groups: NDArray[np.int32]) -> int:
    """How many people have rows in more than one group."""
    different = pd.DataFrame({"person": people, "group": groups}).drop_duplicates()
    return int((different["person"].value_counts() > 1).sum())


def _contrasts(groups: Sequence[GroupPredictions], aside: Sequence[SetAside]) -> tuple[GroupContrast, ...]:
    result = []
    for place, kind in enumerate(groups[0].rates):
        sign = -1 if kind.rate in _HIGHER_IS_BETTER else 1
        away = left_out(aside, kind.name)
        rates = [(group.group, group.rates[place].estimate) for group in groups if group.group not in away]
        measured = [(name, found) for name, found in rates if found.measured]
        if not measured:
            continue
        reference, best = min(measured, key=lambda entry: sign * entry[1].value)
        result += [
            GroupContrast(
                kind.rate,
                kind.of,
                name,
                reference,
                contrast(estimate, best),
                contrast_among(estimate, best, groups=len(measured)),
            )
            for name, estimate in measured
            if name != reference
        ]
    return tuple(result)
