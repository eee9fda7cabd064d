"""What the README installs is what its commands need."""

import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_first_installation_is_enough_for_the_first_commands() -> None:
    (extras,) = re.findall(r"pip install '\.\[([\w,]+)\]' && \.venv/bin/botalign demo", README)
    commands = README.partition("## Use it")[2].partition("\n## ")[0]
    needed = {"figures": "--figure" in commands, "models": ".cif" in commands}
    assert {name for name, needs in needed.items() if needs} == set(extras.split(",")) == set(needed)
