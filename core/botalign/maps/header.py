"""What the header of an MRC or CCP4 file says, as far as it can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from botalign.errors import InputError, Message
from botalign.maps.grid import Grid

HEADER_BYTES = 1024
DTYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_OTHER_MODES = {3: "complex integers", 4: "complex numbers", 101: "four-bit integers"}
_MOST_VOXELS_A_SIDE = 65535  # above it, ChimeraX too takes the number for one of the other byte order
_IMOD_STAMP = 1146047817


class MapWarning(Message, UserWarning):
    """A map was read although its header is not quite right; the message says what was assumed."""


@dataclass(frozen=True)
class MapHeader:
    """What the header of a map file says.

    Attributes
    ----------
    name : str
        The file.
    compression : str or None
        ``"gzip"``, ``"bzip2"`` or none.
    mode : int
        How the file holds densities: 0, 1, 2, 6 and 12 are int8, int16, float32, uint16 and float16.
    dtype : numpy.dtype
        The same, with the byte order.
    axis_order : tuple of int
        The axes along columns, rows and sections of the file (mapc, mapr, maps); 1 is x. The usual order is 1, 2, 3.
    grid : Grid
        Where the voxels lie after the axis order is undone.
    origin_from : str
        ``"origin"`` or ``"nstart"``: the field that gave the grid's origin.
    cell_angles_degrees : tuple of float
        Angles of the unit cell.
    space_group : int
        Field ispg: 1 is a map, 0 a map or a stack of images.
    extended_bytes : int
        Length of the extended header.
    labels : tuple of str
        Text lines.
    remarks : tuple of str
        What was not quite right, and what was assumed.
    images : bool
        Whether the file holds images, one or a stack, and no map.
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

    @property
    def file_shape(self) -> tuple[int, int, int]:
        """Numbers of sections, rows and columns, as the file holds them."""
        columns, rows, sections = (self.grid.shape[3 - axis] for axis in self.axis_order)
        return sections, rows, columns

    @property
    def data_bytes(self) -> int:
        """Length of the densities in the file, uncompressed."""
        sections, rows, columns = self.file_shape
        return sections * rows * columns * self.dtype.itemsize


def parse_header(raw: bytes, *, name: str, compression: str | None = None, images_too: bool = False) -> MapHeader:
    """Understand the first 1024 bytes of a map file.

    Parameters
    ----------
    raw : bytes
        The bytes, at least 1024.
    name : str
        What messages call the file. A name in ``.mrcs`` marks a stack of images.
    compression : str, optional
        Passed on.
    images_too : bool, optional
        Whether a file of images will do. Their grid has a section an image; only its x and y mean something.

    Returns
    -------
    MapHeader

    Raises
    ------
    InputError
        If the file is not a map, holds images or several maps, or values that are not densities.
    """
    remarks: list[str] = []
    fields = _in_right_byte_order(raw[:HEADER_BYTES], name, remarks)
    mode = int(fields["mode"])
    if mode not in DTYPES:
        raise InputError(f"{name}: holds {_OTHER_MODES[mode]} (mode {mode}), expected densities; give the map itself.")
    dtype = np.dtype(DTYPES[mode]).newbyteorder(fields["nx"].dtype.byteorder)
    imod_stamp, imod_flags = np.frombuffer(fields["extra2"].tobytes(), fields["nx"].dtype, count=12)[10:12]
    if mode == 0 and imod_stamp == _IMOD_STAMP and not imod_flags & 1:
        dtype = np.dtype("u1")

    axis_order = tuple(int(fields[f]) for f in ("mapc", "mapr", "maps"))
    if axis_order == (0, 0, 0):
        axis_order = (1, 2, 3)
        remarks.append("no axis order, taken as x, y, z")
    column_row_section = [int(fields[f]) for f in ("nx", "ny", "nz")]
    images = _images(fields, column_row_section, name, remarks)
    if images is not None and not images_too:
        raise InputError(f"{name}: {images}")
    if images is not None:  # they have no third side, and whatever the header says of it must not be remarked upon
        fields = fields.copy()
        fields["mz"], fields["cella"]["z"] = fields["mx"], fields["cella"]["x"]
    # From columns, rows and sections to x, y and z.
    place = [axis_order.index(axis) for axis in (1, 2, 3)]
    n = [column_row_section[p] for p in place]
    nstart = [int([fields["nxstart"], fields["nystart"], fields["nzstart"]][p]) for p in place]
    voxel_size = _voxel_size(fields, n, remarks)
    origin, origin_from = _origin(fields, n, nstart, voxel_size, remarks)

    angles = tuple(_decimal(fields["cellb"][a]) for a in ("alpha", "beta", "gamma"))
    if any(0 < a < 180 and abs(a - 90) > 0.01 for a in angles):
        text = ", ".join(f"{a:g}" for a in angles)
        remarks.append(f"cell angles {text} degrees, taken as right angles: the map is sheared")
    labels = _labels(fields)
    if any(label.startswith("Chimera rotation:") for label in labels):
        remarks.append("a label asks Chimera to turn the map, which is not done here")
    extended = int(fields["nsymbt"])
    if extended < 0:
        remarks.append(f"extended header of {extended} bytes, taken as none")
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
        images=images is not None,
    )


