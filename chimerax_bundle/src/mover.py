"""What is aligned: a map as it is, or the atoms of a model by way of their simulated map."""

from chimerax.geometry import Place

from .syntax import named


class MapMover:
    """A map that is aligned itself.

    Attributes
    ----------
    model : Volume
        The model that is placed.
    """

    is_map = True

    def __init__(self, volume):
        self.model = volume

    def volume(self):
        """Return the map whose densities are aligned, at its place in the scene."""
        return self.model

    def frame(self):
        """Return where in the scene the local coordinates of that map lie."""
        return self.model.scene_position

    def placed(self, frame):
        """Return where the model must lie for them to lie elsewhere."""
        return frame

    def close(self):
        """Free what was made for the alignment alone."""


class AtomsMover:
    """Atoms that are aligned by their map, simulated as ``molmap`` does, which is never opened.

    Parameters
    ----------
    model : Model
        The model that is placed: a structure, or a group of them.
    atoms : Atoms
        The atoms that are simulated, all within `model`.
    resolution : float
        Resolution of the map in angstrom.
    """

    is_map = False

    def __init__(self, model, atoms, resolution):
        self.model = model
        self._atoms = atoms
        self._resolution = resolution
        self._volume = None
        self._offset = Place()

    def volume(self):
        """Return the simulated map, at its place in the scene."""
        if self._volume is None:
            from chimerax.map.molmap import molmap

            structures = self._atoms.unique_structures
            volume = molmap(
                self.model.session, self._atoms, self._resolution, open_model=False, show_dialog=False, replace=False
            )
            volume.name = named(self.model)
            # molmap takes the coordinates of one structure as they are, and those of several from the scene.
            frame = structures[0].scene_position if len(structures) == 1 else volume.position
            self._offset = self.model.scene_position.inverse() * frame
            self._volume = volume
        self._volume.position = self.frame()
        return self._volume

    def frame(self):
        """Return where in the scene the local coordinates of that map lie."""
        return self.model.scene_position * self._offset

    def placed(self, frame):
        """Return where the model must lie for them to lie elsewhere."""
        return frame * self._offset.inverse()

    def close(self):
        """Free the simulated map."""
        if self._volume is not None:
            self._volume.delete()
            self._volume = None
