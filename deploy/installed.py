"""What a requirement brings: the packages of this environment, followed as pip follows them."""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def closure(requirement: Requirement, seen: set[tuple[str, str]]) -> set[str]:
    """Every package that a requirement brings, by name, itself included; those that are not installed are left out."""
    found = {canonicalize_name(requirement.name)}
    try:
        needs = [Requirement(each) for each in metadata.requires(requirement.name) or ()]
    except metadata.PackageNotFoundError:
        return set()
    for extra in {"", *requirement.extras}:
        if (requirement.name, extra) in seen:
            continue
        seen.add((requirement.name, extra))
        for each in needs:
            if each.marker is None or each.marker.evaluate({"extra": extra}):
                found |= closure(each, seen)
    return found
