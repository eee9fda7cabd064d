"""The files that ``botalign orient`` writes."""

from pathlib import Path

import botalign as core

from .job import check_file
from .options import spelled
from .syntax import ORIENT, usage_error

#: Extensions of the file of each keyword; those of a map are what `botalign.DensityMap.write` accepts.
_MAPS = tuple(f"{kind}{packed}" for packed in ("", ".gz", ".bz2") for kind in (".mrc", ".map", ".ccp4", ".rec"))
_EXTENSIONS = {"result": (".json",), "operations": (".json", ".txt"), "symmetrised": _MAPS}


def check_files(paths):
    """Refuse files that cannot be written, before the search.

    Parameters
    ----------
    paths : dict
        The file of each keyword.
    """
    for keyword, path in paths.items():
        extensions = _EXTENSIONS[keyword]
        check_file(path, ORIENT, keyword=keyword, extensions=extensions)
        if not Path(path).name.lower().endswith(extensions):
            raise usage_error(
                f"{keyword}: {path} has an unknown extension, expected {', '.join(extensions)}",
                f"{ORIENT} {keyword} {keyword}{extensions[0]}",
            )
    if len({Path(path).resolve() for path in paths.values()}) < len(paths):
        raise usage_error(f"{' and '.join(paths)} name one file; give each its own", ORIENT)


def write_files(session, paths, given, found):
    """Write the files for a map and its orientation; files that exist are replaced."""
    try:
        if "symmetrised" in paths:
            found.symmetrised(given).write(paths["symmetrised"], overwrite=True)
        if "operations" in paths:
            found.write_operations(paths["operations"], overwrite=True)
        if "result" in paths:
            found.to_alignment(given).write(paths["result"], overwrite=True)
    except core.InputError as error:
        raise usage_error(spelled(error), ORIENT) from None
    for keyword, path in paths.items():
        session.logger.info(f"Wrote {keyword} to {path}")
