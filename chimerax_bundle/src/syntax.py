"""The right syntax, which every error shows."""

USAGE = "Usage: "
#: A plain call of each command, for errors that have no better example.
ALIGN = "botalign #2 to #1"
SCORE = "botalign score #2 to #1"
APPLY = "botalign apply #2 file result.json to #1"


def wrong(problem, example=ALIGN):
    """Return the error that a user gets: one line that names the problem and shows the right syntax."""
    from chimerax.core.errors import UserError

    return UserError(message(problem, example))


def message(problem, example=ALIGN):
    """Return the text of that error."""
    return f"{problem.rstrip('.')}. {USAGE}{example}"


def without_usage(text):
    """Return the problem alone that an error tells."""
    return text.partition(f". {USAGE}")[0]


def named(model):
    """Return what messages call a model: its name and number."""
    return f"{model.name} (#{model.id_string})" if model.id_string else model.name
