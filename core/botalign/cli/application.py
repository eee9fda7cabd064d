"""The commands put together, and how whatever goes wrong in them is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from botalign.cli import align, apply, classify, demo, distances, embed, info, landscape, potential, score
from botalign.cli.interruption import Interrupted, interruption, told_what_was_written
from botalign.cli.messages import print_error, print_note, reworded, shown_warnings
from botalign.errors import InputError

# Without rich's markup: it would double the time that --help takes.
app = typer.Typer(
    name="botalign",
    help="Put one cryo-EM density map onto another, from any starting pose.",
    epilog="`botalign COMMAND --help` tells more about a command. Try `botalign demo` first.",
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS = (
    align.align,
    apply.apply,
    score.score,
    potential.potential,
    distances.distances,
    embed.embed,
    landscape.landscape,
    classify.classify,
    info.info,
    demo.demo,
)
for _command in _COMMANDS:
    # Commands that write more than once tell more themselves; of the others, Ctrl-C leaves nothing.
    app.command()(told_what_was_written()(_command))

# The parser's errors, wherever the installed typer keeps them.
_ParserError: type[Exception] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; show errors and warnings as single lines on stderr.

    Parameters
    ----------
    arguments : sequence of str, optional
        What was typed after ``botalign``; ``sys.argv[1:]`` if not given.

    Returns
    -------
    int
        The exit code.
    """
    typed = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with shown_warnings():
            code = app(typed or ["--help"], prog_name="botalign", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except Interrupted as interrupted:
        print_note(str(interrupted))
        return 130
    except (KeyboardInterrupt, typer.Abort):
        print_note(interruption())
        return 130
    except InputError as error:
        print_error(str(error))
    except MemoryError:
        print_error("not enough memory; use binned or cropped maps, or a machine with more.")
    except BrokenPipeError:  # whoever read the output has gone
        _give_up_stdout()
        return 1
    except OSError as error:
        place = "" if error.filename is None else f"{error.filename}: "
        print_error(f"{place}{error.strerror or error}")
        try:
            sys.stdout.flush()
        except OSError:
            _give_up_stdout()
    except _ParserError as error:
        print_error(_explained(error))
    return 2


def _give_up_stdout() -> None:
    """Let what is left for stdout go nowhere: else Python tries to write it when it exits, and complains once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explained(error: Exception) -> str:
    """Return the parser's message and where to find the right syntax."""
    context = getattr(error, "ctx", None)
    command = "botalign" if context is None else context.command_path
    message = reworded(error.format_message().rstrip(". "))  # type: ignore[attr-defined]
    return f"{message}{' See' if message.endswith('?') else '; see'} `{command} --help`."


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"botalign {version('botalign')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Hold the options that belong to no command."""
