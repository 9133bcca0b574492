"""Whether an operating point may decide about faces of a matcher, and what every decision then has to say."""

from __future__ import annotations

from facerec.errors import ModelMismatchError
from facerec.types import Matcher, OperatingPoint


def notes_on(point: OperatingPoint, matcher: Matcher) -> tuple[str, ...]:
    """What has to be said where `point` decides about faces of `matcher`.

    Parameters
    ----------
    point : OperatingPoint
    matcher : Matcher
        What made the faces, with the gate that judged them.

    Returns
    -------
    tuple of str
        A sentence per difference that ``facerec.types.matcher.RULES`` notes, and who asserted what.

    Raises
    ------
    ModelMismatchError
        If the matchers differ in a part that RULES refuses: the point's error rates do not hold.
    """
    differences = matcher.differences(point.matcher)
    if differences.refused:
        message = (
            f"the operating point {point.name} was measured with {point.matcher.embedder} and does not hold for faces "
            f"of {matcher.embedder}: {'; '.join(differences.refused)}. Measure one: facerec calibrate SCORES.csv --fmr "
            f"{point.target_fmr:g}"
        )
        raise ModelMismatchError(message)
    notes = [f"the operating point was measured with another {difference}" for difference in differences.noted]
    if point.asserted_by:
        notes.append(
            f"asserted by {point.asserted_by}: the scores behind this operating point carry no stamp of "
            f"{matcher.embedder}"
        )
    return tuple(notes)
