import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
if not (ROOT / "chimerax_bundle").is_dir():
    pytest.skip("the bundle is not here", allow_module_level=True)
DOCS = ROOT / "chimerax_bundle" / "src" / "docs" / "user"
PAGES = sorted(DOCS.rglob("*.html"))
#: Pages and files of ChimeraX that they refer to.
CHIMERAX_OWN = {
    "../index.html", "../userdocs.css", "../ChimeraX-docs-icon.svg", "atomspec.html", "fitmap.html", "measure.html",
    "volume.html", "molmap.html", "color.html", "undo.html", "log.html", "toolbar.html", "../commands/undo.html",
    "../tools/volumeviewer.html", "../tools/taskmanager.html", "remotecontrol.html",
}  # fmt: skip
VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Links, images and anchors of a page; tags must be closed in order."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.anchors, self.images, self.open = [], set(), [], []
        self.feed(path.read_text())
        self.close()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.targets += [values[name] for name in ("href", "src") if name in values]
        self.anchors |= {values["name"]} if "name" in values else set()
        self.images += [values] if tag == "img" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
def test_all_tags_are_closed_and_images_described(path):
    page = Page(path)
    assert not page.open
    assert all(image.get("alt") for image in page.images)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
def test_link_targets_exist(path):
    for target in Page(path).targets:
        file, _, anchor = target.partition("#")
        if file in CHIMERAX_OWN:
            continue
        there = path if not file else (path.parent / file).resolve()
        assert there.is_file(), target
        if anchor:
            assert anchor in Page(there).anchors, target


def test_the_pages_link_to_each_other():
    assert "../tools/botalign.html" in Page(DOCS / "commands/botalign.html").targets
    assert any(t.startswith("../commands/botalign.html") for t in Page(DOCS / "tools/botalign.html").targets)


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def test_every_keyword_is_documented(load, recorder):
    cmd = load("cmd")
    for name in (
        "botalign",
        "botalign fits",
        "botalign score",
        "botalign potential",
        "botalign orient",
        "botalign assemble",
        "botalign apply",
    ):
        cmd.register(name, None)
    text = (DOCS / "commands/botalign.html").read_text()
    usage = text.partition('<h3 class="usage">')[2].partition("</h3>")[0]
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>|&nbsp;", " ", usage))
    guide = (ROOT / "docs/guide/chimerax.rst").read_text()
    anchors = Page(DOCS / "commands/botalign.html").anchors
    shown = recorder.commands["botalign"]
    for name in shown["keyword"].keys() - shown["hidden"]:
        assert re.search(rf"\b{camel(name)}\b", plain), name
        assert name == "to" or camel(name) in anchors, name
        assert re.search(rf"``[^`]*\b{camel(name)}\b", guide), name
    for command in recorder.commands.keys() - {"botalign"}:
        assert command in plain
        for name in recorder.commands[command]["keyword"]:
            assert re.search(rf"{command}.*\b{camel(name)}\b", plain), (command, name)


def test_documented_defaults_are_the_declared_ones(load):
    declared = load("options").DECLARED
    text = re.sub(r"<[^>]+>|&nbsp;", " ", (DOCS / "commands/botalign.html").read_text())
    usage = re.sub(r"\s+", " ", text)
    for name in ("size", "evaluations", "seed"):
        default = declared[name].default
        assert (f"{name} auto | n ]" if default is None else f"{name} {default} ]") in usage, name


@pytest.mark.parametrize("name", ["before", "after", "panel", "fits", "assembly"])
def test_the_images_are_those_of_the_guide(name):
    file = f"chimerax_{name}.png"
    shown = (ROOT / "docs" / "images" / file).read_bytes()
    (page,) = DOCS.rglob(file)
    assert page.read_bytes() == shown
    assert len(shown) < 300_000
