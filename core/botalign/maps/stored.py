"""Maps and stacks of images in the type in which their files store them, for programs that display them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.maps.contour import background_level, level_above
from botalign.maps.density_map import refuse_infinite
from botalign.maps.header import MapHeader
from botalign.maps.reading import open_map_file, read_sections, warn_of_remarks


@dataclass(frozen=True, eq=False, repr=False)
class StoredValues:
    """The values of a map, or of a stack of images, in the type of the file.

    Attributes
    ----------
    values : ndarray, shape (z, y, x) or (images, y, x)
        Values: 8- and 16-bit integers or float32 in the byte order of the machine; float16 is converted to float32.
    header : botalign.maps.MapHeader
        The header, with the grid of a map. Of the grid of images, only x and y are meaningful.

    See Also
    --------
    read_stored : Read such values.
    """

    values: NDArray[Any]
    header: MapHeader

    def __repr__(self) -> str:
        """Return one line without the values."""
        kind = "images" if self.header.images else "map"
        return f"<StoredValues {Path(self.header.name).name}: {kind} of shape {self.values.shape}, {self.values.dtype}>"

    @property
    def contour_level(self) -> float:
        """Suggested contour level of a map, as :func:`botalign.contour_level` returns it."""
        return level_above(self.values, background_level(self.values))


def read_stored(path: str | os.PathLike[str]) -> StoredValues:
    """Read a map or a stack of images in the type in which its file stores the values.

    A tomogram of 8-bit integers then takes a quarter of the memory that :func:`read` needs, whose densities are all
    float32.

    Parameters
    ----------
    path : path-like
        File in MRC or CCP4 format. Modes, byte orders, axis orders and compression are those of :func:`read`.

    Returns
    -------
    StoredValues
        The values and the header.

    Raises
    ------
    InputError
        As for :func:`read`, but images are accepted.

    Warns
    -----
    MapWarning
        If the header has errors, as :func:`read` does.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "phantom.mrc"
    ...     botalign.phantom(24, voxel_size_angstrom=4.0).write(path)
    ...     stored = botalign.read_stored(path)
    >>> stored
    <StoredValues phantom.mrc: map of shape (24, 24, 24), float32>
    """
    with open_map_file(path, expected=None) as (stream, header, size):
        kept = np.dtype(np.float32) if header.dtype.kind == "f" else header.dtype.newbyteorder("=")
        values, remarks = read_sections(stream, header, size, dtype=kept)
    if values.dtype.kind == "f":
        refuse_infinite(values, header.name, one="value", kind="values")
    warn_of_remarks(header.name, remarks)
    return StoredValues(values, header)
