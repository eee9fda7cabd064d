"""Particle lists of RELION, in the format of each of its versions from 3.0 to 5."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix
from botalign.errors import InputError, counted
from botalign.files import output_file
from botalign.images.names import NO_NUMBER, ImageNames
from botalign.images.particles import ClassColumns, CtfParameters, ParticleList
from botalign.images.relion_poses import RelionPoses, origins_angstrom, pose_labels
from botalign.images.star import StarFile
from botalign.images.star_tables import StarTable
from botalign.images.star_values import number_text

_IMAGE = "rlnImageName"
_GROUP = "rlnOpticsGroup"
_VERSION = re.compile(rb"^#[ \t]*version[ \t]+(\d+)", re.MULTILINE)
_NEWEST = 5
#: What a star file without images may be, by a label that it has.
_OTHER_CONTENT = (
    ("rlnTomoParticlesFile", "names a particle list (optimisation set)", "give the list"),
    ("rlnTomoImportParticleFile", "describes tomograms", "give a particle list"),
    ("rlnCoordinateX", "lists coordinates in micrographs", "extract the particles first"),
    ("rlnCenteredCoordinateXAngst", "lists coordinates in tomograms", "extract the particles first"),
    ("rlnMicrographMovieName", "lists movies", "give the list of extracted particles"),
    ("rlnTomoName", "lists tomograms", "give a particle list"),
    ("rlnMicrographName", "lists micrographs", "give the list of extracted particles"),
    ("rlnReferenceImage", "lists class averages", "give the list of particles, in RELION *_data.star"),
)


@dataclass(frozen=True, eq=False, repr=False)
class StarParticles(ParticleList):
    """A particle list in the format of RELION.

    Attributes
    ----------
    file : StarFile
        The file.
    table : StarTable
        Its table of particles.
    """

    file: StarFile
    table: StarTable
    extension = ".star"

    @classmethod
    def of(cls, file: StarFile) -> StarParticles:
        """Find the particles in a file.

        Raises
        ------
        InputError
            If the file does not list particle images, lists none, or is of a later version of RELION.
        """
        version = max((int(match[1]) for match in _VERSION.finditer(file.content)), default=0)
        if version // 10000 > _NEWEST:
            raise InputError(
                f"{file.name}: got version {version}, expected at most {_NEWEST}9999 (RELION {_NEWEST}); update "
                f"BOTalign, or remove the line `# version {version}` to read it as a list of RELION {_NEWEST}."
            )
        having = [table for table in file.tables if _IMAGE in table]
        if not having:
            raise InputError(f"{file.name}: {_other_content(file)}")
        table = next((table for table in having if table.block == "particles"), having[0])
        if not len(file.cells(table)):
            raise InputError(f"{file.name}: no images in this list, expected at least one; give another file.")
        return cls(file, table)

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the file."""
        return self.file.name

    def __len__(self) -> int:
        """Return the number of particles."""
        return len(self.file.cells(self.table))

    @property
    def columns(self) -> tuple[str, ...]:
        """Labels of the table of particles."""
        return self.table.labels

    def column(self, name: str) -> list[str]:
        """Return the text of a column."""
        if name not in self.table:
            raise InputError(f"{self.name}: no column _{name}; give a list that has it.")
        return self.file.texts(self.table, name)

    @cached_property
    def names(self) -> ImageNames:
        """File and number of each image."""
        return ImageNames.of(self.column(_IMAGE))

    @property
    def are_volumes(self) -> bool:
        """Whether the particles are subtomograms."""
        stacks = any("rlnTomoSubTomosAre2DStacks" in table for table in self.file.tables)
        dimensions = self.per_particle("rlnImageDimensionality")
        volumes = dimensions is not None and bool((dimensions == 3).any())
        # Images of tilt series that are listed one by one may be classified.
        in_tomograms = stacks or "rlnTomoName" in self.table
        return volumes or (in_tomograms and bool((self.names.number_of == NO_NUMBER).any()))

    @property
    def refusal(self) -> str | None:
        """Why the particles are not single images."""
        if self.are_volumes:
            return "lists subtomograms, expected images of particles; give a list of images (NUMBER@STACK)."
        return None

    @property
    def optics(self) -> StarTable | None:
        """The table of optics groups, None before RELION 3.1."""
        return next((table for table in self.file.tables if table.block == "optics" and _GROUP in table), None)

    @cached_property
    def _row_of_group(self) -> Counts | None:
        """Row in the table of optics groups of each particle."""
        optics = self.optics
        if optics is None:
            return None
        known = [_group(text) for text in self.file.texts(optics, _GROUP)]
        if _GROUP not in self.table:
            if len(known) > 1:
                raise InputError(
                    f"{self.name}: {len(known)} optics groups, but the table of particles has no column _{_GROUP}; "
                    "add it."
                )
            return np.zeros(len(self), dtype=np.int64)
        groups = [_group(text) for text in self.column(_GROUP)]
        unknown = sorted(set(groups) - set(known), key=groups.index)
        if unknown:
            count = sum(group in unknown for group in groups)
            raise InputError(
                f"{self.name}: optics group{'s' * (len(unknown) > 1)} {', '.join(unknown)} of "
                f"{counted(count, 'particle')} (first particle {groups.index(unknown[0]) + 1}), expected one of those "
                f"in data_optics: {', '.join(known)}; add the group there."
            )
        row = {group: number for number, group in enumerate(known)}
        return np.array([row[group] for group in groups], dtype=np.int64)

    def per_particle(self, label: str) -> Matrix | None:
        """Return a number for each particle, from its optics group or from the table of particles; None if missing."""
        optics, rows = self.optics, self._row_of_group
        if optics is not None and rows is not None and label in optics:
            return self.file.numbers(optics, label)[rows]
        return self.file.numbers(self.table, label) if label in self.table else None

    @property
    def groups(self) -> list[str] | None:
        """Optics group of each particle."""
        return [_group(text) for text in self.column(_GROUP)] if _GROUP in self.table else None

    @property
    def pixel_sizes_angstrom(self) -> Matrix | None:
        """Pixel size of each image: that of its optics group, of the table, or of the detector, in this order."""
        detector, magnification = (self.per_particle(f"rln{x}") for x in ("DetectorPixelSize", "Magnification"))
        with np.errstate(divide="ignore", invalid="ignore"):
            # The pixel of the detector is in micrometres.
            by_detector = None if detector is None or magnification is None else 1e4 * detector / magnification
        sizes: Matrix | None = None
        for each in (self.per_particle("rlnImagePixelSize"), self.per_particle("rlnPixelSize"), by_detector):
            if each is not None:
                usable = np.where(np.isfinite(each) & (each > 0), each, np.nan)
                sizes = usable if sizes is None else np.where(np.isnan(sizes), usable, sizes)
        return sizes

    @property
    def sides(self) -> Matrix | None:
        """Side of each image in pixels."""
        return self.per_particle("rlnImageSize")

    @cached_property
    def ctf(self) -> CtfParameters | None:
        """Parameters of the contrast transfer function."""
        defocus_u, defocus_v, angle, phase, voltage, cs, contrast, flipped, premultiplied = (
            self.per_particle(f"rln{name}")
            for name in (
                "DefocusU", "DefocusV", "DefocusAngle", "PhaseShift", "Voltage", "SphericalAberration",
                "AmplitudeContrast", "CtfDataArePhaseFlipped", "CtfDataAreCtfPremultiplied",
            )
        )  # fmt: skip
        if defocus_u is None or voltage is None or cs is None or contrast is None:
            return None
        none = np.zeros(len(self))
        return CtfParameters(
            defocus_u_angstrom=defocus_u,
            defocus_v_angstrom=defocus_u if defocus_v is None else defocus_v,
            astigmatism_degrees=none if angle is None else angle,
            phase_shift_degrees=none if phase is None else phase,
            voltage_kv=voltage,
            cs_mm=cs,
            amplitude_contrast=contrast,
            phase_flipped=(none if flipped is None else flipped) == 1,
            premultiplied=(none if premultiplied is None else premultiplied) == 1,
        )

    @property
    def class_numbers(self) -> Counts | None:
        """Class of each particle."""
        if "rlnClassNumber" not in self.table:
            return None
        numbers = self.file.numbers(self.table, "rlnClassNumber")
        return np.where(np.isfinite(numbers), numbers, 0).astype(np.int64)

    def origins_angstrom(self, pixel_sizes_angstrom: Matrix) -> Matrix | None:
        """Return the origin of each image."""
        return origins_angstrom(self._relion_poses.columns, pixel_sizes_angstrom)

    def with_classes(self, found: ClassColumns) -> StarParticles:
        """Return the list with class, pose and distance; the origin is in the unit that the list has."""
        columns = {"rlnClassNumber": _numbers(found.labels + 1), "rlnAnglePsi": _numbers(found.psi_degrees)}
        # RELION before 3.1 has no optics groups, and the origin in pixels.
        in_angstrom = "rlnOriginXAngst" in self.table or self.optics is not None
        in_pixels = "rlnOriginX" in self.table or not in_angstrom
        for axis, origin in zip("XY", found.origin_angstrom.T, strict=True):
            if in_angstrom:
                columns[f"rlnOrigin{axis}Angst"] = _numbers(origin)
            if in_pixels:
                columns[f"rlnOrigin{axis}"] = _numbers(origin / found.pixel_sizes_angstrom)
        if "rlnIsFlip" in self.table or found.mirrored.any():
            columns["rlnIsFlip"] = _numbers(found.mirrored.astype(np.int64))
        columns["botalignDistance"] = _numbers(found.distances)
        return StarParticles.of(self.file.changed(self.table, columns))

    @cached_property
    def _relion_poses(self) -> RelionPoses:
        distortion = [self.per_particle(f"rlnMagMat{row}{column}") for row in (0, 1) for column in (0, 1)]
        present = [each for each in distortion if each is not None]
        return RelionPoses(
            self.name,
            self.table.labels,
            {label: self.file.numbers(self.table, label) for label in pose_labels(self.table.labels)},
            volumes=self.are_volumes,
            in_angstrom="rlnOriginXAngst" in self.table or self.optics is not None,
            pixel_sizes_angstrom=self.pixel_sizes_angstrom,
            # RELION applies the matrix to frequencies; images are distorted by its transpose.
            distortion=np.stack(present, axis=1).reshape(-1, 2, 2).transpose(0, 2, 1) if len(present) == 4 else None,
        )

    @property
    def poses(self) -> tuple[Matrix, Matrix]:
        """Rotations and origins."""
        return self._relion_poses.rotations, self._relion_poses.origins_angstrom

    def moved(self, transform: Matrix, *, mirror: bool = False) -> StarParticles:
        """Return the list with poses that fit a transformed map."""
        columns = self._relion_poses.moved(transform, mirror=mirror)
        changed = {label: _numbers(values) for label, values in columns.items()}
        return StarParticles.of(self.file.changed(self.table, changed))

    def selected(self, keep: NDArray[np.bool_]) -> StarParticles:
        """Return the list with only some of its particles."""
        return StarParticles.of(self.file.with_rows(self.table, keep))

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the list as a star file."""
        with output_file(path, overwrite=overwrite, extensions=(self.extension,)) as temporary:
            temporary.write_bytes(self.file.content)


def _numbers(values: Matrix | Counts) -> Sequence[str]:
    return [number_text(value) for value in values.tolist()]


def _group(text: str) -> str:
    """Return an optics group in one spelling: ``01`` and ``1.000000`` are ``1``."""
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _other_content(file: StarFile) -> str:
    for label, content, advice in _OTHER_CONTENT:
        if any(label in table for table in file.tables):
            return f"{content}, expected a list of particle images (column _{_IMAGE}); {advice}."
    if not file.tables:
        return "is not a star file, or an empty one, expected a list of particle images; give another file."
    return f"has no column _{_IMAGE}, expected a star file of particles; give another file."
