"""ChimeraX's maps as those of ``botalign``, and the coordinates of both.

A result is a transform between the local coordinates of two models, which do not depend on their positions in the
scene. The grids of ``botalign`` are parallel to the axes of the coordinates. The grid of a ChimeraX map may be rotated
against its local axes (``data.rotation``), so there are grid coordinates too. :func:`axes` takes them to local ones;
for nearly every map it is the identity.
"""

from chimerax.geometry import Place, rotation, translation

import botalign

from .syntax import label, usage_error

#: Cell angles this close to 90 degrees are right angles that were written with few digits.
TOLERANCE_DEGREES = 0.01
#: A larger change of volume is not due to few digits.
LARGEST_SCALING = 0.02
#: A resolution in voxels that is usual for a map.
USUAL_VOXELS = 3


def axes(model):
    """Return the rotation that takes the grid coordinates of a map to its local ones; for atoms these are the same."""
    data = getattr(model, "data", None)
    return Place() if data is None else Place(axes=tuple(zip(*data.rotation, strict=True)))


def check_cell(volume):
    """Refuse a map with a skewed cell.

    Raises
    ------
    UserError
        If the angles of the cell are not right angles.
    """
    if _is_skewed(volume):
        angles = ", ".join(f"{angle:g}" for angle in volume.data.cell_angles)
        others = [m for m in volume.session.models.list(type=type(volume)) if not _is_skewed(m)]
        grid = f"#{others[0].id_string}" if others else "#9, a map that has them"
        raise usage_error(
            f"{label(volume)} has a skewed cell (angles {angles}), expected right angles; resample it first, onto the "
            "grid of a map that has them",
            f"volume resample #{volume.id_string} onGrid {grid}",
        )


def _is_skewed(volume):
    return any(abs(angle - 90) > TOLERANCE_DEGREES for angle in volume.data.cell_angles)


def density_map(volume):
    """Return the whole map, whatever region and step are displayed.

    Raises
    ------
    UserError
        If the cell is skewed.
    botalign.InputError
        If it has values that cannot be aligned.
    """
    check_cell(volume)
    matrix = volume.full_matrix()
    origin = axes(volume).inverse() * volume.data.origin
    return botalign.DensityMap(matrix, botalign.Grid(matrix.shape, volume.data.step, origin), name=label(volume))


def usual_resolution(volume):
    """Return a resolution in angstrom that is usual for a map of this voxel size."""
    return USUAL_VOXELS * max(volume.data.step)


def to_local(transform, fixed, moving):
    """Return a transform between the grid coordinates of two models, 3x4, as one between local ones, a Place."""
    return axes(fixed) * Place(transform) * axes(moving).inverse()


def from_local(transform, fixed, moving):
    """Return a transform between the local coordinates of two models, a Place, as one between grid ones, 3x4.

    Raises
    ------
    UserError
        If one of the two models is scaled in the scene.
    """
    if abs(transform.determinant() - 1) > LARGEST_SCALING:
        raise usage_error(
            f"{label(moving)} is scaled relative to {label(fixed)} in the scene, expected a rotation and a shift"
        )
    # A position that was typed with few digits is not exactly a rotation and a shift.
    transform = translation(transform.translation()) * rotation(*transform.rotation_axis_and_angle())
    return (axes(fixed).inverse() * transform * axes(moving)).matrix


def current_transform(fixed, moving):
    """Return the transform between the grid coordinates of two models at their positions in the scene, 3x4.

    Raises
    ------
    UserError
        If one of the two models is scaled in the scene.
    """
    return from_local(fixed.scene_position.inverse() * moving.scene_position, fixed, moving)


def mask_on(volume, mask):
    """Return a mask, at its position in the scene, on the grid of a map at its own.

    Raises
    ------
    UserError
        If a cell is skewed, or one of the two models is scaled in the scene.
    botalign.InputError
        If it has values that cannot be used.
    """
    return botalign.resample(density_map(mask), current_transform(volume, mask), density_map(volume).grid)


def grid_state(volume):
    """Return what defines the local coordinates of a map: after a change, an earlier transform is meaningless."""
    data = volume.data
    return tuple(data.size), tuple(data.origin), tuple(data.step), tuple(data.cell_angles), data.rotation


def displayed_part(volume):
    """Return which part of a map is displayed, as text; None if it is all of it."""
    low, high, step = (tuple(map(int, part)) for part in volume.region)
    parts = []
    if low != (0, 0, 0) or high != tuple(n - 1 for n in volume.data.size):
        parts.append("a region")
    if step != (1, 1, 1):
        parts.append("step " + (f"{step[0]}" if len(set(step)) == 1 else ",".join(map(str, step))))
    return ", ".join(parts) or None


def mirror(volume):
    """Return the reflection of ``volume flip`` in the local coordinates of a map: a Place, its own inverse."""
    grid = volume.data.ijk_to_xyz_transform
    flip = Place(axes=((1, 0, 0), (0, 1, 0), (0, 0, -1)), origin=(0, 0, volume.data.size[2] - 1))
    return grid * flip * grid.inverse()
