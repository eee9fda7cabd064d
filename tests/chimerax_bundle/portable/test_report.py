"""What is written about an alignment: reports, tables, the summary of the panel."""

from html import unescape
from types import SimpleNamespace

import pytest

from .standins import Place, UserError


class Found:
    """Stands for an alignment."""

    def __init__(self, decision=None, mirrored=False, verdict=None, part=None):
        self.hand = decision and type("Hand", (), {
            "decision": decision, "correlation_as_given": 0.5, "correlation_mirrored": 0.9,
        })  # fmt: skip
        self.method, self.other_hand_fits_better = "search", decision == ("as given" if mirrored else "mirrored")
        self.mirrored, self.verdict, self.verdict_text = mirrored, verdict, f"{verdict}, as text"
        self.hand_text = f"{decision}, as text"
        self.probability, self.chance = (None, None) if verdict is None else (2e-5, "1 in 50,000")
        self.chance_text = self.chance and f"{self.chance}, as text"
        self.scale_text = self.copies = self.missing_chains_text = None
        self.part = part and type("Part", (), dict(zip(("role", "fraction", "reason"), part, strict=True)))
        self.part_correlation = 0.87654
        self.seconds, self.seed = 1.5, 0
        self.parameters = {"loss": "wemd", "size": 32, "evaluations": None}
        self.trace = [SimpleNamespace(mirrored=mirrored) for mirrored in (False, True) for _ in range(12)]
        self.after = type("Scores", (), {"fsc_resolution_angstrom": 7.5})


class Fits:
    """Stands for a list of fits, each a group."""

    def __init__(self, alignment, count=1, atoms=None):
        measured = type("MapCorrelation", (), {"points": 1234, "correlation": 0.9, "correlation_about_mean": 0.8})
        self.alignment = alignment
        self.moving, self.fixed = (type("Input", (), {"name": name}) for name in ("b.mrc (#2)", "<a>.mrc (#1)"))
        self.fits = [
            SimpleNamespace(
                number=number, equivalent=False, as_good=number < 3, quality=0.7, measured=measured, atoms=atoms,
                shift=10.0 * number, angle=5.0,
            )
            for number in range(1, count + 1)
        ]  # fmt: skip
        self.groups = [[fit] for fit in self.fits]

    def command(self, numbers, copy=False):
        numbers = numbers if isinstance(numbers, int) else "-".join(str(fit.number) for fit in numbers)
        return f"botalign fits {numbers} of #2{' copy true' if copy else ''}"


def outcome(alignment, **changes):
    measured = type("MapCorrelation", (), {"points": 1234, "correlation": 0.9, "correlation_about_mean": 0.8})
    values = {
        "alignment": alignment, "name": "b.mrc (#2)", "fixed_name": "<a>.mrc (#1)", "copy_name": "", "is_map": True,
        "names": "map b.mrc (#2) to map <a>.mrc (#1)", "fixed_is_map": True, "moved": True, "flip": "volume flip #1",
        "before": measured, "after": measured, "level": 0.02, "shift": 3.0, "angle": 45.0, "position": Place(),
        "notes": [], "command": "botalign #2 to #1", "atoms_before": None, "atoms_after": None,
        "fits": Fits(alignment), "placed": [],
    }  # fmt: skip
    return type("Outcome", (), values | changes)


def test_the_report_is_that_of_fit_in_map_and_more(load):
    report = load("report")
    text = report.report(outcome(Found("mirrored")))
    for part in (
        "Aligned map b.mrc (#2) to map <a>.mrc (#1) using 1234 points above level 0.02",
        "before: correlation = 0.9, correlation about mean = 0.8", "shift = 3, angle = 45 degrees",
        "hand: mirrored, as text", "botalign #2 to #1 hand auto aligns a mirrored copy", "FSC 0.5 at 7.5 A",
        "Position of b.mrc (#2) relative to <a>.mrc (#1) coordinates:\n  Matrix",
    ):  # fmt: skip
        assert part in text, part


