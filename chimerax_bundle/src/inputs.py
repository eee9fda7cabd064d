"""What is aligned: a map, or atoms by their simulated map."""

import botalign

from .maps import density_map, grid_state
from .syntax import counted, label


class MapInput:
    """A map that is aligned itself.

    Attributes
    ----------
    model : Volume
        The map, which is moved.
    name, described, spec : str
        Its name, without and with what it is, for messages, and its specification for commands.
    """

    is_map = True
    resolution = None
    moves_atoms = False
    is_whole = True

    def __init__(self, volume):
        self.model = volume
        self.name, self.spec = label(volume), f"#{volume.id_string}"
        self.described = f"map {self.name}"

    def given(self):
        """Return the map for ``botalign``."""
        return density_map(self.model)

    def density(self):
        """Return the map that is compared."""
        return self.given()

    def volume(self):
        """Return the map at its position in the scene."""
        return self.model

    def state(self):
        """Return what defines the local coordinates: after a change, an earlier result is meaningless."""
        return grid_state(self.model)

    def close(self):
        """Free what was created for the alignment."""


class AtomsInput:
    """Atoms that are aligned by their simulated map, which is never opened.

    Parameters
    ----------
    model : Model
        Model that is moved: a structure, or a group of structures. Coordinates are relative to it.
    atoms : Atoms
        Atoms that are simulated, all inside `model`.
    resolution : float
        Resolution of the map in angstrom.
    moves_atoms : bool
        Whether only these atoms are moved, within their model.

    Attributes
    ----------
    name, described, spec : str
        Name, without and with what it is, for messages, and specification for commands.
    is_whole : bool
        Whether these are all atoms of the model.
    """

    is_map = False

    def __init__(self, model, atoms, resolution, moves_atoms=False):
        self.model = model
        self.resolution = resolution
        self.atoms = atoms
        self.moves_atoms = moves_atoms
        self._volume = None
        self.spec = f"#{model.id_string}"
        self.name = label(model)
        part = _part(model, atoms)
        self.is_whole = not part
        if part.startswith("/"):
            self.spec += part
            self.name = f"{model.name} ({self.spec})"
        self.described = f"model {self.name}"
        if part and not part.startswith("/"):
            self.name = self.described = f"{part} of {self.name}"

    def given(self):
        """Return the atoms for ``botalign``, each with the mass that ``molmap`` gives it, whatever its occupancy."""
        return self.model_at(self.model.scene_position.inverse() * self.scene_points())

    def model_at(self, points):
        """Return the atoms for ``botalign`` with other coordinates."""
        names, numbers = _chains(self.atoms)
        return botalign.Model(points, self.atoms.element_numbers, names, self.name, atom_chains=numbers)

    def density(self):
        """Return the map that is compared: the simulated one."""
        return botalign.simulate(self.given(), self.resolution)

    def scene_points(self):
        """Return the positions of the atoms in the scene."""
        return self.atoms.scene_coords

    def volume(self):
        """Return the map that ``molmap`` would make, at its position in the scene, for correlations."""
        if self._volume is None:
            from chimerax.map import volume_from_grid_data
            from chimerax.map_data import ArrayGridData

            simulated = self.density()
            grid = ArrayGridData(
                simulated.data, simulated.grid.origin_angstrom, simulated.grid.voxel_size_angstrom, name=self.model.name
            )
            volume = volume_from_grid_data(grid, self.model.session, open_model=False, show_dialog=False)
            levels, colours = volume.initial_surface_levels(mfrac=(0.95, 1))  # those of molmap
            volume.set_parameters(surface_levels=levels, surface_colors=colours)
            self._volume = volume
        self._volume.position = self.model.scene_position
        return self._volume

    def state(self):
        """Return what defines the local coordinates: after a change, an earlier result is meaningless."""
        inside = [m.position for m in self.atoms.unique_structures if m is not self.model]
        return self.atoms.coords.tobytes(), inside

    def close(self):
        """Free the simulated map."""
        if self._volume is not None:
            self._volume.delete()
            self._volume = None


def _chains(atoms):
    """Return the names of the chains of atoms, and for each atom the number of its chain; -1 outside polymers."""
    structures = atoms.unique_structures
    outside = atoms.residues.polymer_types == 0
    numbers, names = outside.astype(int), []
    for structure, chain, own in atoms.by_chain:
        numbers[atoms.indices(own)] = len(names)
        names.append(chain if len(structures) == 1 else f"#{structure.id_string}/{chain}")
    numbers[outside] = -1
    return tuple(names), numbers


def _part(model, atoms):
    """Return which of the atoms of a model these are: an empty text for all, ``/A,B`` for chains, or their number."""
    from chimerax.atomic import Structure

    if len(atoms) == sum(m.num_atoms for m in model.all_models() if isinstance(m, Structure)):
        return ""
    if isinstance(model, Structure):
        chains, residues = set(atoms.residues.chain_ids), model.residues
        counts = zip(residues.chain_ids, residues.num_atoms, strict=True)
        if len(atoms) == sum(count for chain, count in counts if chain in chains) and all(map(str.strip, chains)):
            return "/" + ",".join(sorted(chains))
    return counted(len(atoms), "atom")
