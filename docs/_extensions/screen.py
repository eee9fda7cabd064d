"""A screen for the examples that open a window, which the machine that builds these pages may not have."""

import atexit
import os
import shutil
import subprocess
import sys


def have_screen() -> bool:
    """Whether windows can be opened, on a virtual screen if need be."""
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
