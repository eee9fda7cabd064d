"""One rule for the pixel size of listed images: the list before the headers of the stacks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from botalign.arrays import Matrix
from botalign.errors import InputError, counted
from botalign.images.particles import ParticleList
from botalign.images.stored import StackFile

#: Pixel sizes within this relative difference count as the same.
_SAME_PIXEL_SIZE = 1e-3


def pixel_size(listed: ParticleList, files: Sequence[StackFile]) -> tuple[tuple[float, float], list[str]]:
    """Return the pixel sides ``(x, y)`` in angstrom of all images of a list, and remarks about contradictions.

    The list decides, even if the headers disagree. Otherwise the headers must agree. Programs that do not know the
    pixel size write 0 or 1 A into headers, so 1 A does not contradict a list.

    Raises
    ------
    InputError
        If the images have pixels of different sizes.
    """
    sizes = listed.pixel_sizes_angstrom
    if sizes is not None and not np.isnan(sizes).any():
        size = _one_size(listed.name, sizes, listed.groups)
        return (size, size), _contradictions(size, files)
    if sizes is not None and not np.isnan(sizes).all():
        missing = np.isnan(sizes)
        raise InputError(
            f"{listed.name}: has a pixel size for {counted(int((~missing).sum()), 'image')}, but none for "
            f"{missing.sum()}, the first image {int(np.argmax(missing)) + 1}; add it to the list."
        )
    known = [number for number, file in enumerate(files) if file.header.size_remark is None]
    if not known:
        return (1.0, 1.0), ["no pixel size, neither in the list nor in the stacks, assumed 1 A"]
    sides = np.array([files[number].header.grid.voxel_size_angstrom[:2] for number in known])
    if (np.ptp(sides, axis=0) > _SAME_PIXEL_SIZE * sides.max(axis=0)).any():
        other = int(np.argmax(np.abs(sides - sides[0]).max(axis=1)))
        raise InputError(
            f"{listed.name}: the list has no pixel size, and the headers of its stacks differ: {sides[0, 0]:g} A in "
            f"{files[known[0]].path}, {sides[other, 0]:g} A in {files[known[other]].path}, expected one size; classify "
            "them separately, or add the pixel size to the list."
        )
    remarks = [] if len(known) == len(files) else ["some stacks have no pixel size, assumed that of the others"]
    x, y = sides[0].tolist()
    return (x, y), remarks


def _one_size(name: str, sizes: Matrix, groups: list[str] | None) -> float:
    least, most = float(sizes.min()), float(sizes.max())
    if most - least <= _SAME_PIXEL_SIZE * most:
        return float(sizes[0])
    parts = []
    for size in np.unique(sizes):
        at = np.flatnonzero(sizes == size)
        of = "" if groups is None else f" (group {', '.join(sorted({groups[i] for i in at.tolist()}))})"
        parts.append(f"{size:g} A for {counted(len(at), 'image')}{of}")
    several = ", ".join(parts[:4]) + (f" and {len(parts) - 4} more" if len(parts) > 4 else "")
    raise InputError(
        f"{name}: pixels of {several}, expected one size; classify them separately, or rescale them to one pixel size."
    )


def _contradictions(size: float, files: Sequence[StackFile]) -> list[str]:
    others = [
        (file.path, x)
        for file in files
        for x in file.header.grid.voxel_size_angstrom[:1]
        if file.header.size_remark is None and x != 1 and abs(x - size) > _SAME_PIXEL_SIZE * size
    ]
    if not others:
        return []
    path, x = others[0]
    has = f"the header of {path} has" if len(others) == 1 else f"the headers of {len(others)} stacks have"
    first = "" if len(others) == 1 else f" (first {path})"
    return [f"pixels of {size:g} A according to the list, but {has} {x:g} A{first}; the list was used"]
