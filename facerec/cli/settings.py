"""What ``facerec.toml`` says: defaults of options, from the current folder's file or from one that is named.

A key is called like its option. The command line comes first, then the environment, then this file. What sends photos
elsewhere is taken from a file that somebody named only, not from one that happens to lie in a folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from facerec.cli.options import SETTINGS
from facerec.errors import SettingsError
from facerec.meant import did_you_mean
from facerec.visible_text import quoted, shortened

FILE = Path("facerec.toml")
VARIABLE = "FACEREC_CONFIG"
_LARGEST = 1 << 16
_PATHS = {"gallery", "at", "model-files", "runtime", "key-file", "key-from"}
_SENDING = {"url", "key-from"}


class Settings:
    """The file that gives defaults, read when a command first asks for them.

    `named` is the file that the command line names; ``None`` stands for that of the environment, else for
    ``facerec.toml`` in the current folder; an empty name for no file.
    """

    def __init__(self, named: str | None = None) -> None:
        self._named = os.environ.get(VARIABLE) if named is None else named

    @cached_property
    def file(self) -> Path | None:
        """Where they come from; ``None`` where there are none."""
        if self._named is not None:
            return Path(self._named) if self._named else None
        return FILE if FILE.is_file() else None

    @cached_property
    def values(self) -> Mapping[str, str | float]:
        """What the file says, by key.

        Raises
        ------
        SettingsError
            If the file cannot be read or is not TOML, a key is unknown, or a value is neither text nor a number.
            If what would send photos elsewhere stands in a file that nobody named.
        """
        return {} if self.file is None else self._checked(self.file, _read(self.file))

    def _checked(self, file: Path, read: Mapping[str, Any]) -> dict[str, str | float]:
        values: dict[str, str | float] = {}
        for key, value in read.items():
            if key not in SETTINGS:
                near = did_you_mean(key, SETTINGS) or f"; the keys are {', '.join(sorted(SETTINGS))}"
                message = f"{file}: there is no key {quoted(key)}{near}"
                raise SettingsError(message)
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                message = f"{file}: {key} takes text or a number, as --{key} does; got {shortened(repr(value))}"
                raise SettingsError(message)
            if self._named is None and (key in _SENDING or (key == "gallery" and "://" in str(value))):
                message = (
                    f"{file}: {key} may send photos elsewhere, and is followed in a file that you name only: --config "
                    f"{file}, or {VARIABLE}"
                )
                raise SettingsError(message)
            values[key] = value
        for key in _PATHS & values.keys():
            elsewhere = key == "gallery" and ("url" in values or "://" in str(values[key]))
            values[key] = str(values[key]) if elsewhere else str(file.parent / str(values[key]))
        return values

    def defaults(self, parameters: Iterable[Any]) -> dict[str, str | float]:
        """What the file says of these parameters of a command, by their names."""
        values = self.values
        keys = {each.name: str(each.name).replace("_", "-") for each in parameters}
        helps = {each.name: getattr(each, "help", None) for each in parameters}
        return {
            name: values[key] for name, key in keys.items() if key in values and helps[name] in SETTINGS.get(key, ())
        }

    def mentioned(self, message: str) -> str:
        """Which of the values a message seems to be about, to be put behind it."""
        try:
            values = self.values
        except SettingsError:
            return ""
        found = [key for key, value in values.items() if f"--{key}" in message or str(value) in message.split()]
        return f" ({self.file} says {', '.join(f'{key} = {values[key]}' for key in found)})" if found else ""

    def __str__(self) -> str:
        if self.file is None:
            return f"no {FILE} here, and none is named by --config or {VARIABLE}"
        told = ", ".join(f"{key} = {value}" for key, value in self.values.items())
        return f"{self.file}: {told or 'nothing is set'}"


def _read(file: Path) -> dict[str, Any]:
    import tomllib

    from facerec.files import read_regular

    advice = "give a TOML file of settings, such as gallery = 'people.db'"
    text = read_regular(file, limit=_LARGEST, error=SettingsError, advice=advice)
    try:
        return tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{file}: is not TOML: {error}"
        raise SettingsError(message) from error
