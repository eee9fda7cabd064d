"""Script for ChimeraX that runs the scenarios one after the other, each in an empty session.

Without windows they are functions, called while the script runs, so that commands block. With windows they are
generators, stepped by a timer after the script has ended, as when a user works; each yields what it waits for.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from helper import Helper, Skip  # noqa: E402 (the path comes first)
from scenarios import found  # noqa: E402

OUT = Path(os.environ["BOTALIGN_OUT"])
#: Name of a module of scenarios, or "plain" or "windows" for all of them.
SCENARIOS = os.environ["BOTALIGN_SCENARIOS"]
#: Seconds that a step waits in vain: of processor time, which passes slowly on a busy machine, or by the clock.
PROCESSOR_SECONDS, CLOCK_SECONDS = 60.0, 300.0
STEP_MILLISECONDS = 20


class Record:
    """Outcomes of the scenarios, written after each one so that a crash does not lose them."""

    def __init__(self):
        self.outcomes = {}

    def add(self, name, helper, began, error=None):
        """Add the outcome of a scenario."""
        outcome = {"ok": error is None, "seconds": time.monotonic() - began, "facts": helper.facts}
        if isinstance(error, Skip):
            outcome["skipped"] = str(error)
        elif error is not None:
            outcome["error"] = "".join(traceback.format_exception(error)) + f"\nlog:\n{helper.log_so_far()}"
        self.outcomes[name] = outcome
        (OUT / "results.json").write_text(json.dumps(self.outcomes, indent=1, default=str))


def without_windows(session, record):
    """Run the scenarios that need no windows."""
    for name, scenario in found(SCENARIOS).items():
        helper, began = Helper(session, OUT), time.monotonic()
        error = None
        try:
            scenario(helper)
        except Exception as failure:
            error = failure
        record.add(name, helper, began, error)
        helper.close()


class WithWindows:
    """The scenarios that need windows, a step at each tick of a timer."""

    def __init__(self, session, record):
        from Qt.QtCore import QTimer

        self.session, self.record = session, record
        self.waiting = list(found(SCENARIOS).items())
        self.steps = None
        self.timer = QTimer()
        self.timer.timeout.connect(self.tick)
        self.timer.start(STEP_MILLISECONDS)
        self.busy = False

    def tick(self):
        """Continue if the current scenario has what it waits for."""
        if self.busy:  # a scenario that processes events must not be entered again
            return
        self.busy = True
        try:
            self.advance()
        finally:
            self.busy = False

    def wait(self):
        """Begin to wait for a condition."""
        self.since = time.monotonic(), time.process_time()

    def advance(self):
        """Take a step of the current scenario, or start the next one."""
        if self.steps is None:
            if not self.waiting:
                os._exit(0)  # the results are written; a dialog about anything else would wait for a click
            self.name, scenario = self.waiting.pop(0)
            self.helper, self.began = Helper(self.session, OUT), time.monotonic()
            self.steps, self.condition = scenario(self.helper), lambda: True
            self.wait()
        error = None
        try:
            if not self.condition():
                clock, processor = time.monotonic() - self.since[0], time.process_time() - self.since[1]
                if clock < CLOCK_SECONDS and processor < PROCESSOR_SECONDS:
                    return
                line = self.steps.gi_frame.f_lineno
                raise TimeoutError(f"line {line} waited {clock:.0f} s in vain, {processor:.0f} s of processor time")
            self.condition = next(self.steps)
            self.wait()
            return
        except StopIteration:
            pass
        except Exception as failure:
            error = failure
        self.record.add(self.name, self.helper, self.began, error)
        self.helper.close()
        self.steps = None


record = Record()
if SCENARIOS.startswith("plain"):
    without_windows(session, record)  # noqa: F821 (defined by ChimeraX)
else:
    session.botalign_scenarios = WithWindows(session, record)  # noqa: F821 (a reference, or the timer would stop)
