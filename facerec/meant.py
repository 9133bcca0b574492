"""What somebody who mistyped a word may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from facerec.visible_text import quoted

_MOST = 3


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """A question that names what is spelled like `word`, best first, to be put behind a message; else nothing.

    Capitals and the kind of dash make no difference; what begins like `word` goes before what is only like it, which is
    what is at least `cutoff` alike, 0 … 1.

    Examples
    --------
    >>> did_you_mean("Fmr_", ["fmr", "fnmr", "score"])
    "; did you mean 'fmr' or 'fnmr'?"
    >>> did_you_mean("nothing", ["fmr"])
    ''
    """
    by_spelling: dict[str, str] = {}
    for each in known:
        by_spelling.setdefault(_spelling(each), each)
    spelled = _spelling(word)
    longer = [each for each in by_spelling if spelled and each.startswith(spelled)]
    near = longer[:_MOST] or difflib.get_close_matches(spelled, by_spelling, n=_MOST, cutoff=cutoff)
    return f"; did you mean {' or '.join(quoted(by_spelling[each]) for each in near)}?" if near else ""


def _spelling(word: str) -> str:
    return word.casefold().replace("_", "-").strip()
