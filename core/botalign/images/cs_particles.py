"""Particle lists of cryoSPARC: structured arrays of NumPy, with the fields of one job in one or two files."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix
from botalign.errors import InputError
from botalign.files import cannot_be_read, output_file
from botalign.images.cryosparc_poses import ALIGNMENT, POSE, CryosparcPoses, origins_angstrom
from botalign.images.names import ImageNames
from botalign.images.particles import ClassColumns, CtfParameters, ParticleList

_NEEDED = ("blob/path", "blob/idx")


@dataclass(frozen=True, eq=False, repr=False)
class CsParticles(ParticleList):
    """A particle list of cryoSPARC.

    Attributes
    ----------
    name : str
        Name of the file in messages.
    records : ndarray
        The particles, with the fields of the file.
    others : mapping of str to ndarray
        Fields of the file with the fields that the job passed through, in the order of `records`.
    header : bytes
        Bytes of the file before the records.
    """

    name: str
    records: NDArray[np.void]
    others: Mapping[str, NDArray[Any]]
    header: bytes
    extension = ".cs"

    @classmethod
    def read(cls, path: Path) -> CsParticles:
        """Read a file, and the fields that it lacks from the file of its job with the fields passed through.

        Raises
        ------
        InputError
            If the file cannot be read, is not such a list, lists no images, or has no reference to its images.
        """
        records, header = _read(path)
        fields = records.dtype.names or ()
        others: dict[str, NDArray[Any]] = {}
        if not set(_NEEDED) <= set(fields) or "ctf/df1_A" not in fields:
            others = _passed_through(path, records)
        missing = [field for field in _NEEDED if field not in fields and field not in others]
        if missing:
            raise InputError(f"{path}: {_other_content(path, fields, missing)}")
        if not len(records):
            raise InputError(f"{path}: no images in this list, expected at least one; give another file.")
        return cls(str(path), records, others, header)

    def __len__(self) -> int:
        """Return the number of particles."""
        return len(self.records)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the fields."""
        return (*(self.records.dtype.names or ()), *self.others)

    def _field(self, name: str) -> NDArray[Any] | None:
        if name in (self.records.dtype.names or ()):
            return self.records[name]
        return self.others.get(name)

    def column(self, name: str) -> list[Any]:
        """Return the values of a field."""
        values = self._field(name)
        if values is None:
            raise InputError(f"{self.name}: no field {name}; give a list that has it.")
        return list(values.tolist())

    @cached_property
    def names(self) -> ImageNames:
        """File and number of each image; cryoSPARC marks paths inside its project by ``>``."""
        paths = [
            (path.decode(errors="surrogateescape") if isinstance(path, bytes) else str(path)).lstrip(">")
            for path in self.column("blob/path")
        ]
        return ImageNames.of_pairs(paths, np.array(self.column("blob/idx"), dtype=np.int64))

    @property
    def refusal(self) -> str | None:
        """Lists of cryoSPARC list single images."""
        return None

    @property
    def groups(self) -> list[str] | None:
        """Exposure group of each particle."""
        groups = self._field("ctf/exp_group_id")
        return None if groups is None else [str(group) for group in groups.tolist()]

    @property
    def pixel_sizes_angstrom(self) -> Matrix | None:
        """Pixel size of each image."""
        sizes = self._numbers("blob/psize_A")
        return None if sizes is None else np.where(np.isfinite(sizes) & (sizes > 0), sizes, np.nan)

    @property
    def sides(self) -> Matrix | None:
        """Side of each image in pixels."""
        shapes = self._field("blob/shape")
        return None if shapes is None else shapes[:, -1].astype(np.float64)

    @cached_property
    def ctf(self) -> CtfParameters | None:
        """Parameters of the contrast transfer function."""
        defocus_u, defocus_v, angle, phase, voltage, cs, contrast = (
            self._numbers(f"ctf/{name}")
            for name in ("df1_A", "df2_A", "df_angle_rad", "phase_shift_rad", "accel_kv", "cs_mm", "amp_contrast")
        )
        if defocus_u is None or voltage is None or cs is None or contrast is None:
            return None
        none = np.zeros(len(self))
        return CtfParameters(
            defocus_u_angstrom=defocus_u,
            defocus_v_angstrom=defocus_u if defocus_v is None else defocus_v,
            astigmatism_degrees=none if angle is None else np.degrees(angle),
            phase_shift_degrees=none if phase is None else np.degrees(phase),
            voltage_kv=voltage,
            cs_mm=cs,
            amplitude_contrast=contrast,
            phase_flipped=none == 1,
            premultiplied=none == 1,
        )

    @property
    def dark(self) -> bool | None:
        """Whether cryoSPARC multiplies the images by -1; None if it does so with some of them only."""
        signs = self._field("blob/sign")
        return None if signs is None or len(set(np.sign(signs).tolist())) != 1 else bool(signs[0] < 0)

    def _numbers(self, name: str) -> Matrix | None:
        """Return a field in double precision: the shortest decimals that round to its values in single precision."""
        values = self._field(name)
        if values is None:
            return None
        if values.dtype != np.float32:
            return values.astype(np.float64)
        unique, inverse = np.unique(values, return_inverse=True)
        return np.array([float(str(value)) for value in unique])[inverse]

    @property
    def class_numbers(self) -> Counts | None:
        """Class of each particle; cryoSPARC counts from 0."""
        numbers = self._field("alignments2D/class")
        return None if numbers is None else numbers.astype(np.int64) + 1

    def origins_angstrom(self, pixel_sizes_angstrom: Matrix) -> Matrix | None:
        """Return the origin of each image."""
        return origins_angstrom(self._field, pixel_sizes_angstrom)

    def with_classes(self, found: ClassColumns) -> CsParticles:
        """Return the list with class and pose as a 2-D classification of cryoSPARC writes them."""
        shift = found.origin_angstrom / found.pixel_sizes_angstrom[:, None]
        columns = {
            "alignments2D/class": found.labels.astype("<u4"),
            "alignments2D/pose": np.radians(found.psi_degrees).astype("<f4"),
            "alignments2D/shift": shift.astype("<f4"),
            "alignments2D/psize_A": found.pixel_sizes_angstrom.astype("<f4"),
        }
        if found.mirrored.any():
            columns["botalign/mirrored"] = found.mirrored.astype("<u4")
        columns["botalign/distance"] = found.distances.astype("<f4")
        return self.with_fields(columns)

    @cached_property
    def _alignments(self) -> Mapping[str, NDArray[Any]]:
        """Fields of the alignment that are not in the file, but were passed through."""
        others = self.others if POSE in self.columns else _passed_through(Path(self.name), self.records)
        return {name: values for name, values in others.items() if name.startswith(ALIGNMENT)}

    @property
    def _poses(self) -> CryosparcPoses:
        fields = tuple(dict.fromkeys([*self.columns, *self._alignments]))
        return CryosparcPoses(self.name, fields, lambda name: self._alignments.get(name, self._field(name)))

    @property
    def poses(self) -> tuple[Matrix, Matrix]:
        """Rotations and origins."""
        return self._poses.rotations, self._poses.origins_angstrom

    def moved(self, transform: Matrix, *, mirror: bool = False) -> CsParticles:
        """Return the list with poses that fit a transformed map; an alignment that was passed through is added."""
        return self.with_fields({**self._alignments, **self._poses.moved(transform, mirror=mirror)})

    def with_fields(self, columns: Mapping[str, NDArray[Any]]) -> CsParticles:
        """Return the list with fields replaced, in the type that they have, or added."""
        old = self.records.dtype
        names = old.names or ()
        added = [(name, values.dtype, values.shape[1:]) for name, values in columns.items() if name not in names]
        if not added:
            records, header = self.records.copy(), self.header
        else:
            records = np.empty(len(self), dtype=[*((name, old[name]) for name in names), *added])
            for name in names:
                records[name] = self.records[name]
            header = _header_of(records)
        for name, values in columns.items():
            records[name] = values
        return replace(self, records=records, header=header)

    def selected(self, keep: NDArray[np.bool_]) -> CsParticles:
        """Return the list with only some of its particles."""
        records = self.records[keep]
        others = {name: values[keep] for name, values in self.others.items()}
        return replace(self, records=records, others=others, header=_header_of(records))

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the list as a dataset of cryoSPARC, without the fields of other files."""
        with output_file(path, overwrite=overwrite, extensions=(self.extension,)) as temporary:
            temporary.write_bytes(self.header + self.records.tobytes())


def _header_of(records: NDArray[np.void]) -> bytes:
    stream = io.BytesIO()
    npy.write_array(stream, records, allow_pickle=False)
    return stream.getvalue()[: stream.tell() - records.nbytes]


def _read(path: Path) -> tuple[NDArray[np.void], bytes]:
    """Return the records of a file, and the bytes before them."""
    expected = "a particle list of cryoSPARC (.cs)"
    try:
        content = path.read_bytes()
        stream = io.BytesIO(content)
        records = npy.read_array(stream, allow_pickle=False)
    except OSError as error:
        raise cannot_be_read(path, error, expected) from error
    except (ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: the file cannot be read ({reason}), expected {expected}; export it again."
        ) from error
    if records.ndim != 1 or records.dtype.names is None:
        raise InputError(f"{path}: got an array of type {records.dtype}, expected {expected}; give another file.")
    return records, content[: stream.tell() - records.nbytes]


def _passed_through(path: Path, records: NDArray[np.void]) -> dict[str, NDArray[Any]]:
    """Return the fields that a file lacks from files of passed-through fields in its folder, matched by uid."""
    fields = records.dtype.names or ()
    found: dict[str, NDArray[Any]] = {}
    if "uid" not in fields:
        return found
    for other in sorted(path.parent.glob("*passthrough*.cs")):
        if other.name == path.name:
            continue
        more, _ = _read(other)
        names = more.dtype.names or ()
        if "uid" not in names or not len(more):
            continue
        order = np.argsort(more["uid"], kind="stable")
        at = order[np.minimum(np.searchsorted(more["uid"], records["uid"], sorter=order), len(more) - 1)]
        if (more["uid"][at] == records["uid"]).all():
            found |= {name: more[name][at] for name in names if name not in fields and name not in found}
    return found


def _other_content(path: Path, fields: tuple[str, ...], missing: list[str]) -> str:
    if any(field.startswith("micrograph_blob") for field in fields) and "location/center_x_frac" not in fields:
        return "lists micrographs, expected particle images; give the list of extracted particles."
    if "passthrough" in path.name:
        return "has only the fields that a job passed through, expected those of images; give the job's other .cs file."
    if "location/center_x_frac" in fields:
        return "lists coordinates in micrographs, expected particle images; extract the particles first."
    return (
        f"has no field {' and no field '.join(missing)}, expected a list of particle images; put the file "
        "*_passthrough_particles.cs of the job beside it."
    )
