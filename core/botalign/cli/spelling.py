"""How options are spelled on the command line."""

from __future__ import annotations

from botalign.errors import Message, Setting

#: Switches whose opposite does not begin with ``--no-``.
_OPPOSITES = {"partial": "--whole"}
#: Options whose names differ from those in Python, and arguments without a name.
_SPELLINGS = {
    "local_degrees": "--local",
    "shift_pixels": "--shift",
    "diameter_angstrom": "--diameter",
    "pixel_size_angstrom": "--pixel-size",
    "voxel_size_angstrom": "--voxel-size",
    "contour_level_first": "--contour-level-a",
    "contour_level_second": "--contour-level-b",
    "chains": "--chain",
    "fixed": "FIXED",
    "moving": "MOVING",
    "others": "OTHER",
    "maps": "MAP",
    "stack": "IMAGES",
    "latents": "Z",
    "subset": "SUBSET",
    "whole": "MAP",
    "parts": "PART",
    "counts": "@N",
}


def option_name(name: str) -> str:
    """Return the spelling of an option, given its name in Python."""
    return _SPELLINGS.get(name, f"--{name.replace('_', '-')}")


def opposite_name(name: str) -> str:
    """Return the spelling of the opposite of a switch."""
    return _OPPOSITES.get(name, f"--no-{option_name(name).removeprefix('--')}")


def spelled(message: str | Exception) -> str:
    """Return a message with its options spelled as they are typed."""
    return message.spelled(_spell) if isinstance(message, Message) else str(message)


def _spell(setting: Setting) -> str:
    name = option_name(setting.name)
    if not setting.has_value or setting.value is True:
        return name
    return opposite_name(setting.name) if setting.value is False else f"{name} {setting.value}"
