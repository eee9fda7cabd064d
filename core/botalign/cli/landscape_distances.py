"""What a landscape is learned from: distances that are given, or volumes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botalign.cli.distance_tables import UNKNOWN, read_table
from botalign.cli.messages import print_warning
from botalign.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from botalign import DensityMap
    from botalign.latent import LatentSubset


def given_distances(path: Path, subset: LatentSubset) -> NDArray[np.float64]:
    """Read distances and bring them into the order of the subset, where the names of the volumes tell.

    Raises
    ------
    InputError
        If they can't be read, or are of other volumes.
    """
    table = read_table(path)
    if table.metric != UNKNOWN and table.transforms is None:
        print_warning(
            f"{path}: these distances were not minimised over rotations, so rotations count as differences; "
            "`botalign distances --over-rotations` does that."
        )
    wanted = [volume.name for volume in subset.volumes]
    if table.metric == UNKNOWN or not wanted:
        return table.distances
    names = [Path(name).name for name in table.names]
    if sorted(names) != sorted(wanted):
        raise InputError(
            f"{path}: its {len(names)} maps ({names[0]} and so on) are not the {len(wanted)} volumes in {subset.name}; "
            "give the distances of these."
        )
    order = [names.index(name) for name in wanted]
    return table.distances[order][:, order]


def found_volumes(
    subset: LatentSubset, volumes: Path | None, voxel_size_angstrom: float | None
) -> Sequence[DensityMap | Path]:
    """Return the volumes of the subset.

    Raises
    ------
    InputError
        If there are none, or another number than there are latents, or a voxel size is given for maps that have one.
    """
    from botalign.latent import find_volumes

    if volumes is None and not subset.volumes:
        raise InputError(
            f"{subset.name}: no volumes vol_*.mrc there; give a folder of them by --volumes, or their distances by "
            "--distances."
        )
    if voxel_size_angstrom is not None and (volumes is None or volumes.suffix.lower() != ".npy"):
        raise InputError(
            "--voxel-size: is for volumes in an NPY, maps have theirs; leave it out, or give --volumes V.npy."
        )
    size = 1.0 if voxel_size_angstrom is None else voxel_size_angstrom
    found = [*subset.volumes] if volumes is None else find_volumes(volumes, voxel_size_angstrom=size)
    if len(found) != len(subset.latents):
        raise InputError(
            f"{volumes}: {len(found)} volumes, but {len(subset.latents)} latents in {subset.name}; expected one for "
            "each."
        )
    return found
