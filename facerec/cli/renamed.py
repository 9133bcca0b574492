"""Options that had other names: for one version, an old name is answered with the new one."""

from __future__ import annotations

_OPTIONS = {"--weights": "--model-files", "--weights-dir": "--model-files"}
# What holds in one command only.
_IN_COMMAND = {
    ("facerec models fetch", "--folder"): "--model-files",
    ("facerec train", "--teacher"): "facerec distil --teacher NAME --data DIR --out DIR",
    ("facerec train", "--one-pass"): "facerec distil --one-pass",
}


def successor(command: str, option: str) -> str | None:
    """What to say of an option that `command` does not have any more; ``None`` where it never had it.

    Examples
    --------
    >>> successor("facerec verify", "--weights")
    '--weights is called --model-files now'
    """
    now = _IN_COMMAND.get((command, option)) or _OPTIONS.get(option)
    return None if now is None else f"{option} is called {now} now"
