"""The one exception that the package raises for input it cannot use."""


class InputError(ValueError):
    """Something the caller gave can't be used.

    The message is a single line that names the file or argument, what was found, what was expected and what to do.
    The front ends show it as it is.
    """
