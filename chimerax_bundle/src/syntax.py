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


def counted(number, one, several=None):
    """Return a number and what it counts: ``1 map``, ``2 maps``."""
    return f"{number} {one if number == 1 else several or one + 's'}"
