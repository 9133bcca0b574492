"""The list of groupings that an audit is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from audits.groups import split_attributes
from facerec.errors import ArgumentError


def checked_groupings(by: Sequence[str]) -> tuple[str, ...]:
    """The groupings, each written without spaces.

    Parameters
    ----------
    by : sequence of str
        Attributes, or several joined by commas for their intersection; may be empty.

    Returns
    -------
    tuple of str

    Raises
    ------
    ArgumentError
        If `by` is a single text, whose letters would be taken for attributes.
        If a grouping stands twice, or names an attribute twice or an empty one.

    Examples
    --------
    >>> checked_groupings(["gender", "race, gender"])
    ('gender', 'race,gender')
    """
    if isinstance(by, str):
        message = f'by is a list of groupings, such as ["gender", "race,gender"]; got {by!r}'
        raise ArgumentError(message)
    names = tuple(",".join(split_attributes(name)) for name in by)
    if len(set(names)) < len(names):
        message = f"a grouping stands twice: {', '.join(names)}"
        raise ArgumentError(message)
    return names
