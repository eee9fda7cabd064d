import csv
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import starfile

from botalign import InputError, ShellCorrelation
from botalign.scores import ShellCurves

FREQUENCY = np.arange(1, 6) / (10 * 1.5)
MASKED = ShellCorrelation(FREQUENCY, np.array([1.0, 0.9, 0.6, 0.2, 0.05]))
UNMASKED = ShellCorrelation(FREQUENCY, np.array([1.0, 0.8, 0.4, 0.1, -0.02]))
CURVES = ShellCurves(MASKED, UNMASKED, "a mask")


def test_the_crossings_as_text() -> None:
    # Between shells 3 and 4 of the masked curve: 0.6 - x 0.4 = 0.5, so 3.25 of 15 A; with 0.143: 4 + 0.057 / 0.15.
    facts = dict(CURVES.facts)
    assert facts["FSC 0.5"] == f"{15 / 3.25:.2f} A masked, {15 / 2.75:.2f} A unmasked"
    assert facts["FSC 0.143"] == f"{15 / 4.38:.2f} A masked, {15 / (3 + 0.257 / 0.3):.2f} A unmasked"
    assert facts["FSC mask"] == "a mask"
    high = ShellCorrelation(FREQUENCY, np.array([1.0, 0.9, 0.8, 0.7, 0.6]))
    low = ShellCorrelation(FREQUENCY, np.array([0.1, 0.0, 0.0, 0.0, 0.0]))
    assert [text for _, text in ShellCurves(high, None, "").facts] == ["3.00 A or finer", "3.00 A or finer", ""]
    assert [text for _, text in ShellCurves(low, None, "").facts] == ["none", "none", ""]


def test_csv(tmp_path: Path) -> None:
    CURVES.write(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["shell"] for row in rows] == ["1", "2", "3", "4", "5"]
    columns = {name: [float(row[name]) for row in rows] for name in rows[0]}
    np.testing.assert_allclose(columns["frequency_per_angstrom"], FREQUENCY, rtol=1e-5)
    np.testing.assert_allclose(columns["resolution_angstrom"], 1 / FREQUENCY, rtol=1e-5)
    np.testing.assert_allclose(columns["fsc_masked"], MASKED.correlation, rtol=1e-5)
    np.testing.assert_allclose(columns["fsc_unmasked"], UNMASKED.correlation, rtol=1e-5)


def test_the_xml_is_that_of_emdb(tmp_path: Path) -> None:
    # As the entries of EMDB and Postprocessing::writeFscXml of RELION: an element fsc with these attributes, and for
    # each shell a coordinate of a spatial frequency x and a correlation y.
    CURVES.write(tmp_path / "a.xml")
    root = ElementTree.parse(tmp_path / "a.xml").getroot()
    assert root.tag == "fsc"
    assert list(root.attrib) == ["title", "xaxis", "yaxis"]
    assert (root.attrib["xaxis"], root.attrib["yaxis"]) == ("Resolution (A-1)", "Correlation Coefficient")
    assert all([child.tag for child in point] == ["x", "y"] for point in root)
    assert {point.tag for point in root} == {"coordinate"}
    values = np.array([[float(str(child.text)) for child in point] for point in root])
    np.testing.assert_allclose(values, np.column_stack([FREQUENCY, MASKED.correlation]), atol=1e-6)


def test_the_star_file_has_the_table_of_relion(tmp_path: Path) -> None:
    CURVES.write(tmp_path / "a.star")
    blocks = starfile.read(tmp_path / "a.star", always_dict=True)
    table = blocks["fsc"]
    assert list(table.columns) == [
        "rlnSpectralIndex", "rlnResolution", "rlnAngstromResolution", "rlnFourierShellCorrelationUnmaskedMaps",
        "rlnFourierShellCorrelationMaskedMaps",
    ]  # fmt: skip
    assert table["rlnSpectralIndex"].tolist() == [0, 1, 2, 3, 4, 5]
    assert table["rlnAngstromResolution"][0] == 999  # as in RELION's own files
    np.testing.assert_allclose(table["rlnResolution"][1:], FREQUENCY, atol=1e-6)
    np.testing.assert_allclose(table["rlnAngstromResolution"][1:], 1 / FREQUENCY, atol=1e-6)
    np.testing.assert_allclose(table["rlnFourierShellCorrelationMaskedMaps"][1:], MASKED.correlation, atol=1e-6)
    np.testing.assert_allclose(table["rlnFourierShellCorrelationUnmaskedMaps"][1:], UNMASKED.correlation, atol=1e-6)


@pytest.mark.parametrize("kind", ["csv", "xml", "star"])
def test_a_curve_without_an_unmasked_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    ShellCurves(MASKED, None, "a mask").write(path)
    assert "unmasked" not in path.read_text().lower()


def test_resolutions() -> None:
    assert CURVES.resolutions(0.5) == {"unmasked": UNMASKED.resolution(0.5), "masked": MASKED.resolution(0.5)}
    assert MASKED.falls_below(0.143)
    assert not MASKED.falls_below(0.05)


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    CURVES.write(tmp_path / "a.csv")
    with pytest.raises(InputError, match="the file exists"):
        CURVES.write(tmp_path / "a.csv")
    CURVES.write(tmp_path / "a.csv", overwrite=True)
    with pytest.raises(InputError, match=r"unknown extension; use one of \.csv, \.xml, \.star"):
        CURVES.write(tmp_path / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
