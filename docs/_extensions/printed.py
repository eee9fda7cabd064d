"""The directive ``printed``: the output of a command, which is run when the pages are built.

The commands run in a folder in which ``botalign demo`` was run before.
"""

import contextlib
import functools
import io
import shlex
import tempfile

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


@functools.cache
def demo_folder():
    """Return a folder with a finished demo, which exists until the build ends, and the output of the demo."""
    folder = tempfile.TemporaryDirectory()
    return folder, output("botalign demo", folder.name)


def output(command, folder):
    """Run a command in a folder and return its output."""
    from botalign.cli import main

    program, *arguments = shlex.split(command)
    if program != "botalign":
        raise ValueError(f"printed: expected a botalign command, got {command!r}")
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.chdir(folder):
        code = main(arguments)
    if code != 0:
        raise RuntimeError(f"printed: {command!r} returned the exit code {code}")
    return printed.getvalue()


class Printed(SphinxDirective):
    """Show a command and its output."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        self.env.note_reread()  # at every build, because the program may have changed
        command = self.arguments[0]
        folder, of_demo = demo_folder()
        text = of_demo if command == "botalign demo" else output(command, folder.name)
        block = nodes.literal_block(text, f"$ {command}\n{text}")
        block["language"] = "none"
        return [block]


def setup(app):
    """Register the directive."""
    app.add_directive("printed", Printed)
    return {"parallel_read_safe": True}