def test_the_report_has_doubts_and_notes(load):
    report = load("report")
    assert "verdict: ambiguous, as text" in report.report(outcome(Found(verdict="ambiguous")))
    assert "note: moved" in report.report(outcome(Found(), notes=["moved"]))
    assert "no grid point" in report.report(outcome(Found(), after=None, before=None))
    assert "hand auto" not in report.report(outcome(Found("mirrored", mirrored=True), copy_name="c (#3)"))


def test_the_chance_is_beside_the_verdict(load):
    report, summary = load("report"), load("summary").summary
    known, unknown = (outcome(Found(verdict=verdict)) for verdict in ("certain", None))
    assert "  verdict: certain, as text\n  chance: 1 in 50,000, as text\n" in report.report(known)
    assert "chance: 1 in 50,000, as text" in summary(known)
    assert not any("chance" in text for text in (report.report(unknown), summary(unknown)))
    table = report.table([known, unknown], [])
    assert "<td>certain</td><td>1 in 50,000</td>" in table
    assert "<td>-</td><td>-</td>" in table


def test_chains_without_density_are_reported(load):
    report, found = load("report"), Found()
    assert "low density" not in report.report(outcome(found))
    found.missing_chains_text = "the map has almost no density for chain B"
    assert "  low density: the map has almost no density for chain B\n" in report.report(outcome(found))


def test_a_wrong_voxel_size_is_reported(load):
    report, found = load("report"), Found()
    assert "scale:" not in report.report(outcome(found))
    found.scale_text = "1.0130 +- 0.0010; a voxel size is off"
    assert "  scale: 1.0130 +- 0.0010; a voxel size is off\n" in report.report(outcome(found))


def test_the_wrong_hand_beside_an_atomic_model(load):
    report = load("report")
    text = report.report(outcome(Found("mirrored"), is_map=False))
    assert "<a>.mrc (#1) has the wrong hand; align to the mirrored copy that this makes: volume flip #1\n" in text
    text = report.report(outcome(Found("mirrored"), fixed_is_map=False))
    assert "b.mrc (#2) has the wrong hand; botalign #2 to #1 hand auto aligns a mirrored copy" in text


def test_without_a_match_the_verdict_comes_first_and_nothing_is_moved(load):
    report, found = load("report"), Found("mirrored", verdict="no match")
    for text in (
        report.report(outcome(found, moved=False)),
        load("summary").summary(outcome(found, moved=False)),
    ):
        assert 0 < text.index("no match, as text") < text.index("orrelation"), text
        assert "othing was moved" in text
        assert "hand auto" not in text
    assert "nothing was moved; botalign fits 1 of #2 moves it" in report.report(outcome(found, moved=False))
    assert "Not moved: map b.mrc" in report.report(outcome(Found(verdict="ambiguous"), moved=False))
    assert "no match, not moved" in report.table([outcome(found, moved=False)] * 2, [])


def test_a_part_is_reported_with_the_reason(load):
    report, summary = load("report"), load("summary")
    for part, first, why in (
        (("moving", 0.234, "noticed"), "part: b.mrc (#2), 23% of the volume of <a>.mrc (#1)", "for that reason"),
        (("fixed", 0.5, "requested"), "part: <a>.mrc (#1), 50% of the volume of b.mrc (#2)", "as requested"),
        (("moving", 0.5, "mask"), "part: b.mrc (#2)", "because of its mask"),
    ):
        result = outcome(Found(part=part))
        for text in (report.report(result), unescape(summary.summary(result))):
            assert first in text
            assert f"searched for as a part of it {why}; correlation of the edges inside 0.8765" in text
            assert "FSC" not in text  # it compares whole maps
    for text in (report.report(outcome(Found())), summary.summary(outcome(Found()))):
        assert "part: " not in text
        assert "FSC" in text


