"""Make the pictures of ChimeraX's panel: ``BOTALIGN_DATA=... "$CHIMERAX" --script docs/images/make_chimerax.py``.

The bundle must be installed. ``chimerax_panel.png`` shows a window before, during and after an alignment of two maps,
``chimerax_fits.png`` the fits of a structure in a map, ``chimerax_assembly.png`` parts of a complex placed together.
They are written to this folder and to the bundle's help.
On a machine without a screen, run it with ``xvfb-run -a -s '-screen 0 1400x1000x24'``.
"""

import itertools
import os
import tempfile
import threading
from io import BytesIO
from pathlib import Path

from chimerax.core.commands import run
from chimerax.geometry import Place, rotation, translation
from PIL import Image
from Qt.QtCore import QBuffer, QIODevice, QTimer
from Qt.QtWidgets import QApplication

import botalign

HERE = Path(__file__).resolve().parent
HELP = HERE.parents[1] / "chimerax_bundle/src/docs/user/tools"
DATA = Path(os.environ["BOTALIGN_DATA"])
WIDTH, HEIGHT, TALL = 1100, 860, 980
STEPS = 60
GAP = 8
gate = threading.Event()
align_steps = botalign.align_steps


def held(*arguments, **options):
    """Hold an alignment after some steps, so that a picture can be taken during it."""
    steps = align_steps(*arguments, **options)
    for number in itertools.count():
        try:
            step = next(steps)
        except StopIteration as finished:
            return finished.value
        if number == STEPS:
            gate.wait()
        yield step


