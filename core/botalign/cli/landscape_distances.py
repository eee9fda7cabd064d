"""Input of a landscape: distances, or the volumes whose distances are computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from botalign import DensityMap
from botalign.arrays import Matrix
from botalign.cli.distance_tables import UNKNOWN, read_table
from botalign.cli.messages import print_warning
from botalign.errors import InputError
from botalign.latent import LatentSubset
from botalign.maps import find_volumes


def read_given_distances(path: Path, subset: LatentSubset) -> Matrix:
    """Read distances, in the order of the subset if the names of the volumes are known.

    Raises
    ------
    InputError
        If they cannot be read, or are those of other volumes.
    """
    table = read_table(path)
    if table.metric != UNKNOWN and table.transforms is None:
        print_warning(
            f"{path}: these distances were not minimised over rotations, so they include rotations; compute them by "
            "`botalign distances --over-rotations`."
        )
    wanted = [volume.name for volume in subset.volumes]
    if table.metric == UNKNOWN or not wanted:
        return table.distances
    names = [Path(name).name for name in table.names]
    if sorted(names) != sorted(wanted):
        raise InputError(
            f"{path}: its {len(names)} maps ({names[0]}, ...) are not the {len(wanted)} volumes in {subset.name}; give "
            "the distances between these volumes."
        )
    order = [names.index(name) for name in wanted]
    return table.distances[order][:, order]


def volumes_of(
    subset: LatentSubset, volumes: Path | None, voxel_size_angstrom: float | None
) -> Sequence[DensityMap | Path]:
    """Return the volumes of the subset.

    Raises
    ------
    InputError
        If there are none, their number is not that of the latents, or a voxel size is given for map files.
    """
    if volumes is None and not subset.volumes:
        raise InputError(
            f"{subset.name}: no volumes vol_*.mrc; give a folder with --volumes, or distances with --distances."
        )
    if voxel_size_angstrom is not None and (volumes is None or volumes.suffix.lower() != ".npy"):
        raise InputError("--voxel-size is for volumes in an .npy file; omit it, or give --volumes V.npy.")
    size = 1.0 if voxel_size_angstrom is None else voxel_size_angstrom
    found = [*subset.volumes] if volumes is None else find_volumes(volumes, voxel_size_angstrom=size)
    if len(found) != len(subset.latents):
        raise InputError(
            f"{volumes}: got {len(found)} volumes for {len(subset.latents)} latents in {subset.name}, expected one for "
            "each."
        )
    return found
