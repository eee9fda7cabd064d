"""The syntax that every error shows."""

#: An example of each command, for errors that have no better one.
ALIGN = "botalign #2 to #1"
SCORE = "botalign score #2 to #1"
POTENTIAL = "botalign potential #2 to #1"
FITS = "botalign fits 2"
ORIENT = "botalign orient #1"
ASSEMBLE = "botalign assemble #2-4 to #1 resolution 10"
APPLY = "botalign apply #2 file result.json to #1"


def usage_error(problem, example=ALIGN):
    """Return an error for the user: one line that names the problem and shows the syntax.

    Its attribute ``problem`` holds the problem alone.
    """
    from chimerax.core.errors import UserError

    error = UserError(f"{problem.rstrip('.')}. Usage: {example.strip()}")
    error.problem = problem
    return error


def label(model):
    """Return a model's name and number for messages."""
    return f"{model.name} (#{model.id_string})" if model.id_string else model.name


def concise(models):
    """Return the specification of models for commands: ``#2-4``, ``#2.1-2#5``.

    ChimeraX's own names a group instead of all maps and structures in it, which the commands take for one model.
    """
    siblings = {}
    for model in sorted(models, key=lambda each: each.id):
        siblings.setdefault(model.id[:-1], []).append(model.id[-1])
    return "".join(
        "#" + ".".join(map(str, (*parent, ",".join(_ranges(numbers))))) for parent, numbers in siblings.items()
    )


def _ranges(numbers):
    """Return sorted numbers as texts, consecutive ones as ``2-4``."""
    runs = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [f"{first}" if first == last else f"{first}-{last}" for first, last in runs]


def counted(number, one, several=None):
    """Return a number and what it counts: ``1 map``, ``2 maps``."""
    return f"{number} {one if number == 1 else several or one + 's'}"