def test_the_table_of_several_has_failures(load):
    report = load("report")
    done = [outcome(Found("as given")), outcome(Found())]
    html = report.table(done, [("c.mrc (#3)", "it is <empty>")])
    assert "Aligned 2 of 3 to &lt;a&gt;.mrc (#1)" in html
    assert html.count("<tr>") == 3
    assert "not aligned: it is &lt;empty&gt;" in html


def test_the_summary_of_the_panel(load):
    text = load("summary").summary(outcome(Found("as given")))
    assert "<b>b.mrc (#2)</b> on <b>&lt;a&gt;.mrc (#1)</b>" in text
    assert "0.9000 before, <b>0.9000</b> after" in text


def test_the_fits_are_listed_if_they_matter(load):
    table = load("fit_table")
    alone, several = Fits(Found(verdict="certain")), Fits(Found(verdict="ambiguous"), 12)
    assert not table.matter(alone)
    assert table.matter(several)
    assert table.matter(Fits(Found(verdict="certain"), 2))  # the second fits as well
    assert table.headings(alone) == ("Fit", "Correlation", "About mean", "Shift (Å)", "Angle (°)", "")
    assert table.cells(several, several.groups[1]) == ("2", "0.9", "0.8", "20.0", "5.0", "fits as well")
    html = table.fit_table(several)
    assert html.count("<tr>") == 1 + table.MOST_ROWS
    assert '<a href="cxcmd:botalign fits 1 of #2">1</a>' in html
    assert "Fits of b.mrc (#2) in &lt;a&gt;.mrc (#1): ambiguous, as text" in html
    assert "2 more: botalign fits. " in html
    assert "botalign fits 2 of #2 copy true places a copy." in html
    assert table.fit_table(several, most=None).count("<tr>") == 13
    assert "copy true" not in table.fit_table(alone)


def test_equivalent_fits_share_a_row(load):
    table = load("fit_table")
    atoms = load("measure").AtomsInMap(count=100, average=1.25, outside=20, level=0.5)
    fits = Fits(Found(verdict="certain", part=("moving", 0.1, "noticed")), 14, atoms=atoms)
    fits.groups = [fits.fits]
    assert table.headings(fits)[3:6] == ("Map value", "Inside", "Edges")
    row = table.cells(fits, fits.groups[0])
    assert row[0] == "1-14"
    assert row[3:6] == ("1.25", "0.8", "0.7")
    assert row[-1] == "14 equivalent places"
    assert "botalign fits 2-3-4" in table.fit_table(fits)
    assert "places copies." in table.fit_table(fits)


def test_the_numbers_for_atoms_are_those_of_fit_in_map(load):
    report, atoms = load("report"), load("measure").AtomsInMap
    before, after = atoms(100, 1.25, 20, 0.5), atoms(100, 2.0, None, None)
    text = report.report(outcome(Found(), atoms_before=before, atoms_after=after))
    assert (
        "  atoms before: average map value = 1.25, atoms outside contour = 20 of 100, fraction inside = 0.800, contour "
        "level = 0.5\n  atoms after: average map value = 2 at 100 atoms\n"
    ) in text
    assert "using 1234 points that are not zero\n" in report.report(outcome(Found(), level=None))


def test_numbers_of_fits(load):
    fits = load("fits_command")
    argument = fits.numbers_argument()
    assert argument.parse("1-4,6 copy true", None)[0] == "1-4,6"
    for text in ("copy true", "1-", "1,,2", "a"):
        with pytest.raises(ValueError, match="numbers of fits"):
            argument.parse(text, None)
    several = Fits(Found(), 6)
    assert [fit.number for fit in fits._chosen(several, "1-4,6,2")] == [1, 2, 3, 4, 6]
    for text, reason in (("7", "got fit 7, expected 1 to 6"), ("3-1", "got fit 3-1"), ("0-2", "got fit 0")):
        with pytest.raises(UserError, match=reason):
            fits._chosen(several, text)
