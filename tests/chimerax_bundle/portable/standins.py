"""Stand-ins for the parts of ChimeraX that the portable tests need: places, models, undo."""

from __future__ import annotations

from typing import Any

import numpy as np

from botalign.geometry import axis_angle, matrix_from_rotation_vector


class UserError(Exception):
    """Stands for ``chimerax.core.errors.UserError``."""


class UndoAction:
    """Stands for ``chimerax.core.undo.UndoAction``."""

    def __init__(self, name: str, can_redo: bool = True) -> None:
        self.name, self.can_redo = name, can_redo


class Place:
    """Stands for ``chimerax.geometry.Place``: a 3x4 matrix."""

    def __init__(self, matrix: Any = None, axes: Any = None, origin: Any = None) -> None:
        self.matrix = np.eye(3, 4) if matrix is None else np.array(matrix, dtype=float)
        if axes is not None:
            self.matrix[:, :3] = np.transpose(axes)
        if origin is not None:
            self.matrix[:, 3] = origin

    def __mul__(self, other: Any) -> Any:
        linear, shift = self.matrix[:, :3], self.matrix[:, 3]
        if isinstance(other, Place):
            return Place(np.column_stack([linear @ other.matrix[:, :3], linear @ other.matrix[:, 3] + shift]))
        return linear @ np.asarray(other, dtype=float) + shift

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and bool((self.matrix == other.matrix).all())

    __hash__ = None  # type: ignore[assignment]

    def inverse(self) -> Place:
        back = np.linalg.inv(self.matrix[:, :3])
        return Place(np.column_stack([back, -back @ self.matrix[:, 3]]))

    def same(self, other: Place, angle_degrees: float, shift: float) -> bool:
        difference = np.abs(self.matrix - other.matrix)
        return bool((difference[:, 3] <= shift).all() and (difference[:, :3] <= np.radians(angle_degrees)).all())

    def determinant(self) -> float:
        return float(np.linalg.det(self.matrix[:, :3]))

    def translation(self) -> Any:
        return self.matrix[:, 3]

    def rotation_axis_and_angle(self) -> Any:
        return axis_angle(self.matrix[:, :3])

    def description(self) -> str:
        return "  Matrix rotation and translation\n"


def translation(shift: Any) -> Place:
    return Place(origin=shift)


def rotation(axis: Any, angle_degrees: float) -> Place:
    vector = np.radians(angle_degrees) * np.asarray(axis)
    return Place(axes=matrix_from_rotation_vector(vector).T)


class Model:
    """Stands for a model, with its positions in its parent and in the scene."""

    def __init__(self, name: str, number: tuple[int, ...] = (), parent: Model | None = None) -> None:
        self.name, self.id, self.parent = name, number, parent
        self.id_string = ".".join(map(str, number))
        self.atomspec = f"#{self.id_string}"
        self.positions = Place()
        self.deleted = False
        self.display = True
        self.children: list[Model] = []
        if parent is not None:
            parent.children.append(self)

    @property
    def scene_position(self) -> Place:
        return self.positions if self.parent is None else self.parent.scene_position * self.positions

    @scene_position.setter
    def scene_position(self, place: Place) -> None:
        self.positions = place if self.parent is None else self.parent.scene_position.inverse() * place

    def all_models(self) -> list[Model]:
        return [self, *(m for child in self.children for m in child.all_models())]


class Volume(Model):
    """Stands for ``chimerax.map.Volume``."""

    data: Any = None
    region: Any = None


class Data:
    """Stands for ``chimerax.map_data.GridData``."""

    def __init__(self, size: Any, step: float = 1.0, origin: Any = (0, 0, 0), rotation_matrix: Any = None) -> None:
        self.size, self.step, self.origin = size, (step, step, step), tuple(origin)
        self.cell_angles = (90, 90, 90)
        self.rotation = tuple(map(tuple, np.eye(3) if rotation_matrix is None else rotation_matrix))
        self.ijk_to_xyz_transform = Place(np.column_stack([np.array(self.rotation) * step, self.origin]))


class Structure(Model):
    """Stands for ``chimerax.atomic.Structure``, with one atom."""

    num_atoms = 1


class Atoms(list[Any]):
    """Stands for ``chimerax.atomic.Atoms``: the structures that the atoms are in."""

    @property
    def unique_structures(self) -> list[Any]:
        return list(self)

    @property
    def by_structure(self) -> list[tuple[Any, Atoms]]:
        return [(structure, Atoms([structure])) for structure in self]


def concatenate(collections: list[Atoms]) -> Atoms:
    return Atoms(structure for atoms in collections for structure in atoms)


class Objects:
    """Stands for ``chimerax.core.objects.Objects``."""

    def __init__(self, models: list[Any], spec: str = "") -> None:
        self.models, self.spec = models, spec
        self.atoms = Atoms(model for model in models if isinstance(model, Structure))
