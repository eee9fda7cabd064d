"""The reports of ``botalign align`` and ``botalign classify``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botalign.cli.running import Aligned
from botalign.cli.staging import Staging
from botalign.cli.tables import mirror_advice

if TYPE_CHECKING:
    from botalign.figures import ReportEntry


def report_entry(aligned: Aligned) -> ReportEntry:
    """Return an alignment, its figure and the notes about it."""
    from botalign.figures import ReportEntry, as_png

    assert aligned.figure is not None  # it was drawn for the report
    advice = mirror_advice(aligned.alignment)
    notes = () if advice is None else (advice,)
    return ReportEntry(aligned.alignment, as_png(aligned.figure), notes, aligned.curves)


def write_report(
    entries: Sequence[ReportEntry],
    target: Path,
    staging: Staging,
    *,
    typed: Sequence[str] | None,
    failures: Sequence[str],
) -> None:
    """Write a report, with the command as it was typed."""
    from botalign.figures import alignment_report

    page = alignment_report(entries, command=command_text(typed), failures=failures)
    with staging.file(target) as temporary:
        temporary.write_text(page, encoding="utf-8")


def command_text(typed: Sequence[str] | None) -> str:
    """Return the command as it was typed, or nothing if it was not."""
    return "" if typed is None else shlex.join(["botalign", *typed])
