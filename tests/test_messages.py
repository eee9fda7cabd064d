"""The form of messages: what follows the colon behind a name stands alone, because the name may be elsewhere.

``empty.pdb: the file is empty`` and ``--size: got 4`` do; ``empty.pdb: is empty`` does not. An option can be the
subject of the sentence instead: ``--resume cannot be combined with --common``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERBS = [
    "applies",
    "are",
    "averages",
    "belongs",
    "can",
    "cannot",
    "comes",
    "compares",
    "contains",
    "covers",
    "did",
    "differs",
    "do",
    "does",
    "ends",
    "exists",
    "expects",
    "fits",
    "gives",
    "goes",
    "had",
    "has",
    "have",
    "holds",
    "is",
    "keeps",
    "lies",
    "lists",
    "looks",
    "makes",
    "mirrors",
    "moves",
    "must",
    "names",
    "needs",
    "places",
    "reads",
    "refers",
    "requires",
    "rotates",
    "scales",
    "seems",
    "selects",
    "shows",
    "starts",
    "takes",
    "uses",
    "wants",
    "was",
    "were",
    "will",
    "works",
    "would",
    "writes",
]
#: A name, an option or nothing, a colon, and a verb whose subject is before the colon.
WITHOUT_SUBJECT = re.compile(rf"(\w+ )?(\{{\}}|--[a-z-]+|[a-z_]+)?: ({'|'.join(VERBS)})\b")


def texts(module: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each string of a module, with ``{}`` for what is computed."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


@pytest.mark.parametrize("folder", ["core/botalign", "napari_plugin/napari_botalign", "chimerax_bundle/src"])
def test_no_sentence_of_a_message_lacks_its_subject(folder: str) -> None:
    modules = sorted((ROOT / folder).rglob("*.py"))
    assert modules
    found = [
        f"{module.relative_to(ROOT)}:{line}: {text[:80]}"
        for module in modules
        for line, text in texts(module)
        if WITHOUT_SUBJECT.match(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text", ["{}: is empty, expected a map", ": is missing", "--resume: needs --result", "mask {}: has"]
)
def test_such_sentences_are_found(text: str) -> None:
    assert WITHOUT_SUBJECT.match(text)


@pytest.mark.parametrize(
    "text", ["{}: the file is empty", ": got 4, expected", "{}: no such file", "--resume needs {}"]
)
def test_other_sentences_are_not_found(text: str) -> None:
    assert not WITHOUT_SUBJECT.match(text)
