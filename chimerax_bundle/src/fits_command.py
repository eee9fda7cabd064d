"""The command ``botalign fits``: list the fits of an alignment, move the model to one, place copies."""

import re
from pathlib import Path

import botalign as core

from .fit_table import fit_table
from .fits import fit_lists
from .job import check_file, result_paths
from .json_values import as_json, fits_as_values
from .options import spelled
from .syntax import FITS, counted, label, usage_error

#: What a user types for several fits.
NUMBERS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


def botalign_fits(session, numbers=None, *, of=None, copy=False, result=None, return_json=False):
    """List the fits of an alignment, move the model to one of them, or place copies at some.

    Parameters
    ----------
    session : Session
        The session.
    numbers : str, optional
        Numbers of the fits, such as ``"3"`` or ``"1-4,6"``; by default the fits are listed.
    of : list of Model, optional
        The model that was aligned; by default that of the last alignment.
    copy : bool, optional
        Place copies. The model is not moved.
    result : str, optional
        Result file to write; of several fits, one each. The model is not moved.
    return_json : bool, optional
        Return the fits as JSON instead.

    Returns
    -------
    list of Fit, list of Model or JSONResult
        The fits, or the copies.
    """
    done = _done(session, _chosen_list(session, of), numbers, copy, result)
    if not return_json:
        return done
    return as_json([each.atomspec for each in done] if copy else fits_as_values(done))


def _done(session, fits, numbers, copy, result):
    """Run the command; return the fits or the copies."""
    if numbers is None:
        if copy or result is not None:
            raise usage_error(f"{'copy' if copy else 'result'}: the number of a fit is missing", FITS)
        session.logger.info(fit_table(fits, most=None), is_html=True)
        return list(fits.fits)
    chosen = _chosen(fits, numbers)
    if result is not None:
        _write(session, fits, chosen, result)
    if copy:
        copies = fits.place_copies(chosen)
        session.logger.info(f"Placed {counted(len(copies), 'copy', 'copies')}: {', '.join(map(label, copies))}")
        return copies
    if result is None:
        if len(chosen) > 1:
            raise usage_error(f"got {len(chosen)} fits, expected one to move to, or copy true", f"{FITS} copy true")
        _move(session, fits, chosen[0])
    return chosen


def _chosen_list(session, of):
    """Return the fits of the last alignment, or of the last one of some model."""
    lists = fit_lists(session)
    if of is not None:
        lists = [each for each in lists if each.moving.model in of or each.model in of]
        if not lists:
            what = ", ".join(map(label, of)) or "no such model is open"
            raise usage_error(f"of: no alignment of this model ({what}) is kept, align it first")
    if not lists:
        raise usage_error("There are no fits: align first; they are kept until a model is closed or its grid changes")
    return lists[-1]


def _chosen(fits, numbers):
    """Return the fits with these numbers, each once."""
    known = {fit.number: fit for fit in fits.fits}
    wanted = []
    for part in numbers.split(","):
        first, _, last = part.partition("-")
        first, last = int(first), int(last or first)
        wanted += range(first, min(last, max(first, len(known) + 1)) + 1)  # not all numbers that a user may type
    unknown = next((number for number in wanted if number not in known), None)
    if unknown is not None or not wanted:
        raise usage_error(
            f"got fit {numbers if unknown is None else unknown}, expected 1 to {len(known)}",
            f"botalign fits {len(known)}",
        )
    return [known[number] for number in dict.fromkeys(wanted)]


def _move(session, fits, fit):
    fits.move(fit)
    where = f"fit {fit.number} of {len(fits.fits)} in {fits.fixed.name}"
    text = f"Moved {label(fits.model)} to {where}"
    if fit.measured is not None:
        text += f": correlation {fit.measured.correlation:.4g}"
    session.logger.info(text)
    session.logger.status(text)


def _write(session, fits, chosen, path):
    """Write the result files; files that exist are replaced."""
    check_file(path, FITS)
    paths = result_paths(Path(path), [str(fit.number) for fit in chosen])
    for fit, each in zip(chosen, paths, strict=True):
        try:
            fits.alignment_of(fit).write(each, overwrite=True)
        except core.InputError as error:
            raise usage_error(spelled(error), FITS) from None
        session.logger.info(f"Wrote fit {fit.number} to {each}")


def numbers_argument():
    """Return ChimeraX's type of the numbers."""
    from chimerax.core.commands import Annotation, AnnotationError, next_token

    class FitNumbersArg(Annotation):
        """Numbers of fits."""

        name = "numbers of fits, such as 3 or 1-4,6"

        @staticmethod
        def parse(text, session):
            token, used, rest = next_token(text)
            if not NUMBERS.fullmatch(token):
                raise AnnotationError("Expected the numbers of fits, such as 3 or 1-4,6")
            return token, used, rest

    return FitNumbersArg
