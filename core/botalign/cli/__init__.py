"""The command line, ``botalign``: one module for each command."""

from __future__ import annotations

from collections.abc import Sequence

from botalign.cli.interruption import interruption_text, sigterm_as_ctrl_c
from botalign.cli.messages import print_note

__all__ = ["main"]

#: Exit codes of shells: 128 plus the number of the signal.
_CTRL_C, _TERMINATED = 130, 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after ``botalign``; by default ``sys.argv[1:]``.

    Returns
    -------
    int
        0 after success; 1 if a score does not meet ``--require``, some models or maps of a ranking failed, or copies or
        parts were not placed; 2 after an error; 130 after Ctrl-C, 143 after SIGTERM.
    """
    with sigterm_as_ctrl_c() as terminated:
        try:
            # Imported here, so that a Ctrl-C during the import is reported like a later one.
            from botalign.cli.application import run

            code = run(arguments)
        except KeyboardInterrupt:
            print_note(interruption_text())
            code = _CTRL_C
    return _TERMINATED if terminated and code == _CTRL_C else code
