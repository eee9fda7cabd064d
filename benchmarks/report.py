"""Report of a run: a table on the screen, in Markdown, and in JSON."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

REFERENCE = "aspire"
# A larger ratio of wall-clock to CPU seconds means that other work was using the core.
BUSY = 1.15
HEADER = ("map", "program", "n", "<= 5 deg", "<= 1 deg", "error (deg)", "shift (voxels)", "seconds", "x align_BO")


@dataclass(frozen=True)
class Record:
    """One alignment by one program."""

    map: str
    peer: str
    pose: int
    angle_degrees: float | None = None
    shift_voxels: float | None = None
    seconds: float | None = None
    cpu_seconds: float | None = None
    total_seconds: float | None = None
    mirrored: bool = False
    moving_to_fixed: list[list[float]] | None = None
    error: str | None = None


@dataclass(frozen=True)
class Run:
    """All alignments of a run, with the machine and the versions of the programs."""

    parameters: dict[str, Any]
    records: list[Record] = field(default_factory=list)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    started: str = field(default_factory=lambda: datetime.now().astimezone().isoformat(timespec="seconds"))
    machine: str = field(default_factory=lambda: machine())


def machine() -> str:
    """Return processor, number of cores and operating system."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def found(records: list[Record], degrees: float) -> int:
    """Return the number of poses within an angle of the truth, without failed and mirrored alignments."""
    return sum(r.angle_degrees is not None and r.angle_degrees <= degrees for r in records)


def middle(values: Iterable[float | None], digits: int) -> str:
    """Return the median of the known values as text."""
    known = [value for value in values if value is not None]
    return f"{median(known):.{digits}f}" if known else "-"


def ratios(records: list[Record], everything: list[Record]) -> list[float]:
    """Return the ratios of seconds to those of align_BO, for the pairs that both finished."""
    reference = {(r.map, r.pose): r.seconds for r in everything if r.peer == REFERENCE and r.error is None}
    pairs = [(r.seconds, reference.get((r.map, r.pose))) for r in records if r.error is None]
    return [seconds / base for seconds, base in pairs if seconds and base]


def row(name: str, records: list[Record], everything: list[Record]) -> tuple[str, ...]:
    """Return a row of the table."""
    angles = [float("inf") if r.angle_degrees is None else r.angle_degrees for r in records]
    share = median(ratios(records, everything)) if ratios(records, everything) else None
    return (
        name,
        records[0].peer,
        str(len(records)),
        str(found(records, 5.0)),
        str(found(records, 1.0)),
        f"{median(angles):.2f}",
        middle((r.shift_voxels for r in records), 2),
        middle((r.seconds for r in records), 2),
        "-" if share is None else f"{share:.3f}",
    )


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return the rows for each map and program, and then for each program over all maps."""
    names = list(dict.fromkeys(r.map for r in run.records))
    peers = list(dict.fromkeys(r.peer for r in run.records))
    lines = []
    for name in [*names, None]:
        for peer in peers:
            chosen = [r for r in run.records if r.peer == peer and name in (None, r.map)]
            if chosen:
                lines.append(row(name or "all", chosen, run.records))
    return lines


def plain(run: Run) -> str:
    """Return the table in aligned columns."""
    lines = [HEADER, *rows(run)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def summary(run: Run) -> list[str]:
    """Return the main result and its limitations."""
    size, evaluations = run.parameters["size"], run.parameters["evaluations"]
    own = [r for r in run.records if r.peer == "botalign"]
    reference = [r for r in run.records if r.peer == REFERENCE]
    lines = []
    values = ratios(own, run.records)
    if values:
        lines.append(
            f"At {size}^3, refined, {evaluations} evaluations of align_BO: botalign takes {median(values):.3f} of its "
            f"seconds (median of {len(values)} pairs), {found(own, 5.0)} of {len(own)} poses found against "
            f"{found(reference, 5.0)} of {len(reference)}."
        )
    timed = [r.seconds / r.cpu_seconds for r in run.records if r.seconds and r.cpu_seconds]
    if timed and median(timed) > BUSY:
        lines.append(f"The machine was busy: wall-clock seconds were {median(timed):.2f} times the CPU seconds.")
    mirrored = [r for r in run.records if r.mirrored]
    if mirrored:
        lines.append(f"{len(mirrored)} results are mirrored (EMalign tests both hands) and count as not found.")
    failed = [r for r in run.records if r.error]
    lines += [f"{r.peer} failed on {r.map}, pose {r.pose}:\n{r.error}" for r in failed]
    return lines


def heading(run: Run) -> list[str]:
    """Return date, machine, parameters and versions."""
    versions = [
        f"{peer}: {', '.join(f'{k} {v}' for k, v in used.items())}" for peer, used in run.versions.items() if used
    ]
    chosen = ", ".join(f"{key} {value}" for key, value in run.parameters.items())
    return [f"{run.started}, {run.machine}; one thread each", chosen, *versions]


def markdown(run: Run) -> str:
    """Return the report in Markdown."""
    table = ["| " + " | ".join(line) + " |" for line in [HEADER, *rows(run)]]
    table.insert(1, "|---|---|" + "--:|" * (len(HEADER) - 2))
    notes = [f"```\n{line}\n```" if "\n" in line else line for line in summary(run)]
    return "\n".join([*(f"- {line}" for line in heading(run)), "", *table, "", *notes, ""])


def save(run: Run, folder: Path) -> Path:
    """Write ``peers-<time>.json`` and ``.md``; return the path of the Markdown file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"peers-{run.started[:19].replace(':', '')}.md"
    path.write_text(markdown(run))
    path.with_suffix(".json").write_text(json.dumps(asdict(run), indent=1, allow_nan=False))
    return path
