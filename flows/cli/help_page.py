"""Help pages that fit one screen: plain text in sections, which is readable in a pipe and appears at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from flows.cli.exits import INTERRUPTED

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter, Parameter

Member = TypeVar("Member", "Command", "Parameter")
SECTIONS = ("Data", "Results", "Upkeep")  # of commands, in the order of the first page
OPTIONS, ARGUMENTS = "Options", "Arguments"
LEFT_OUT = frozenset({"install_completion", "show_completion"})  # not listed, but they work; see docs/operations.md
LAST = "help"  # the option that is listed last on every page


class Commands(typer.Typer):
    """Commands of one section of the first help page."""

    def __init__(self, section: str, **settings: Any) -> None:
        super().__init__(rich_markup_mode=None, cls=FirstPage, **settings)
        self.section = section

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # type: ignore[override]  # the same, with other defaults
        """Register a command, as `typer.Typer.command` does."""
        defaults: dict[str, Any] = {"cls": CommandPage, "rich_help_panel": self.section}
        return super().command(name, **(defaults | settings))


class CommandPage(TyperCommand):
    """A command whose help page groups its options by their `rich_help_panel`."""

    def invoke(self, ctx: Context) -> Any:
        """Run the command; Ctrl-C ends it with the exit code that shells use for it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("hearth: interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the sections of options."""
        _write_sections(formatter, self.get_params(ctx), ctx)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the example unwrapped, so that it can be copied."""
        del ctx
        if self.epilog:
            formatter.write_paragraph()
            formatter.write("".join(f"  {line}\n" if line else "\n" for line in self.epilog.splitlines()))


class FirstPage(TyperGroup):
    """A group whose help page lists its commands by their `rich_help_panel`."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the commands section by section, each in the order of their registration."""
        return sorted(super().list_commands(ctx), key=lambda name: SECTIONS.index(_section(self.commands[name])))

    def format_help_text(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the help text right below the usage: the page has to fit one screen."""
        del ctx
        formatter.write(f"  {self.help}\n")

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        _write_sections(formatter, self.get_params(ctx), ctx)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the sections of commands, each command with its first sentence."""
        shown = [command for name in self.list_commands(ctx) if not (command := self.commands[name]).hidden]
        width = max(len(str(command.name)) for command in shown)
        for section, commands in _group(shown).items():
            with formatter.section(section):
                formatter.write_dl(
                    [(f"{command.name:<{width}}", command.get_short_help_str(formatter.width)) for command in commands]
                )


def _write_sections(formatter: HelpFormatter, params: Iterable[Parameter], ctx: Context) -> None:
    for section, members in _group(sorted(params, key=lambda param: param.name == LAST)).items():
        shown = [param for param in members if param.name not in LEFT_OUT]
        rows = [row for param in shown if (row := param.get_help_record(ctx)) is not None]
        if rows:
            with formatter.section(section):
                formatter.write_dl(rows)


def _group(members: Iterable[Member]) -> dict[str, list[Member]]:
    sections: dict[str, list[Member]] = {}
    for member in members:
        sections.setdefault(_section(member), []).append(member)
    return sections


def _section(member: Command | Parameter) -> str:
    declared: str | None = getattr(member, "rich_help_panel", None)
    return declared or (ARGUMENTS if getattr(member, "param_type_name", "") == "argument" else OPTIONS)
