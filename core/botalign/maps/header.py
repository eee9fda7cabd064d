"""The header of an MRC or CCP4 file, with wrong fields detected and replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from botalign.errors import InputError, Message
from botalign.maps.content import MOST_VOXELS_PER_SIDE, Content, holds_images
from botalign.maps.grid import Grid

HEADER_BYTES = 1024
DTYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_OTHER_MODES = {3: "complex integers", 4: "complex numbers", 101: "four-bit integers"}
_OTHER_SIGN = {"i1": "u1", "u1": "i1", "i2": "u2", "u2": "i2"}
_IMOD_STAMP = 1146047817


class MapWarning(Message, UserWarning):
    """Warns about an error of a map that does not prevent its use; the message reports what was assumed.

    Examples
    --------
    >>> import warnings
    >>> import botalign
    >>> warnings.simplefilter("error", botalign.MapWarning)  # refuse such maps
    """


@dataclass(frozen=True)
class MapHeader:
    """The header of a map file.

    Attributes
    ----------
    name : str
        Name of the file.
    compression : str or None
        ``"gzip"``, ``"bzip2"`` or None.
    mode : int
        Type of the densities: 0, 1, 2, 6 and 12 are int8, int16, float32, uint16 and float16.
    dtype : numpy.dtype
        Type of the densities, with the byte order.
    axis_order : tuple of int
        Axes along columns, rows and sections of the file (mapc, mapr, maps); 1 is x. The usual order is 1, 2, 3.
    grid : Grid
        Grid of the map after the axis order is undone.
    origin_from : str
        Field from which the origin of the grid was read: ``"origin"`` or ``"nstart"``.
    cell_angles_degrees : tuple of float
        Angles of the unit cell.
    space_group : int
        Field ispg: 1 for a map, 0 for a map or a stack of images.
    extended_bytes : int
        Length of the extended header in bytes.
    labels : tuple of str
        Label lines.
    remarks : tuple of str
        Errors of the header, each with what was assumed instead.
    images : bool
        Whether the file holds an image or a stack of images instead of a map.
    size_remark : str or None
        The remark that the header has no voxel size, None if it has one.
    """

    name: str
    compression: str | None
    mode: int
    dtype: np.dtype[Any]
    axis_order: tuple[int, int, int]
    grid: Grid
    origin_from: str
    cell_angles_degrees: tuple[float, float, float]
    space_group: int
    extended_bytes: int
    labels: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    images: bool = False
    size_remark: str | None = None

    @property
    def file_shape(self) -> tuple[int, int, int]:
        """Numbers of sections, rows and columns of the file."""
        columns, rows, sections = (self.grid.shape[3 - axis] for axis in self.axis_order)
        return sections, rows, columns

    @property
    def data_bytes(self) -> int:
        """Length of the uncompressed densities in bytes."""
        sections, rows, columns = self.file_shape
        return sections * rows * columns * self.dtype.itemsize


def parse_header(
    raw: bytes,
    *,
    name: str,
    compression: str | None = None,
    expected: Content | None = "map",
    stated: bool = False,
) -> MapHeader:
    """Parse the header of a map file.

    Parameters
    ----------
    raw : bytes
        The first 1024 bytes of the file, or more.
    name : str
        Name of the file. The extension ``.mrcs`` marks a stack of images.
    compression : str, optional
        Compression of the file, for the result.
    expected : {"map", "images"}, optional
        Expected content; None accepts both. The grid of images has one section per image; only x and y are meaningful.
    stated : bool, optional
        Whether the content is known to be the expected one, for example from a list of images. Otherwise the header and
        the extension decide.

    Returns
    -------
    MapHeader
        The header.

    Raises
    ------
    InputError
        If the file is not a map, or holds something else than expected, several maps, or values that are not densities.
    """
    remarks: list[str] = []
    fields = _in_correct_byte_order(raw[:HEADER_BYTES], name, remarks)
    mode = int(fields["mode"])
    if mode not in DTYPES:
        raise InputError(
            f"{name}: got {_OTHER_MODES[mode]} (mode {mode}), expected densities; give a map of real values."
        )
    dtype = np.dtype(_kind_of_number(fields, mode, remarks)).newbyteorder(fields["nx"].dtype.byteorder)

    axis_order = tuple(int(fields[f]) for f in ("mapc", "mapr", "maps"))
    if axis_order == (0, 0, 0):
        axis_order = (1, 2, 3)
        remarks.append("no axis order, assumed x, y, z")
    column_row_section = [int(fields[f]) for f in ("nx", "ny", "nz")]
    images = expected == "images"
    if not stated:
        images = holds_images(fields, column_row_section, name, expected, remarks)
    if images:  # images have no third side, so its fields must not cause remarks
        fields = fields.copy()
        fields["mz"], fields["cella"]["z"] = fields["mx"], fields["cella"]["x"]
    # From columns, rows and sections to x, y and z.
    position = [axis_order.index(axis) for axis in (1, 2, 3)]
    n = [column_row_section[p] for p in position]
    nstart = [int([fields["nxstart"], fields["nystart"], fields["nzstart"]][p]) for p in position]
    voxel_size, size_remark = _voxel_size(fields, n)
    remarks += [size_remark] if size_remark else []
    origin, origin_from = _origin(fields, n, nstart, voxel_size, remarks)

    angles = tuple(_decimal(fields["cellb"][a]) for a in ("alpha", "beta", "gamma"))
    if any(0 < a < 180 and abs(a - 90) > 0.01 for a in angles):
        text = ", ".join(f"{a:g}" for a in angles)
        remarks.append(f"cell angles {text} degrees, assumed right angles: the map is sheared")
    labels = _labels(fields)
    if any(label.startswith("Chimera rotation:") for label in labels):
        remarks.append("a label specifies a Chimera rotation of the map, which is not applied")
    extended = int(fields["nsymbt"])
    if extended < 0:
        remarks.append(f"extended header of {extended} bytes, assumed none")
    return MapHeader(
        name=name,
        compression=compression,
        mode=mode,
        dtype=dtype,
        axis_order=axis_order,  # type: ignore[arg-type]
        grid=Grid((n[2], n[1], n[0]), voxel_size, origin),
        origin_from=origin_from,
        cell_angles_degrees=angles,  # type: ignore[arg-type]
        space_group=int(fields["ispg"]),
        extended_bytes=max(extended, 0),
        labels=labels,
        remarks=tuple(remarks),
        images=images,
        size_remark=size_remark,
    )


def _in_correct_byte_order(raw: bytes, name: str, remarks: list[str]) -> Any:
    """Return the fields of the header in the byte order in which they are plausible."""
    stamp, has_id = raw[212:214], raw[208:211] == b"MAP"
    stamped = {b"\x44\x44": "<", b"\x44\x41": "<", b"\x11\x11": ">"}.get(stamp)
    for order in ("<", ">") if stamped != ">" else (">", "<"):
        fields = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(order)).reshape(())
        if _is_plausible(fields):
            if not has_id:
                remarks.append("no map identifier in the header")
            if stamped is None:
                remarks.append("unknown machine stamp, byte order guessed from the other fields")
            elif stamped != order:
                remarks.append("wrong byte order in the machine stamp, ignored")
            return fields
    if not has_id:
        raise InputError(f"{name}: not a map in MRC or CCP4 format; convert it first.")
    fields = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(stamped or "<")).reshape(())
    raise InputError(
        f"{name}: the header is damaged ({fields['nx']} x {fields['ny']} x {fields['nz']} voxels, mode "
        f"{fields['mode']}, axis order {fields['mapc']}, {fields['mapr']}, {fields['maps']}); download or write it "
        "again."
    )


def _is_plausible(fields: Any) -> bool:
    sides = [int(fields[f]) for f in ("nx", "ny", "nz")]
    axes = sorted(int(fields[f]) for f in ("mapc", "mapr", "maps"))
    known = int(fields["mode"]) in DTYPES or int(fields["mode"]) in _OTHER_MODES
    # A stack may hold any number of images.
    return known and min(sides) > 0 and max(sides[:2]) <= MOST_VOXELS_PER_SIDE and axes in ([1, 2, 3], [0, 0, 0])


def _kind_of_number(fields: Any, mode: int, remarks: list[str]) -> str:
    """Return the type of the densities without byte order; programs disagree about the sign of integers."""
    kind = DTYPES[mode]
    imod_stamp, imod_flags = np.frombuffer(fields["extra2"].tobytes(), fields["nx"].dtype, count=12)[10:12]
    if mode == 0 and imod_stamp == _IMOD_STAMP and not imod_flags & 1:
        kind = "u1"
    low, high = float(fields["dmin"]), float(fields["dmax"])
    other = _OTHER_SIGN.get(kind)
    if other is None or not low < high or _in_range(low, high, kind) or not _in_range(low, high, other):
        return kind
    sign = "unsigned" if other[0] == "u" else "signed"
    remarks.append(f"densities from {low:g} to {high:g} according to its header, assumed {sign} integers")
    return other


def _in_range(low: float, high: float, kind: str) -> bool:
    return bool(np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)


def _voxel_size(fields: Any, n: list[int]) -> tuple[tuple[float, float, float], str | None]:
    """Return the cell divided by its sampling, which need not be the number of voxels in the file, and a remark."""
    sides = []
    for axis, count in zip("xyz", n, strict=True):
        sampling = int(fields[f"m{axis}"])
        side = _decimal(fields["cella"][axis]) / (sampling if sampling > 0 else count)
        # float32 holds seven digits: 294.80002 / 220 was meant as 1.34, and must remain 1.34 when written and read.
        sides.append(float(f"{side:.7g}"))
    if int(fields["mz"]) == 1 < n[2] and np.isclose(sides[2] / n[2], sides[0], rtol=1e-3):
        sides[2] = sides[0]  # the header of a stack, with the cell of a map
    good = [s for s in sides if np.isfinite(s) and s > 0]
    remark = None
    if len(good) < 3:
        assumed = good[0] if good else 1.0
        remark = f"no voxel size, assumed {assumed:g} A"
        sides = [s if np.isfinite(s) and s > 0 else assumed for s in sides]
    return (sides[0], sides[1], sides[2]), remark


def _origin(
    fields: Any, n: list[int], nstart: list[int], voxel_size: tuple[float, float, float], remarks: list[str]
) -> tuple[tuple[float, float, float], str]:
    """Return the origin field if it is not zero, otherwise nstart, and ignore implausible values, as ChimeraX does."""
    origin = np.array([_decimal(fields["origin"][axis]) for axis in "xyz"])
    voxel = np.array(voxel_size)
    # Some programs do not set these fields, so they may hold anything.
    plausible = bool(np.isfinite(origin).all()) and bool((np.abs(origin) < 2**24 * voxel).all())
    if not plausible:
        remarks.append("impossible origin, ignored")
    elif (np.abs(origin) > 1e-6 * voxel).any():
        return (float(origin[0]), float(origin[1]), float(origin[2])), "origin"
    limit = 10 * max(*n, *(int(fields[f]) for f in ("mx", "my", "mz")))
    if max(abs(s) for s in nstart) > limit:
        remarks.append(f"impossible nstart {tuple(nstart)}, ignored")
        nstart = [0, 0, 0]
    x, y, z = (s * v for s, v in zip(nstart, voxel_size, strict=True))
    return (x, y, z), "nstart"


def _decimal(value: np.float32) -> float:
    """Return the shortest decimal that rounds to a float32: 267.3 instead of 267.299988."""
    return float(str(np.float32(value)))


def _labels(fields: Any) -> tuple[str, ...]:
    count = int(fields["nlabl"])
    lines = fields["label"][:count] if 0 < count <= 10 else fields["label"]
    texts = ("".join(c for c in bytes(line).decode("ascii", "ignore") if c.isprintable()).strip() for line in lines)
    return tuple(text for text in texts if text)
