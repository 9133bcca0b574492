"""Whether an operating point may decide about faces of a matcher, and what every decision then has to say."""

from __future__ import annotations

from facerec.errors import ModelMismatchError
from facerec.types import Matcher, OperatingPoint


def notes_on(point: OperatingPoint, matcher: Matcher | None) -> tuple[str, ...]:
    """What has to be said where `point` decides about faces or scores of `matcher` (with the gate that judged them).

    A sentence per difference that ``facerec.types.matcher.RULES`` notes, that nothing is known of the matcher (None:
    of scores without a stamp), and who asserted what.

    Raises
    ------
    ModelMismatchError
        If the matchers differ in a part that RULES refuses: the point's error rates do not hold.
    """
    notes = _of_scores_unknown(point) if matcher is None else _of_differences(point, matcher)
    if point.asserted_by:
        notes.append(
            f"asserted by {point.asserted_by}: the scores behind this operating point carry no stamp of "
            f"{(matcher or point.matcher).embedder}"
        )
    return tuple(notes)


def _of_scores_unknown(point: OperatingPoint) -> list[str]:
    made = f"the operating point {point.name}, measured with {point.matcher.embedder}"
    return [f"nothing ties these scores to {made}: the table carries no stamp of the matcher that made them"]


def _of_differences(point: OperatingPoint, matcher: Matcher) -> list[str]:
    differences = matcher.differences(point.matcher)
    if differences.refused:
        message = (
            f"the operating point {point.name} was measured with {point.matcher.embedder} and does not hold for faces "
            f"of {matcher.embedder}: {'; '.join(differences.refused)}. Measure one: facerec calibrate SCORES.csv --fmr "
            f"{point.target_fmr:g}"
        )
        raise ModelMismatchError(message)
    return [f"the operating point was measured with another {difference}" for difference in differences.noted]
