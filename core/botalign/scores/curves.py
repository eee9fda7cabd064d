"""Fourier shell correlation curves as files: CSV, the XML of EMDB, and the tables of RELION."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from io import StringIO
from math import isfinite
from xml.etree import ElementTree

from botalign.files import output_file
from botalign.scores.shells import ShellCorrelation

#: Extensions of the files.
CURVE_EXTENSIONS = (".csv", ".xml", ".star")
#: Correlations at which a resolution is read off: for a map and a reference, and for two half maps.
THRESHOLDS = (0.5, 0.143)


@dataclass(frozen=True, eq=False)
class ShellCurves:
    """Fourier shell correlations of the same two maps, with and without a mask.

    Attributes
    ----------
    masked : ShellCorrelation
        The curve inside a mask.
    unmasked : ShellCorrelation or None
        The curve of the whole boxes, in the same shells; None if only a part of them can be compared.
    mask : str
        What the mask is.

    See Also
    --------
    botalign.score : Returns such curves.
    """

    masked: ShellCorrelation
    unmasked: ShellCorrelation | None
    mask: str

    def named(self) -> dict[str, ShellCorrelation]:
        """Return the curves by name: ``"unmasked"``, if there is one, and ``"masked"``."""
        return ({} if self.unmasked is None else {"unmasked": self.unmasked}) | {"masked": self.masked}

    def resolutions(self, threshold: float) -> dict[str, float]:
        """Return the resolution in angstrom at which each curve falls below a threshold, by name of the curve."""
        return {name: curve.resolution(threshold) for name, curve in self.named().items()}

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Where the curves fall below 0.5 and 0.143, and what the mask is, each with a label, as text."""
        named = sorted(self.named().items())  # masked first
        rows = []
        for threshold in THRESHOLDS:
            texts = (_crossing(curve, threshold) + (f" {name}" if len(named) > 1 else "") for name, curve in named)
            rows.append((f"FSC {threshold:g}", ", ".join(texts)))
        return (*rows, ("FSC mask", self.mask))

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the curves to a file.

        Parameters
        ----------
        path : path-like
            File to write. The extension chooses the format: ``.csv``; ``.xml``, which EMDB accepts and which has only
            the masked curve; ``.star``, the table ``fsc`` of RELION's ``postprocess.star``.
        overwrite : bool
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the extension is unknown, the file exists and `overwrite` is false, or it cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import botalign
        >>> first, second = (botalign.phantom(24, voxel_size_angstrom=5.0, noise=0.1, noise_seed=n) for n in (1, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "fsc.csv"
        ...     botalign.score(first, second).curves.write(path)
        ...     print(path.read_text().splitlines()[0])
        shell,frequency_per_angstrom,resolution_angstrom,fsc_unmasked,fsc_masked
        """
        with output_file(path, overwrite=overwrite, extensions=CURVE_EXTENSIONS) as temporary:
            kind = temporary.suffix.lower()
            text = {".csv": self._csv, ".xml": self._xml, ".star": self._star}[kind]()
            temporary.write_text(text, encoding="utf-8")

    def _csv(self) -> str:
        file = StringIO()
        writer = csv.writer(file, lineterminator="\n")
        curves = self.named()
        writer.writerow(["shell", "frequency_per_angstrom", "resolution_angstrom", *(f"fsc_{name}" for name in curves)])
        for shell, frequency in self._shells():
            values = (curve.correlation[shell - 1] for curve in curves.values())
            writer.writerow([shell, *(f"{value:.6g}" for value in (frequency, 1 / frequency, *values))])
        return file.getvalue()

    def _xml(self) -> str:
        """Return the masked curve as the XML that RELION writes for EMDB."""
        axes = {"xaxis": "Resolution (A-1)", "yaxis": "Correlation Coefficient"}
        root = ElementTree.Element("fsc", {"title": "BOTalign masked FSC"} | axes)
        for shell, frequency in self._shells():
            point = ElementTree.SubElement(root, "coordinate")
            ElementTree.SubElement(point, "x").text = f"{frequency:.6f}"
            ElementTree.SubElement(point, "y").text = f"{self.masked.correlation[shell - 1]:.6f}"
        ElementTree.indent(root)
        return f"{ElementTree.tostring(root, encoding='unicode')}\n"

    def _star(self) -> str:
        """Return the table that RELION writes, whose first row is the frequency zero."""
        curves = self.named()
        labels = ["SpectralIndex", "Resolution", "AngstromResolution"]
        labels += [f"FourierShellCorrelation{name.capitalize()}Maps" for name in curves]
        lines = ["", "data_fsc", "", "loop_", *(f"_rln{label} #{n}" for n, label in enumerate(labels, start=1))]
        rows = [(0, 1 / 999, 999.0, *(1.0 for _ in curves))]
        rows += [
            (shell, frequency, 1 / frequency, *(curve.correlation[shell - 1] for curve in curves.values()))
            for shell, frequency in self._shells()
        ]
        lines += [f"{shell:12d}" + "".join(f" {value:12.6f}" for value in values) for shell, *values in rows]
        return "\n".join(lines) + "\n\n"

    def _shells(self) -> list[tuple[int, float]]:
        """Return the number of each shell, from 1, and its frequency."""
        return list(enumerate(self.masked.frequency_per_angstrom.tolist(), start=1))


def _crossing(curve: ShellCorrelation, threshold: float) -> str:
    """Return the resolution at which a curve falls below a threshold as text."""
    resolution = curve.resolution(threshold)
    if not isfinite(resolution):
        return "none"
    return f"{resolution:.2f} A" + ("" if curve.falls_below(threshold) else " or finer")
