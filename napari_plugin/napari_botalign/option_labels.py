"""The texts of options in the forms. All else about an option is in its declaration in ``botalign``."""

from __future__ import annotations

from typing import Any

from botalign import InputError

#: Labels that are not the name of the option.
LABELS = {
    "size": "box size",
    "refine": "refine the candidates",
    "preset": "method",
    "local_degrees": "search within",
    "contour_level_fixed": "contour level (fixed)",
    "contour_level_moving": "contour level (moving)",
    "mask_fixed": "mask (fixed)",
    "mask_moving": "mask (moving)",
    "partial": "one is part of the other",
    "metric": "distance",
    "mirror": "compare mirror images too",
    "shift_pixels": "largest shift",
    "invert": "particles are dark",
    "diameter_angstrom": "diameter",
    "pixel_size_angstrom": "pixel size",
    "phase_flip": "flip phases",
}
#: Texts of the choices of an option; None is that of no choice.
CHOICES: dict[str, dict[str | bool | None, str]] = {
    "hand": {"check": "report which fits better", "auto": "use the better one", "keep": "do not test"},
    "loss": {"wemd": "Wasserstein (WEMD)", "l2": "L2, for noisy maps", "core": "common part, for two conformations"},
    "partial": {None: "decide", True: "yes", False: "no"},
    "invert": {None: "decide", True: "yes", False: "no"},
    "phase_flip": {None: "if the list has the CTF", True: "yes", False: "no"},
    "preset": {None: "fast", "paper": "as published, slow"},
    "metric": {"wemd": "Wasserstein (WEMD)", "l2": "L2"},
}
#: Texts in empty fields.
EMPTY = {
    "local_degrees": "everywhere",
    "contour_level_fixed": "suggested",
    "contour_level_moving": "suggested",
    "diameter_angstrom": "whole image",
    "pixel_size_angstrom": "as given",
    "dust": "left",
    "threads": "automatic",
    "evaluations": "as many as needed",
    "resolution": "unknown",
}


def label(name: str) -> str:
    """Return the label of an option."""
    return LABELS.get(name) or name.replace("_", " ")


def choice_text(name: str, value: Any) -> str:
    """Return the text of a choice of an option."""
    return CHOICES.get(name, {}).get(value) or str(value)


def spelled(error: Exception) -> str:
    """Return the message of an error, with options as the forms label them."""
    return error.spelled(_spelled) if isinstance(error, InputError) else str(error)


def _spelled(setting: Any) -> str:
    text = label(setting.name)
    if " " in text:
        text = f"'{text}'"
    if not setting.has_value or setting.value is True:
        return text
    return f"{text} = {'off' if setting.value is False else choice_text(setting.name, setting.value)}"