def shot(session):
    """Return the window as it is on the screen."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    window = session.ui.main_window
    corner = window.geometry().topLeft()
    screen = QApplication.primaryScreen()
    screen.grabWindow(0, corner.x(), corner.y(), window.width(), window.height()).save(buffer, "PNG")
    return Image.open(BytesIO(buffer.data().data())).convert("RGB")


def together(before, during, after):
    """Return the first two side by side above the third, which is large enough to read."""
    width, height = after.size
    half = (width - GAP) // 2
    small = round(half * height / width)
    picture = Image.new("RGB", (width, height + small + GAP), "white")
    for image, left in ((before, 0), (during, width - half)):
        picture.paste(image.resize((half, small), Image.Resampling.LANCZOS), (left, 0))
    picture.paste(after, (0, small + GAP))
    return picture


def write(picture, name):
    """Write a picture where the guide and the help have it."""
    for folder in (HERE, HELP):
        picture.quantize(128, dither=Image.Dither.NONE).save(folder / name, optimize=True)
    print(name, (HERE / name).stat().st_size // 1000, "kB")


def rotated_copy(path):
    """Write a rotated copy of a map, and return its path."""
    density = botalign.read(path)
    turn = rotation((1, 2, 3), 110, center=density.grid.centre_angstrom)
    moved = botalign.resample(density, (translation((12, -9, 6)) * turn).matrix, density.grid)
    copy = Path(tempfile.mkdtemp()) / f"{path.stem}_rotated.mrc"
    moved.write(copy)
    return copy


def begin(session, *commands, height=HEIGHT):
    """Open models in an empty session with the panel; return the panel."""
    from chimerax.botalign.tool import panel

    for command in ("close session", *commands, "set bgColor white", "lighting soft", "view", "log clear"):
        run(session, command)
    for command in ("hide Models", 'hide "Volume Viewer"', "show BOTalign"):
        run(session, f"ui tool {command}", log=False)
    session.ui.main_window.resize(WIDTH, height)
    return panel(session)


def maps(session):
    """Take the pictures of two maps; yield the conditions to wait for."""
    path = DATA / "maps/emd_1883.map"
    panel = begin(
        session, f"open {path}", f"open {rotated_copy(path)}", "color #1 #8fa3b8", "color #2 #e8b84a", "turn x -60"
    )
    yield panel._buttons["Align"].isEnabled
    run(session, "view", log=False)
    yield from pause(2)
    before = shot(session)
    botalign.align_steps = held
    panel.align()
    yield lambda: len(panel.result.plot._trace) >= STEPS
    yield from pause(2)
    during = shot(session)
    botalign.align_steps = align_steps
    gate.set()
    yield lambda: panel._task is None
    # Again without waiting, so that the displayed time is realistic.
    run(session, "undo")
    run(session, "log clear")
    panel.options.follow.setChecked(False)
    panel.align()
    yield lambda: panel._task is None
    yield from pause(2)
    write(together(before, during, shot(session)), "chimerax_panel.png")


def fits(session):
    """Take the picture of the fits of a structure; yield the conditions to wait for."""
    panel = begin(
        session, f"open {DATA / 'maps/emd_1080_groel_11.5A.mrc'}", f"open {DATA / 'structures/1oel_A.pdb'}",
        "volume #1 level 0.9 transparency 0.6", "color #1 #a0a8b0", "hide #2 atoms", "cartoon #2",
    )  # fmt: skip
    model = next(m for m in session.models.list() if m.id == (2,))
    model.scene_position = Place(origin=(60, -40, 30))
    yield panel._buttons["Align"].isEnabled
    panel.models.resolution.setValue(11.5)
    panel.options.follow.setChecked(False)
    panel.align()
    yield lambda: panel._task is None and panel.fits.count > 0
    panel.pages.setCurrentWidget(panel.fits.widget)
    group = panel.fits.tree.topLevelItem(0)
    group.setExpanded(True)
    yield panel.fits.buttons["Place copy"].isEnabled
    panel.fits.place_copy()
    run(session, "rainbow #2-99 structures")
    run(session, "view", log=False)
    yield from pause(3)
    write(shot(session), "chimerax_fits.png")


def assembly(session):
    """Take the picture of parts that were placed together; yield the conditions to wait for."""
    from chimerax.botalign.choosers import SEVERAL

    folder = DATA / "fits/3sfd"
    panel = begin(
        session, f"open {folder / '3sfd_15.mrc'}", *(f"open {folder / f'3sfd.{chain}.pdb'}" for chain in "ABCD"),
        "volume #1 level 250 transparency 0.6", "color #1 #a0a8b0", "hide #2-5 atoms", "cartoon #2-5",
        "rainbow #2-5 structures", height=TALL,
    )  # fmt: skip
    parts = [m for m in session.models.list() if m.id in {(number,) for number in range(2, 6)}]
    for number, part in enumerate(parts):
        part.scene_position = rotation((1, number, 2), 50 + 60 * number) * Place(origin=(60 * number, -30, 10))
    panel.models.moving.value = SEVERAL
    yield lambda: panel.models.several.isVisible()
    panel.models.several.selectAll()
    panel.models.placed.choice.setCurrentIndex(1)
    panel.models.resolution.setValue(15)
    yield panel._buttons["Align"].isEnabled
    run(session, "view #1", log=False)
    run(session, "log clear")
    panel.align()
    yield lambda: panel._task is None
    yield from pause(3)
    write(shot(session), "chimerax_assembly.png")


def pause(seconds):
    """Wait until everything is drawn."""
    for _ in range(round(10 * seconds)):
        yield lambda: True


class Steps:
    """Take the steps of generators, each when the condition that it yielded is met; then exit."""

    def __init__(self, *generators):
        self._steps = itertools.chain(*generators)
        self._condition = lambda: True
        self._timer = QTimer()
        self._timer.timeout.connect(self._step)
        self._timer.start(100)

    def _step(self):
        if self._condition():
            self._condition = lambda: False  # a step may process events
            try:
                self._condition = next(self._steps)
            except StopIteration:
                os._exit(0)


session.pictures = Steps(maps(session), fits(session), assembly(session))  # noqa: F821 (defined by ChimeraX)