def _in_right_byte_order(raw: bytes, name: str, remarks: list[str]) -> Any:
    """Return the header's fields in the byte order in which they make sense."""
    stamp, has_id = raw[212:214], raw[208:211] == b"MAP"
    stamped = {b"\x44\x44": "<", b"\x44\x41": "<", b"\x11\x11": ">"}.get(stamp)
    for order in ("<", ">") if stamped != ">" else (">", "<"):
        fields = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(order)).reshape(())
        if _makes_sense(fields):
            if not has_id:
                remarks.append("no map identifier in the header")
            if stamped is None:
                remarks.append("unknown machine stamp, byte order found by trying")
            elif stamped != order:
                remarks.append("the machine stamp names the wrong byte order")
            return fields
    if not has_id:
        raise InputError(f"{name}: is not a map, expected MRC or CCP4 format; convert it first.")
    fields = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(stamped or "<")).reshape(())
    raise InputError(
        f"{name}: the header is damaged ({fields['nx']} x {fields['ny']} x {fields['nz']} voxels, mode "
        f"{fields['mode']}, axis order {fields['mapc']}, {fields['mapr']}, {fields['maps']}); fetch or write it again."
    )


def _makes_sense(fields: Any) -> bool:
    sides = [int(fields[f]) for f in ("nx", "ny", "nz")]
    axes = sorted(int(fields[f]) for f in ("mapc", "mapr", "maps"))
    known = int(fields["mode"]) in DTYPES or int(fields["mode"]) in _OTHER_MODES
    return known and min(sides) > 0 and max(sides) <= _MOST_VOXELS_A_SIDE and axes in ([1, 2, 3], [0, 0, 0])


def _images(fields: Any, column_row_section: list[int], name: str, remarks: list[str]) -> str | None:
    """Tell a map from an image and from stacks, which have the same format; say what is wrong if it is no map.

    Space group 0 is a stack by the standard, but Chimera writes it for every map, so it decides nothing alone.
    """
    columns, rows, sections = column_row_section
    space_group, mx, mz = (int(fields[f]) for f in ("ispg", "mx", "mz"))
    if min(column_row_section) == 1:
        return f"is an image ({columns} x {rows} x {sections}), expected a map; give the map itself."
    stack = name.lower().removesuffix(".gz").removesuffix(".bz2").endswith(".mrcs")
    if stack:
        return f"holds {sections} images, not a map, by its name; if it is a map, rename it to .mrc."
    if space_group == 0 and mz == 1 < mx:
        return f"holds {sections} images, not a map, by its header; give the map itself."
    if 401 <= space_group <= 630 and 0 < mz < sections:
        raise InputError(f"{name}: holds {sections // mz} maps, expected one; split it first.")
    placed = any(fields[f] for f in ("nxstart", "nystart", "nzstart")) or any(fields["origin"].item())
    if space_group == 0 and columns == rows != sections and not placed:
        remarks.append(f"may be a stack of {sections} images by its header, taken as a map")
    return None


def _voxel_size(fields: Any, n: list[int], remarks: list[str]) -> tuple[float, float, float]:
    """Divide the cell by its sampling, which need not be the number of voxels in the file."""
    sides = []
    for axis, count in zip("xyz", n, strict=True):
        sampling = int(fields[f"m{axis}"])
        side = _decimal(fields["cella"][axis]) / (sampling if sampling > 0 else count)
        # Seven digits are what float32 holds: 294.80002 / 220 was meant as 1.34, and stays so when written and read.
        sides.append(float(f"{side:.7g}"))
    good = [s for s in sides if np.isfinite(s) and s > 0]
    if len(good) < 3:
        assumed = good[0] if good else 1.0
        remarks.append(f"no voxel size, taken as {assumed:g} A")
        sides = [s if np.isfinite(s) and s > 0 else assumed for s in sides]
    return sides[0], sides[1], sides[2]


def _origin(
    fields: Any, n: list[int], nstart: list[int], voxel_size: tuple[float, float, float], remarks: list[str]
) -> tuple[tuple[float, float, float], str]:
    """Take the origin field if it is not zero, else nstart, both only if possible: as ChimeraX does."""
    origin = np.array([_decimal(fields["origin"][axis]) for axis in "xyz"])
    voxel = np.array(voxel_size)
    # Some programs leave these fields unset: what is there may be anything.
    believable = bool(np.isfinite(origin).all()) and bool((np.abs(origin) < 2**24 * voxel).all())
    if not believable:
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
    """Return the number that was meant: 267.3 of a file is 267.299988 in float32, but not in float64."""
    return float(str(np.float32(value)))


def _labels(fields: Any) -> tuple[str, ...]:
    count = int(fields["nlabl"])
    lines = fields["label"][:count] if 0 < count <= 10 else fields["label"]
    texts = ("".join(c for c in bytes(line).decode("ascii", "ignore") if c.isprintable()).strip() for line in lines)
    return tuple(text for text in texts if text)
