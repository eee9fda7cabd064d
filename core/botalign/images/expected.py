"""The check that an argument is a stack of images."""

from __future__ import annotations

from botalign.errors import InputError, Setting
from botalign.images.stack import ImageStack
from botalign.maps.expected import kind_of


def expect_stack(value: object, name: str) -> None:
    """Refuse an argument that is not a stack of images, as :func:`expect_map` for maps."""
    if not isinstance(value, ImageStack):
        advice = "read a file with botalign.read_stack, convert an array with botalign.ImageStack(array)"
        raise InputError(Setting(name), f": got {kind_of(value)}, expected an ImageStack; {advice}.")
