"""What is aligned: a map, or atoms by means of their simulated map."""

from chimerax.geometry import Place

from .syntax import label


class MapMover:
    """A map that is aligned itself.

    Attributes
    ----------
    model : Volume
        Model that is moved.
    """

    is_map = True

    def __init__(self, volume):
        self.model = volume

    def volume(self):
        """Return the map that is aligned, at its position in the scene."""
        return self.model

    def frame(self):
        """Return the scene position of the coordinates of that map."""
        return self.model.scene_position

    def model_position(self, frame):
        """Return the scene position that the model needs so that these coordinates are at `frame`."""
        return frame

    def close(self):
        """Free what was created for the alignment."""


class AtomsMover:
    """Atoms that are aligned by their map, which is simulated as ``molmap`` does and never opened.

    Parameters
    ----------
    model : Model
        Model that is moved: a structure, or a group of structures.
    atoms : Atoms
        Atoms that are simulated, all inside `model`.
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
        """Return the simulated map, at its position in the scene."""
        if self._volume is None:
            from chimerax.map.molmap import molmap

            structures = self._atoms.unique_structures
            volume = molmap(
                self.model.session, self._atoms, self._resolution, open_model=False, show_dialog=False, replace=False
            )
            volume.name = label(self.model)
            # molmap uses the coordinates of one structure as they are, and scene coordinates of several.
            frame = structures[0].scene_position if len(structures) == 1 else volume.position
            self._offset = self.model.scene_position.inverse() * frame
            self._volume = volume
        self._volume.position = self.frame()
        return self._volume

    def frame(self):
        """Return the scene position of the coordinates of that map."""
        return self.model.scene_position * self._offset

    def model_position(self, frame):
        """Return the scene position that the model needs so that these coordinates are at `frame`."""
        return frame * self._offset.inverse()

    def close(self):
        """Free the simulated map."""
        if self._volume is not None:
            self._volume.delete()
            self._volume = None
