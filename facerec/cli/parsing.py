"""How commands are read and shown: groups in the order of use, defaults from the settings, options before the command.

Every command is a `Command` and every group a `Group`, which `Commands` sees to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from facerec.cli.outputs import OUTPUTS, Given, check_outputs
from facerec.cli.settings import Settings
from facerec.errors import ArgumentError

# What stands in the settings, and the gallery of the environment, yields to another option, which it would contradict.
_FOR_NETWORKS = ("model", "detector", "min_face_size", "device", "model_files", "runtime")
_YIELDS = {
    "gallery": "reference",
    "at": "worst_group",
    **dict.fromkeys((*_FOR_NETWORKS, "key_file", "actor"), "url"),
}
_FROM_SETTINGS = "DEFAULT_MAP"
_YIELDING = {(name, _FROM_SETTINGS) for name in _YIELDS} | {("gallery", "ENVIRONMENT")}


class _Read:
    """What commands and groups have in common; beside typer's class of either."""

    params: list[Any]

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's
        """``--help``, without what stands for a value, as it takes none."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        for each in filter(None, (option, *self.params)):
            if getattr(each, "is_flag", False) and each.metavar is None:
                each.metavar = ""
        return option

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's
        """What stands in the line of usage; an argument that must be given without braces, as everywhere else."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]  # type: ignore[misc]

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:  # noqa: ANN401
        """With the defaults that the settings hold for its options; whoever asks for help needs none."""
        settings = getattr(parent, "obj", None)
        if isinstance(settings, Settings) and not set(parent.help_option_names) & set(args):
            extra["default_map"] = settings.defaults(self.params)
        return super().make_context(info_name, args, parent=parent, **extra)  # type: ignore[misc]


class Command(_Read, TyperCommand):
    """A command that does something."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's
        """Run it; what another option contradicts in the settings is left out first, outputs are looked at."""
        for each in self.params:
            source = ctx.get_parameter_source(each.name)
            standing = (each.name, None if source is None else source.name)
            if standing in _YIELDING and ctx.params.get(_YIELDS[each.name]):
                ctx.params[each.name] = each.process_value(ctx, each.default)
        if ctx.params.get("as_json") and ctx.params.get("as_csv"):
            message = "--json and --csv are two forms of one answer; give one of them"
            raise ArgumentError(message)
        check_outputs([self._given(each, ctx) for each in self.params])
        return super().invoke(ctx)

    @staticmethod
    def _given(parameter: Any, ctx: Any) -> Given:  # noqa: ANN401 - typer's
        named = parameter.opts[0] if parameter.param_type_name == "option" else parameter.metavar
        kind = OUTPUTS.get(getattr(parameter, "help", None) or "")
        return Given(named, ctx.params.get(parameter.name), kind)


class Group(_Read, TyperGroup):
    """A group of commands, listed in its `order` if it has one, else in that in which they were added."""

    order: ClassVar[tuple[str, ...]] = ()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's
        """The names, in that order."""
        place = {name: number for number, name in enumerate(self.order)}
        return sorted(super().list_commands(ctx), key=lambda name: place.get(name, len(place)))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's
        """Read the words; options of a command that stand before its name belong behind it."""
        return super().parse_args(ctx, self._sorted(args))

    def _sorted(self, words: list[str]) -> list[str]:
        own = dict(_options(self))
        for place, word in enumerate(words):
            command, before = self.commands.get(word), words[:place]
            if command is None or not before or _are_options(before, own):
                continue
            if _are_options(before, options_of(command)):
                return [word, *before, *words[place + 1 :]]
        return words


class Commands(typer.Typer):
    """A `typer.Typer` whose commands and groups are ours."""

    def __init__(self, *, cls: type[Group] = Group, **options: Any) -> None:  # noqa: ANN401 - typer's
        super().__init__(cls=cls, rich_markup_mode="markdown", **options)

    def command(self, name: str | None = None, **options: Any) -> Any:  # noqa: ANN401 - a decorator, as typer's
        """Add a command."""
        return super().command(name, cls=Command, **options)


def options_of(command: Any) -> dict[str, bool]:  # noqa: ANN401 - typer's
    """The options of a command, or of all that are in a group; by each whether it takes a value."""
    found = dict(_options(command))
    for each in getattr(command, "commands", {}).values():
        found |= options_of(each)
    return found


def _options(command: Any) -> Iterator[tuple[str, bool]]:  # noqa: ANN401
    for each in command.params:
        if each.param_type_name == "option":
            yield from ((name, not each.is_flag) for name in (*each.opts, *each.secondary_opts))


def _are_options(words: Sequence[str], known: Mapping[str, bool]) -> bool:
    """Whether words are some of these options, each with its value."""
    rest = iter(words)
    for word in rest:
        name, has_value, _ = word.partition("=")
        if name not in known or (known[name] and not has_value and next(rest, None) is None):
            return False
    return True
