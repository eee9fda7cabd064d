"""Words that the vocabulary replaces, as far as they have no other use in the code and the documentation."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
AVOIDED = re.compile(
    r"\b(tells?(?!\()|told|says|said|heed(s|ed)?|looks at|looked at|whoever|nobody|headlines?|rivals?|contenders?)\b"
)


@pytest.mark.parametrize("folder", ["core", "napari_plugin", "chimerax_bundle", "docs"])
def test_no_word_to_avoid(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".rst", ".html", ".yaml") and "_build" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if AVOIDED.search(line)
    ]
    assert not found, "\n".join(found)
