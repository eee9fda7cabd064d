"""Reading of stacks of images in MRC format."""

from __future__ import annotations

import os

from botalign.errors import InputError
from botalign.images.stack import ImageStack
from botalign.maps.reading import open_map_file, read_sections, warn_of_remarks


def read_stack(path: str | os.PathLike[str]) -> ImageStack:
    """Read a stack of images, or a single image, in MRC format.

    Modes, byte orders and compression are those of :func:`read`.

    Parameters
    ----------
    path : path-like
        File to read. Its extension ``.mrcs`` or its header must identify it as images; see :func:`holds_images`.

    Returns
    -------
    ImageStack
        The images, with axes image, y, x, float32 values, and the name of the file.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, is damaged, or holds a map.

    Warns
    -----
    MapWarning
        If the header has errors, as :func:`read` does.

    See Also
    --------
    read_images : Also reads the images listed in a star file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "particles.mrcs"
    ...     botalign.ImageStack(np.zeros((10, 32, 32)), (1.5, 1.5)).write(path)
    ...     stack = botalign.read_stack(path)
    >>> stack
    <ImageStack particles.mrcs: 10 images of 32 x 32 pixels of 1.5 A>
    """
    with open_map_file(path, images_too=True) as (stream, header, size):
        if not header.images:
            raise InputError(f"{header.name}: is a map, expected images; if it is a stack, rename it to .mrcs.")
        data, remarks = read_sections(stream, header, size)
    x, y, _ = header.grid.voxel_size_angstrom
    result = ImageStack(data, (x, y), name=header.name)
    warn_of_remarks(header.name, remarks)
    return result


def holds_images(path: str | os.PathLike[str]) -> bool:
    """Return whether a file holds an image or a stack of images, according to its extension and header.

    Parameters
    ----------
    path : path-like
        File in MRC format.

    Returns
    -------
    bool
        True for images, False for a map.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, or holds neither images nor a map.

    Notes
    -----
    Maps and stacks have the same format. A stack without the extension ``.mrcs`` whose header does not identify it as a
    stack (space group 0, one section per cell) is taken for a map.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "phantom.mrc"
    ...     botalign.phantom(24).write(path)
    ...     botalign.holds_images(path)
    False
    """
    with open_map_file(path, images_too=True) as (_, header, _):
        return header.images
