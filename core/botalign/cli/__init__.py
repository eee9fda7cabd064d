"""The command line, ``botalign``: one module a command."""

from __future__ import annotations

from collections.abc import Sequence

from botalign.cli.interruption import interruption, sigterm_as_ctrl_c
from botalign.cli.messages import print_note

__all__ = ["main"]

#: Exit codes as a shell gives them: 128, and the number of the signal.
_CTRL_C, _TERMINATED = 130, 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What was typed after ``botalign``; ``sys.argv[1:]`` if not given.

    Returns
    -------
    int
        0; 1 if a score is below what ``--require`` asks for; 2 if something given can't be used; 130 after Ctrl-C, 143
        after SIGTERM.
    """
    with sigterm_as_ctrl_c() as terminated:
        try:
            # Imported here, so that a Ctrl-C while it loads is told as one later is.
            from botalign.cli.application import run

            code = run(arguments)
        except KeyboardInterrupt:
            print_note(interruption())
            code = _CTRL_C
    return _TERMINATED if terminated and code == _CTRL_C else code
