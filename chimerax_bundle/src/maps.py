"""ChimeraX's maps as BOTalign's, and back: which coordinates are whose.

The coordinates of a result are those local to the two models, before their positions in the scene. BOTalign's grids are
parallel to their axes. A ChimeraX map may be turned against its own local axes (``data.rotation``), so there is a third
system, of the grid; :func:`axes` leads from it to the local one, and is the identity for nearly every map.
"""

from chimerax.geometry import Place, rotation, translation

import botalign

from .syntax import named, wrong

#: Cell angles this close to 90 degrees are right angles written with few digits.
TOLERANCE_DEGREES = 0.01
#: A change of volume beyond this is no matter of digits.
LARGEST_SCALING = 0.02


def axes(volume):
    """Return the rotation that takes coordinates along a map's grid to the local ones of its model."""
    return Place(axes=tuple(zip(*volume.data.rotation, strict=True)))


def check_cell(volume):
    """Refuse a map with a skewed cell.

    Raises
    ------
    UserError
        If the cell's angles are not right angles.
    """
    if any(abs(angle - 90) > TOLERANCE_DEGREES for angle in volume.data.cell_angles):
        angles = ", ".join(f"{angle:g}" for angle in volume.data.cell_angles)
        raise wrong(
            f"{named(volume)} has a skewed cell (angles {angles}), expected right angles; resample it first, on the "
            "grid of a map that has them",
            f"volume resample #{volume.id_string} onGrid #1",
        )


def density_map(volume):
    """Return all of a map, whatever region and step of it are shown.

    Raises
    ------
    UserError
        If the cell is skewed.
    botalign.InputError
        If it holds values that can't be aligned.
    """
    check_cell(volume)
    matrix = volume.full_matrix()
    origin = axes(volume).inverse() * volume.data.origin
    return botalign.DensityMap(matrix, botalign.Grid(matrix.shape, volume.data.step, origin), name=named(volume))


def to_local(motion, fixed, moving):
    """Return a motion between two maps' grids, 3x4, as one between their local coordinates, a Place."""
    return axes(fixed) * Place(motion) * axes(moving).inverse()


def from_local(motion, fixed, moving):
    """Return a motion between two maps' local coordinates, a Place, as one between their grids, 3x4.

    Raises
    ------
    UserError
        If one of the two models is scaled in the scene.
    """
    if abs(motion.determinant() - 1) > LARGEST_SCALING:
        raise wrong(f"{named(moving)} is scaled against {named(fixed)} in the scene, expected a rigid position")
    # A position that was typed with few digits is not quite a rotation and a shift.
    motion = translation(motion.translation()) * rotation(*motion.rotation_axis_and_angle())
    return (axes(fixed).inverse() * motion * axes(moving)).matrix


def mask_on(volume, frame, mask):
    """Return a mask, where it lies in the scene, on the grid of a map that lies at `frame`.

    Raises
    ------
    UserError
        If a cell is skewed, or one of the two models is scaled in the scene.
    botalign.InputError
        If it holds values that can't be used.
    """
    motion = from_local(frame.inverse() * mask.scene_position, volume, mask)
    return botalign.resample(density_map(mask), motion, density_map(volume).grid)


def grid_state(volume):
    """Return what fixes a map's local coordinates: if it changed, a motion found before means nothing."""
    data = volume.data
    return tuple(data.size), tuple(data.origin), tuple(data.step), tuple(data.cell_angles), data.rotation


def cropped(volume):
    """Return how much of a map is shown, if that is not all of it, else None."""
    low, high, step = (tuple(map(int, part)) for part in volume.region)
    parts = []
    if low != (0, 0, 0) or high != tuple(n - 1 for n in volume.data.size):
        parts.append("a region of it")
    if step != (1, 1, 1):
        parts.append("step " + (f"{step[0]}" if len(set(step)) == 1 else ",".join(map(str, step))))
    return ", ".join(parts) or None


def mirror(volume):
    """Return the mirror that ``volume flip`` does, in the map's local coordinates: a Place, its own inverse."""
    grid = volume.data.ijk_to_xyz_transform
    flip = Place(axes=((1, 0, 0), (0, 1, 0), (0, 0, -1)), origin=(0, 0, volume.data.size[2] - 1))
    return grid * flip * grid.inverse()
