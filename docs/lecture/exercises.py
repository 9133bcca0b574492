"""Tells a student whether an answer is right, and by how much it is not; folds answers that hold measured numbers."""

from collections.abc import Callable, Sequence

import numpy as np
from IPython.display import Markdown, display

from facerec.types import Rate


def answer(text: str) -> None:
    """Show an answer, folded. The cell that calls it is hidden, too: its numbers are the notebook's own."""
    display(Markdown(f"<details><summary>Answer</summary>\n\n{text}\n\n</details>"))


def told(rate: Rate, digits: int = 1) -> str:
    """A rate in percent with its interval.

    >>> told(Rate(5, 10))
    '50.0 % (95 %: 23.7 to 76.3)'
    """
    interval = rate.interval()
    value, low, high = (f"{100 * each:.{digits}f}" for each in (rate.value, interval.low, interval.high))
    return f"{value} % (95 %: {low} to {high})"


def check(yours: Callable, *cases: Sequence, like: Callable, tolerance: float = 1e-6) -> None:
    """Call `yours` and the reference `like` with the same arguments, and say where they first differ.

    >>> check(lambda a, b: a * b, (3, 2), (4, 5), like=lambda a, b: a * b)
    Right, in all 2 cases.
    >>> check(lambda a, b: a, (3, 2), like=lambda a, b: a * b)
    Not yet: for (3, 2) yours is 3, which is 3 too small.
    """
    for case in cases:
        found, wanted = yours(*case), like(*case)
        shown = tuple(each if np.ndim(each) == 0 else "…" for each in case)
        if found is None:
            print(f"Not yet: for {shown} yours returns nothing. Write the function above and run the cell again.")
            return
        gap = float(np.max(np.abs(np.asarray(found, float) - np.asarray(wanted, float))))
        if not gap <= tolerance * max(1.0, float(np.max(np.abs(wanted)))):
            way = f"{gap:,.6g} too {'small' if np.sum(found) < np.sum(wanted) else 'large'}"
            print(f"Not yet: for {shown} yours is {found:,.6g}, which is {way}.")
            return
    print(f"Right, in all {len(cases)} cases.")
