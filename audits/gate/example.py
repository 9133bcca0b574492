"""The example of a policy, which comes with the installation: every kind of claim, each explained where it stands."""

from __future__ import annotations

from pathlib import Path

from facerec.errors import PolicyError

# An installed library has the file beside its code, a checkout in data/, where people look for it.
_PLACES = (Path(__file__).parents[1] / "_policies", Path(__file__).parents[2] / "data" / "policies")
_NAME = "example.toml"


def example_policy() -> str:
    """The policy as text, in TOML; `PolicyError` if the installation lacks it."""
    for place in _PLACES:
        if (place / _NAME).is_file():
            return (place / _NAME).read_text(encoding="utf-8")
    message = f"this installation lacks {_NAME}, which came with it; reinstall facerec"
    raise PolicyError(message)
