"""Tools of the scenarios: open phantoms in known poses, run commands, check positions of models."""

import json
import os
import threading
import time
from pathlib import Path

import numpy as np

SIZE, VOXEL = 48, 3.0
#: Allowed error in degrees and voxels.
DEGREES, VOXELS = 0.3, 0.15


class Skip(Exception):  # noqa: N818 (not an error)
    """Reason why a scenario cannot be run here."""


class Helper:
    """Session of one scenario, empty at first.

    Attributes
    ----------
    session : Session
        Session of ChimeraX.
    facts : dict
        Facts to report, by name.
    """

    def __init__(self, session, folder):
        from chimerax.core.logger import StringPlainTextLog

        self.session = session
        self.folder = Path(folder)
        self.facts = {}
        self._log = StringPlainTextLog(session.logger)
        self._log.excludes_other_logs = False  # ChimeraX's log continues
        session.logger.add_log(self._log)
        self._number = 0
        self.run("close session")

    def close(self):
        """Close the session."""
        for name in ("error", "status"):
            vars(self.session.logger).pop(name, None)  # what a scenario put there
        self.run("close session")
        self.session.logger.remove_log(self._log)

    def run(self, command):
        """Run a command and return its value."""
        from chimerax.core.commands import run

        return run(self.session, command)

    def log_so_far(self):
        """Return the text of the log."""
        return self._log.getvalue()

    def refused(self, command):
        """Run a command that must be refused; return its error, which must be one line that shows the syntax."""
        from chimerax.core.errors import UserError

        try:
            self.run(command)
        except UserError as error:
            text = str(error)
        else:
            raise AssertionError(f"not refused: {command}")
        assert "\n" not in text.strip(), text
        assert "botalign" in text or "volume resample" in text, text
        assert "`botalign" not in text, f"it names a command of the command line: {text}"
        return text

    # Models

    def path(self, suffix):
        """Return the name of a new file."""
        self._number += 1
        return self.folder / f"{len(list(self.folder.iterdir()))}_{self._number}{suffix}"

    def open(self, density_map):
        """Open a map of botalign as the next model."""
        path = self.path(".mrc")
        density_map.write(path)
        return self.run(f"open {path}")[0]

    def phantom(self, transform=None, **options):
        """Open the phantom, moved within its map; see botalign.phantom."""
        import botalign

        options.setdefault("size", SIZE)
        options.setdefault("voxel_size_angstrom", VOXEL)
        return self.open(botalign.phantom(transform=transform, **options))

    def blobs(self):
        """Open a map that has nothing in common with the phantom."""
        import botalign

        grid = botalign.phantom(SIZE, voxel_size_angstrom=VOXEL).grid
        rng = np.random.default_rng(2)
        data = np.zeros(grid.shape, dtype=np.float32)
        z, y, x = np.indices(data.shape)
        for centre in 23.5 + 5.5 * rng.normal(size=(40, 3)):
            data += np.exp(-((z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2) / 6)
        return self.open(botalign.DensityMap(data, grid))

    def phantom_model(self):
        """Open the phantom's residues as an atomic model."""
        from botalign.simulation.phantoms import phantom_atoms

        lines = [
            f"ATOM  {i % 100000:5d}  CA  GLY A{i % 10000:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00           C"
            for i, (x, y, z) in enumerate(phantom_atoms(), start=1)
        ]
        path = self.path(".pdb")
        path.write_text("\n".join([*lines, "END", ""]))
        return self.run(f"open {path} autoStyle false")[0]

    def data(self, name):
        """Return the path of a real map or structure, or skip."""
        path = Path(os.environ["BOTALIGN_DATA"]) / name
        if not path.exists():
            raise Skip(f"no {path} (BOTALIGN_DATA names another folder)")
        return path

    # Poses

    def scatter(self, *models, seed=0):
        """Move models to random positions in the scene."""
        for number, model in enumerate(models):
            model.scene_position = place(transform(100 + 10 * seed + number, reach=150.0))

    def misfit(self, moving, fixed, made_by=None):
        """Return the error of a map's position relative to the reference, in degrees and voxels.

        The moving map has the molecule of the reference after the transform `made_by`, in local coordinates.
        """
        left = fixed.scene_position.inverse() * moving.scene_position
        if made_by is not None:
            left = left * place(made_by)
        shift, angle = left.shift_and_angle((0, 0, 0))
        return angle, shift / VOXEL

    def assert_in_place(self, moving, fixed, made_by=None, degrees=DEGREES, voxels=VOXELS):
        """Check the position of a map after an alignment."""
        angle, shift = self.misfit(moving, fixed, made_by)
        self.facts.setdefault("off by", f"{angle:.3f} degrees, {shift:.3f} voxels")
        assert angle < degrees, f"off by {angle} degrees"
        assert shift < voxels, f"off by {shift} voxels"

    # Time

    def meanwhile(self, action, after=0.2):
        """Call a function on the main thread while the next alignment runs, which blocks."""
        from chimerax.core.tasks import ADD_TASK
        from chimerax.core.triggerset import DEREGISTER

        def begun(_, task):
            def wait():
                while task.fraction < after and not task.ended:
                    time.sleep(0.005)
                task._post(lambda: action(task))

            threading.Thread(target=wait, daemon=True).start()
            return DEREGISTER

        self.session.triggers.add_handler(ADD_TASK, begun)


def transform(seed, *, mirror=False, reach=7.0):
    """Return a random rigid transform, 3x4."""
    from botalign.geometry import random_rotations

    rng = np.random.default_rng((11, seed))
    flip = np.diag([1.0, 1.0, -1.0 if mirror else 1.0])
    return np.column_stack([random_rotations(1, rng)[0] @ flip, rng.uniform(-reach, reach, 3)])


def place(matrix):
    """Return a ChimeraX place."""
    from chimerax.geometry import Place

    return Place(np.asarray(matrix, dtype=float))


def same(first, second, degrees=1e-3, shift=1e-3):
    """Whether two places are the same except for rounding."""
    return first.same(second, degrees, shift)


def read(path):
    """Read a result file."""
    return json.loads(Path(path).read_text())


def half_of(volume):
    """Return a mask: one half of a map's box, with a soft edge."""
    import botalign

    density = botalign.read(volume.path)
    x = np.broadcast_to(density.grid.axis_angstrom(2) - density.grid.centre_angstrom[0], density.data.shape)
    return density.with_data(np.clip((x + 4) / 8, 0, 1).astype(np.float32))


def part_of(volume, made_by):
    """Return the half of a map inside such a mask, moved."""
    import botalign

    density = botalign.read(volume.path)
    return botalign.resample(density.with_data(density.data * half_of(volume).data), made_by, density.grid)
