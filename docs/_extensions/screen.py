"""A virtual screen for examples that open a window, if the machine has none."""

import atexit
import os
import shutil
import subprocess
import sys
from importlib import import_module


def have_screen() -> bool:
    """Return whether windows can be opened, if necessary on a virtual screen."""
    try:
        import_module("qtpy.QtWidgets")
    except ImportError:  # due to a missing system library, which tests/system_packages.sh installs
        return False
    if sys.platform != "linux" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ:
        return True
    if shutil.which("Xvfb") is None:
        return False
    read, write = os.pipe()
    arguments = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    server = subprocess.Popen(arguments, pass_fds=[write], stderr=subprocess.DEVNULL)
    atexit.register(server.kill)
    os.close(write)
    with os.fdopen(read) as pipe:
        os.environ["DISPLAY"] = f":{pipe.readline().strip()}"
    return True
