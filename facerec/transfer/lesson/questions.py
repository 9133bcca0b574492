"""A part of the lesson as a value: what it is about, what makes its numbers, and its questions with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from facerec.reporting import Block, plain
from facerec.transfer.lesson.runs import Run


@dataclass(frozen=True)
class Question:
    """A question to a class.

    Attributes
    ----------
    ask : str
        Prose without marks.
    answer : str or None
        Prose, from the numbers; None where the run that answers it is not there, or for a question that no number
        answers.
    missing : str
        The command that would answer it; empty for a question to be discussed.
    """

    ask: str
    answer: str | None
    missing: str = ""


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the lecture.

    Attributes
    ----------
    title : str
    about : str
        Prose: what it is to show.
    commands : tuple of str
        What makes its numbers, when none of `runs` says it.
    runs : tuple of Run
        Those that it reads.
    shown : tuple of Block
        Figures and tables from the runs.
    questions : tuple of Question
    """

    title: str
    about: str
    commands: tuple[str, ...]
    runs: tuple[Run, ...]
    shown: tuple[Block, ...]
    questions: tuple[Question, ...]


def percent(value: float, low: float | None = None, high: float | None = None) -> str:
    """A share in percent, with its interval.

    >>> percent(0.0568, 0.0312, 0.1014), percent(0.5), percent(0.99996), percent(0.0001)
    ('5.7 % (95 %: 3.1 … 10.1)', '50.0 %', 'over 99.9 %', 'under 0.1 %')
    """
    if low is not None and high is not None:
        return f"{100 * value:.1f} % (95 %: {100 * low:.1f} … {100 * high:.1f})"
    if 0 < value < 0.0005:
        return "under 0.1 %"
    return "over 99.9 %" if 0.9995 <= value < 1 else f"{100 * value:.1f} %"


def times(ratio: float) -> str:
    """A ratio in words.

    >>> times(1755.4), times(8.96), times(1.28)
    ('1,755 times', '9.0 times', '1.3 times')
    """
    return f"{ratio:,.0f} times" if ratio >= 100 else f"{ratio:.1f} times"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, safe in prose.

    >>> listed(["knn", "linear", "scratch"])
    'knn, linear and scratch'
    """
    safe = [plain(name) for name in names]
    return safe[0] if len(safe) == 1 else f"{', '.join(safe[:-1])} and {safe[-1]}"


def together(ask: str, sentences: Sequence[str], missing: str) -> Question:
    """A question with what several runs answer, a paragraph each; without any, with the command that would."""
    return Question(ask, "\n\n".join(sentences) or None, missing)


def sayings(run: Run) -> list[str]:
    """What a run's own report says first, as a list: sentences chosen by its numbers, and its warnings."""
    items = [
        f"- **{each.topic}{'' if each.topic.endswith('?') else ':'}** {each.text}" if each.topic else f"- {each.text}"
        for each in run.said
    ]
    return ["\n".join((f"{listed([run.name])}, in its own words:", "", *items))] if items else []
