"""What a report must say that no score table knows: where labels come from, what it is for, what was run on what."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from audits.gate.plan import EXPLORATORY, PlanStanding
from facerec.errors import ScoreTableError
from facerec.files import sha256_of

_PACKAGES = ("facerec", "numpy", "pandas", "scipy", "matplotlib", "fairlearn")


@dataclass(frozen=True)
class Background:
    """What the auditor states; an empty text is shown as missing, never filled in.

    `subject` is the matcher or classifier that is audited, and the data, such as ``the default model on LFW``;
    `labels_from` how the group labels were obtained: self-report, records, an observer; `purpose` what the audited
    system is for, and who is meant to use this report; `evaluation` whether it is a technology, scenario or operational
    evaluation.
    """

    subject: str = ""
    labels_from: str = ""
    purpose: str = ""
    evaluation: str = ""


@dataclass(frozen=True)
class InputFile:
    """A file that the audit read.

    `role` is such as ``scores`` or ``calibration``, `name` without the folder, for where it lay is nobody's business,
    and `sha256` of its bytes.
    """

    role: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Run:
    """What was run on what, so that somebody else can run it again.

    `command` are the words of the command line, without the place that results were written to; `seed` is of the draws,
    None where nothing is drawn; `versions` are of Python and the packages that computed (empty: those that are
    installed); `plan` says whether the audit followed one that was frozen before.
    """

    command: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    seed: int | None
    versions: Mapping[str, str] = field(default_factory=dict)
    plan: PlanStanding = EXPLORATORY

    def __post_init__(self) -> None:
        object.__setattr__(self, "versions", MappingProxyType(dict(self.versions) or installed_versions()))

    def document(self) -> dict[str, object]:
        """The run as JSON can hold it; no time and no machine, so that the same run gives the same text."""
        return {
            "command": list(self.command),
            "inputs": [{"role": file.role, "name": file.name, "sha256": file.sha256} for file in self.inputs],
            "seed": self.seed,
            "plan": self.plan.to_dict(),
            "versions": dict(self.versions),
        }


def hash_input(path: Path, *, role: str) -> InputFile:
    """Describe a file by its bytes and what it was to the audit, its role; `ScoreTableError` if it cannot be read."""
    return InputFile(role, path.name, sha256_of(path, error=ScoreTableError))


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute and draw."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in _PACKAGES}
