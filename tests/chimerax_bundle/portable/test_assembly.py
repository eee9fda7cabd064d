"""Assemblies: what is required of them, their table, and the rows of the panel."""

from functools import partial
from html import escape
from types import SimpleNamespace

import pytest

from botalign.complexes.assembly_records import Assembly
from botalign.complexes.part_records import UnplacedPart

from .standins import Model, UserError


def found(*verdicts, unplaced=(), mirrored=None):
    """Return an assembly with parts of these verdicts."""
    placed = tuple(
        SimpleNamespace(
            part=number,
            name=f"p{number} (#{number})",
            verdict=verdict,
            chance="1 in 50,000",
            correlation=0.9,
            overlap=0.05,
        )
        for number, verdict in enumerate(verdicts, start=2)
    )
    assembly = SimpleNamespace(
        whole="<w> (#1)", placed=placed, unplaced=unplaced, missing=sum(each.copies for each in unplaced),
        interchangeable=(("a", "b"),), matches_mirrored=mirrored,
        scale_text="1.0300 +- 0.0010; the voxel size of the map is off",
        unexplained_text="2.1% of the volume above the contour level", seconds=1.5,
    )  # fmt: skip
    assembly.wrong_hand_text = Assembly.wrong_hand_text.fget(assembly)
    assembly.unplaced_text = Assembly.unplaced_text.fget(assembly)
    return assembly


MISSING = UnplacedPart(5, "p9 (#9)", 1, 0.9)


@pytest.mark.parametrize(
    ("require", "verdicts", "unplaced", "reasons"),
    [
        (None, ("certain", "ambiguous"), (MISSING,), []),
        ("match", ("certain", "ambiguous"), (), []),
        ("match", ("certain",), (MISSING,), ["p9 (#9) was not placed: no match"]),
        ("certain", ("certain", "certain"), (), []),
        ("certain", ("certain", "ambiguous"), (), ["p3 (#3): the verdict is ambiguous, expected certain"]),
    ],
)
def test_what_is_required(load, require, verdicts, unplaced, reasons):
    job = load("assembly_task").AssemblyJob(None, [], None, None, require=require)
    failures = job.failures(found(*verdicts, unplaced=unplaced))
    assert len(failures) == len(reasons)
    assert all(failure.startswith(reason) for failure, reason in zip(failures, reasons, strict=True))


def test_the_table_and_the_summary(load):
    report, assembled = load("assembly_report"), partial(load("assembly_task").Assembled, flip="volume flip #1")
    models = [Model("p2", (2,)), Model("p2 copy 2", (4, 1))]
    done = assembled(found("certain", "certain", unplaced=(MISSING,)), object(), models)
    assert report.title(done) == "2 parts of 3 placed in <w> (#1)"
    html = report.summary(done)
    assert html.startswith("2 parts of 3 placed in &lt;w&gt; (#1)<br><table")
    assert "<td>p2 copy 2 (#4.1)</td><td>certain</td><td>1 in 50,000</td><td>0.9000</td><td>5.0%</td>" in html
    assert "<td>p9 (#9)</td><td>not placed</td>" in html
    for text in (
        "p9 (#9) was not placed: no match",
        "a and b cannot be",
        "scale: 1.0300 +- 0.0010; the voxel size of the map is off",
        "unexplained: 2.1% of the volume",
        "1.50 seconds",
    ):
        assert text in html, text
    done = assembled(found("certain"), None, [None])
    assert report.title(done) == "1 part of 1 found in <w> (#1); nothing was moved"
    assert "<td>p2 (#2)</td>" in report.places_table(done)
    assert report.title(assembled(found(unplaced=(MISSING,)), None, [])) == "0 parts of 1 placed in <w> (#1)"


def test_one_warning_names_all_parts_that_were_not_placed(load):
    module, warnings = load("assembly_task"), []
    logger = SimpleNamespace(info=lambda *_, **__: None, status=lambda *_: None, warning=warnings.append)
    assembly = found("certain", unplaced=(MISSING, UnplacedPart(6, "p8 (#8)", 1, 0.9, placed=1)))
    assembly.to_text, assembly.missing_chains = lambda: "", []
    task = SimpleNamespace(
        session=SimpleNamespace(logger=logger), _assembly=assembly, job=SimpleNamespace(require=None)
    )
    task.outcome = module.Assembled(assembly, None, [None], flip="volume flip #1")
    module.AssembleTask._log(task)
    assert warnings == ["not placed: p9 (#9), 1 of 2 copies of p8 (#8)"]
    task.job.require = "match"  # then it is an error
    module.AssembleTask._log(task)
    assert len(warnings) == 1


def test_a_map_of_the_wrong_hand(load):
    report, assembled = load("assembly_report"), partial(load("assembly_task").Assembled, flip="volume flip #1")
    for name, advice in (
        (None, None),
        (
            "p9 (#9)",
            "<w> (#1) may have the wrong hand, because the mirror image of p9 (#9) fits into it; assemble the parts in "
            "the mirrored copy that this makes: volume flip #1",
        ),
    ):
        done = assembled(found(unplaced=(MISSING,), mirrored=name), None, [])
        assert report.advice(done) == advice
        first = report.summary(done).partition("<br>")[0]
        assert first == ("0 parts of 1 placed in &lt;w&gt; (#1)" if advice is None else f"<b>{escape(advice)}</b>")


@pytest.fixture
def form(load, widgets):
    from qtpy.QtWidgets import QFormLayout, QWidget

    area = QWidget()
    yield QFormLayout(area)
    area.deleteLater()


def test_the_row_of_copies(load, form):
    row = load("copies_row").CopiesRow(form)
    assert row.words() == []
    row.choice.setCurrentIndex(1)
    assert row.words() == ["copies auto"]
    assert row.number.isHidden()
    row.choice.setCurrentIndex(2)
    assert not row.number.isHidden()
    row.number.setValue(14)
    assert row.words() == ["copies 14"]
    assert (row.number.minimum(), row.number.maximum()) == (2, 500)
    row.enable(False)
    assert not row.several
    assert row.words() == []


def test_the_row_of_parts_placed_together(load, form):
    row = load("together_row").TogetherRow(form)
    assert not row.together
    row.choice.setCurrentIndex(1)
    row.update(several=True, in_map=True)
    assert row.together
    assert row.words() == []
    for text, words in (("1,2", ["counts 1,2"]), (" 1, 2 ", ["counts 1,2"]), ("1 2", ["counts 1,2"]), (",", [])):
        row.counts.setText(text)
        assert row.words() == words, text
    for text in ("1,x", "1;2", "-1", "1.5"):
        row.counts.setText(text)
        with pytest.raises(UserError, match=r"counts: got .*, expected a whole number for each part"):
            row.words()
    row.update(several=True, in_map=False)
    assert not row.together
    row.update(several=True, in_map=True)
    row.choice.setCurrentIndex(1)
    row.update(several=False, in_map=True)
    assert not row.together


def test_a_result_is_reported_as_undone_until_it_is_redone(load):
    undo = SimpleNamespace(undo_stack=[], redo_stack=[])
    last, moves = load("last_result").LastResult(undo), object()
    assert last.change() is None
    undo.undo_stack.append(moves)
    last.set(moves, "Certain")
    assert last.change() is None
    undo.redo_stack.append(undo.undo_stack.pop())
    assert last.change().startswith("Undone")
    assert last.change() is None
    undo.undo_stack.append(undo.redo_stack.pop())
    assert last.change() == "Certain"
    last.clear()
    undo.redo_stack.append(undo.undo_stack.pop())
    assert last.change() is None
