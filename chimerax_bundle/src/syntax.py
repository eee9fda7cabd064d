"""The syntax that every error shows."""

USAGE = "Usage: "
#: An example of each command, for errors that have no better one.
ALIGN = "botalign #2 to #1"
SCORE = "botalign score #2 to #1"
POTENTIAL = "botalign potential #2 to #1"
APPLY = "botalign apply #2 file result.json to #1"


def usage_error(problem, example=ALIGN):
    """Return an error for the user: one line that names the problem and shows the syntax."""
    from chimerax.core.errors import UserError

    return UserError(with_usage(problem, example))


def with_usage(problem, example=ALIGN):
    """Return the text of that error."""
    return f"{problem.rstrip('.')}. {USAGE}{example}"


def without_usage(text):
    """Return the problem alone, given the text of such an error."""
    return text.partition(f". {USAGE}")[0]


def label(model):
    """Return a model's name and number for messages."""
    return f"{model.name} (#{model.id_string})" if model.id_string else model.name
