"""The distances that a landscape is learned from: read, or computed from the volumes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botalign.cli.distance_tables import UNKNOWN, read_table
from botalign.cli.interruption import Interrupted
from botalign.cli.messages import print_warning
from botalign.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from botalign import DensityMap, DistanceTable, LatentSubset

NAME = "distances.zarr"
_STAGES = {"read": "reading volumes", "landmarks": "landmark pairs", "pairs": "all pairs"}


def given_distances(path: Path, subset: LatentSubset) -> NDArray[np.float64]:
    """Read distances and bring them into the order of the subset, where the names of the volumes tell.

    Raises
    ------
    InputError
        If they can't be read, or are of other volumes.
    """
    table = read_table(path)
    if table.metric != UNKNOWN and table.motions is None:
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
        If there are none, or another number than there are latents.
    """
    from botalign.conformations import find_volumes

    if volumes is None and not subset.volumes:
        raise InputError(
            f"{subset.name}: no volumes vol_*.mrc there; give a folder of them by --volumes, or their distances by "
            "--distances."
        )
    found = (
        [*subset.volumes] if volumes is None else find_volumes(volumes, voxel_size_angstrom=voxel_size_angstrom or 1)
    )
    if len(found) != len(subset.latents):
        raise InputError(
            f"{volumes}: {len(found)} volumes, but {len(subset.latents)} latents in {subset.name}; expected one for "
            "each."
        )
    return found


def computed_distances(
    maps: Sequence[DensityMap | Path],
    folder: Path,
    *,
    metric: str,
    threads: int,
    seed: int,
    overwrite: bool,
    quiet: bool,
) -> DistanceTable:
    """Compute the distances, minimised over rotations, and write them into a folder, which is made if it is missing.

    Raises
    ------
    InputError
        If the maps can't be compared, or the distances not written.
    Interrupted
        After Ctrl-C. The same command goes on from there.
    """
    import botalign
    from botalign.cli.long_work import finished
    from botalign.conformations.store import check_store

    target = folder / NAME
    partial = folder / f"{NAME}.partial"
    made = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        check_store(target, overwrite=overwrite)
        for each in maps:
            if isinstance(each, Path):
                botalign.read_header(each)
        steps = botalign.distance_steps(
            maps, metric=metric, over_rotations=True, threads=threads, seed=seed, work=partial
        )
        table = finished(steps, _STAGES, quiet=quiet)
        botalign.write_distances(table, target, overwrite=overwrite)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; what is done is kept in {partial}, give the same command again to go on."
        ) from None
    except InputError:
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(partial, ignore_errors=True)
    return table
