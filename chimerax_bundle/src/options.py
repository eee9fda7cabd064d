"""The options of an alignment as keywords of the command.

They are declared in ``botalign``. Here are only the differences: other spellings, and options that the command lacks.
"""

from html import escape

import botalign

#: Keywords that are not the name of the option. ChimeraX's users type ``toLevel`` for ``to_level``.
KEYWORDS = {
    "contour_level_fixed": "to_level",
    "contour_level_moving": "level",
    "mask_fixed": "to_mask",
    "mask_moving": "mask",
    "local_degrees": "search",
    # of botalign assemble
    "contour_level": "to_level",
    # of botalign score and botalign potential
    "contour_level_first": "to_level",
    "contour_level_second": "level",
}
#: Keywords whose values are words for values of the option.
WORDS = {"local_degrees": {"global": None, "local": 30.0}}
#: Options that the command does not have, or declares itself; the panel lacks these too.
#: The start is the current pose; a position cannot scale.
OMITTED = (
    "preset",
    "start",
    "resolution",
    "copies",
    "half_maps_fixed",
    "half_maps_moving",
    "wavelet",
    "scale",
    "scales",
    "threads",
)

DECLARED = {
    name: declared for name, declared in botalign.declarations(botalign.AlignmentOptions).items() if name not in OMITTED
}


def is_mask(name):
    """Whether the value of an option is a map."""
    return DECLARED[name].type is botalign.DensityMap


def words(name):
    """Return the words that the command takes for an option, with the values that they stand for."""
    declared = DECLARED[name]
    if name in WORDS or declared.option.choices:
        return WORDS.get(name) or {choice: choice for choice in declared.option.choices}
    if declared.optional and declared.type is bool:
        return {"auto": None, "true": True, "false": False}
    return {"auto": None} if declared.optional and declared.type in (int, float) else {}


def typed(name):
    """Return the keyword of an option as users type it."""
    first, *others = KEYWORDS.get(name, name).split("_")
    return first + "".join(map(str.capitalize, others))


def keywords():
    """Return the keyword of each option, and what ChimeraX accepts for it."""
    return [(KEYWORDS.get(name, name), _annotation(name)) for name in DECLARED]


def _annotation(name):
    from chimerax.core.commands import BoolArg, Bounded, EnumOf, FloatArg, IntArg, ModelsArg, Or, StringArg

    declared = DECLARED[name]
    if is_mask(name):
        return ModelsArg
    if declared.type in (int, float):
        # Without bounds here: the error of botalign is more precise. This only names the values in the usage text.
        number = Bounded(
            IntArg if declared.type is int else FloatArg, name=declared.expected, html_name=escape(declared.expected)
        )
        return Or(EnumOf(tuple(words(name))), number) if declared.optional else number
    if declared.type is bool and declared.optional:
        return Or(EnumOf(("auto",)), BoolArg)
    if words(name):
        return EnumOf(tuple(words(name)))
    return BoolArg if declared.type is bool else StringArg


def option_values(given):
    """Return all options by their names, given keywords of the command and their values."""
    values = {name: declared.default for name, declared in DECLARED.items()}
    names = {KEYWORDS.get(name, name): name for name in DECLARED}
    for keyword, value in given.items():
        name = names.get(keyword, keyword)
        values[name] = words(name).get(value, value) if name in DECLARED and isinstance(value, str) else value
    return values


def spelled(error):
    """Return the message of an error of ``botalign``, with options as the command spells them."""
    return error.spelled(_spelled)


def _spelled(setting):
    if not setting.has_value:
        return typed(setting.name)
    meanings = words(setting.name) if setting.name in DECLARED else {}
    value = str(setting.value).lower() if isinstance(setting.value, bool) else setting.value
    value = next((word for word, meaning in meanings.items() if meaning == setting.value), value)
    return f"{typed(setting.name)} {value}"
