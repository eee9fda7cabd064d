"""Read stacks of images in MRC format."""

from __future__ import annotations

import os

from botalign.errors import InputError
from botalign.images.stack import ImageStack
from botalign.maps.reading import open_map_file, read_sections, warn_of_remarks


def read_stack(path: str | os.PathLike[str]) -> ImageStack:
    """Read a stack of images, or a single one, of MRC format; compression and modes as for :func:`read`.

    Parameters
    ----------
    path : path-like
        The file. That it holds images is known by its name, ``.mrcs``, or by its header; see :func:`holds_images`.

    Returns
    -------
    ImageStack
        Images as float32, axes image, y, x.

    Raises
    ------
    InputError
        If the file is missing, can't be read, is damaged, or holds a map.

    Warns
    -----
    MapWarning
        As :func:`read` does.
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
    """Whether a file holds images, one or a stack, and no map, as far as its name and its header tell.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    bool

    Raises
    ------
    InputError
        If the file is missing, can't be read, or is neither.
    """
    with open_map_file(path, images_too=True) as (_, header, _):
        return header.images
