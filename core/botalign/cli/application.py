"""The commands together, and how errors are reported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from botalign.cli.interruption import Interrupted, report_written
from botalign.cli.messages import print_error, print_note, warnings_as_lines
from botalign.errors import InputError

#: The commands, each a function of this name in a module of this name, which is imported when it is needed.
COMMANDS = {
    "align": "Align maps or atomic models to a fixed map.",
    "assemble": "Place several parts in the map of a complex, together.",
    "apply": "Apply the transform of an alignment to maps, models, particles.",
    "export": "Print the transform of an alignment for other programs.",
    "rank": "Find which of many models are in a map, or which maps match it.",
    "score": "Compare two maps, or a map and a model, without moving them.",
    "orient": "Align the symmetry axes of a map with the conventional axes.",
    "flip": "Mirror maps, to correct their hand.",
    "potential": "Show where mass must move to turn one map into another.",
    "distances": "Compute the distances between all pairs of maps.",
    "embed": "Compute coordinates of maps from their distances.",
    "landscape": "Learn latent coordinates that match distances between volumes.",
    "classify": "Compute class averages of particle images, up to rotation.",
    "info": "Print what files of maps and atomic models contain.",
    "demo": "Align a synthetic map whose transform is known.",
}
#: Arguments and options that name outputs, and arguments of each command that may be atomic models.
_OUTPUTS = (
    "output", "table", "report", "figure", "fsc", "weights", "unexplained", "symmetrised", "operations",
)  # fmt: skip
#: Commands whose option ``--result`` names an output; other commands read a result.
_WRITE_RESULTS = ("align", "orient")
_TAKE_MODELS = {
    "align": ("fixed", "moving"),
    "assemble": ("whole", "parts"),
    "apply": ("files",),
    "rank": ("fixed", "others"),
    "score": ("first", "second"),
    "info": ("maps",),
}
_SETTINGS = {"help_option_names": ["-h", "--help"]}


class _Command(TyperCommand):
    """A command whose help lists arguments without the names of Python types."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line, without the braces that typer puts around required arguments."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def invoke(self, ctx: Any) -> Any:
        """Run the command, unless an input is an atomic model where none is possible."""
        for parameter in self.get_params(ctx):
            command = str(self.name)
            written = (*_OUTPUTS, "result") if command in _WRITE_RESULTS else _OUTPUTS
            if parameter.name not in (*written, *_TAKE_MODELS.get(command, ())):
                _refuse_models(parameter, ctx.params.get(parameter.name), command)
        return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        arguments: list[Any] = [each for each in self.params if each.param_type_name == "argument"]
        options = [each.get_help_record(ctx) for each in self.get_params(ctx) if each not in arguments]
        sections = {"Arguments": [(each.metavar, each.help) for each in arguments], "Options": options}
        for title, rows in sections.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _refuse_models(parameter: Any, value: Any, command: str) -> None:
    """Refuse files that have the extension of an atomic model."""
    from botalign.models import MODEL_EXTENSIONS

    for each in value if isinstance(value, list | tuple) else (value,):
        # The lowest version of typer makes paths later.
        if isinstance(each, str | Path) and str(each).lower().endswith(MODEL_EXTENSIONS):
            what = parameter.opts[0] if parameter.param_type_name == "option" else f"`botalign {command}`"
            takers = ", ".join(f"`botalign {name}`" for name in _TAKE_MODELS)
            raise InputError(f"{each}: got an atomic model, but {what} takes none; these commands do: {takers}.")


class _Commands(TyperGroup):
    """A group of commands that imports a command only to run it, so that ``botalign --help`` stays fast."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            ctx.fail(f"{cmd_name}: unknown command{_did_you_mean(get_close_matches(cmd_name, COMMANDS))}")
        function = getattr(import_module(f"botalign.cli.{cmd_name}"), cmd_name)
        command = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=_SETTINGS)
        # Commands that write several times report more; the others write nothing before they are interrupted.
        command.command(cmd_name, cls=_Command)(report_written()(function))
        return typer.main.get_command(command)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


# Without the markup of rich, which would double the time of --help.
app = typer.Typer(
    name="botalign",
    cls=_Commands,
    help="Align cryo-EM density maps from any starting pose.",
    epilog="`botalign COMMAND --help` explains a command. Try `botalign demo` first.",
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_SETTINGS,
)

# The class of the parser's errors, which depends on the version of typer.
_ParserError: type[Exception] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; print errors and warnings as single lines on stderr.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after ``botalign``; by default ``sys.argv[1:]``.

    Returns
    -------
    int
        The exit code.
    """
    typed = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with warnings_as_lines():
            code = app(typed or ["--help"], prog_name="botalign", standalone_mode=False, obj=tuple(typed))
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except Interrupted as interrupted:
        print_note(str(interrupted))
        return 130
    except typer.Abort:  # what some versions of the parser make of Ctrl-C
        raise KeyboardInterrupt from None
    except InputError as error:
        print_error(error)
    except MemoryError:
        print_error("not enough memory; use binned or cropped maps, or a machine with more memory.")
    except BrokenPipeError:  # the reader of the output has closed it
        _discard_stdout()
        return 1
    except OSError as error:
        place = "" if error.filename is None else f"{error.filename}: "
        print_error(f"{place}{error.strerror or error}")
        try:
            sys.stdout.flush()
        except OSError:
            _discard_stdout()
    except _ParserError as error:
        print_error(_parser_message(error, typed))
    return 2


def _discard_stdout() -> None:
    """Discard what is left for stdout: Python would try to write it at exit, and report the error a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser_message(error: Any, typed: Sequence[str]) -> str:
    """Return a parser's error in the style of the other errors: what was found, and where to find the syntax."""
    parameter = getattr(error, "param", None)
    command = f"botalign {typed[0]}" if typed and typed[0] in COMMANDS else "botalign"
    message = error.format_message().rstrip(". ")
    if hasattr(error, "possibilities"):
        similar = _similar(error.option_name, error.possibilities)
        message = f"{error.option_name}: unknown option{_did_you_mean(similar)}"
    elif parameter is not None:
        kind = parameter.param_type_name
        name = parameter.opts[0] if kind == "option" else parameter.metavar
        message = f"{name}: {error.message.rstrip('. ') or f'missing {kind}'}"
    return f"{message}{' See' if message.endswith('?') else '; see'} `{command} --help`."


def _similar(option: str, names: Iterable[str] | None) -> list[str]:
    """Return the options that begin as the one that was typed or, if there are none, that differ little from it."""
    found = list(names or ())
    return [name for name in found if name.startswith(option)] or get_close_matches(option, found, cutoff=0.75)


def _did_you_mean(names: Iterable[str] | None) -> str:
    return f"; did you mean {' or '.join(names)}?" if names else ""


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"botalign {version('botalign')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of `botalign` itself."""
