"""Large work in blocks: resumable, on threads, processes or a cluster."""

from botalign.jobs.blocks import run_blocks
from botalign.jobs.execution import Execution
from botalign.jobs.failures import is_transient, or_failure, reason_of, warnings_of
from botalign.jobs.store import BlockStore, block_names, opened_store, read_block, remove_work, versions
from botalign.jobs.workers import SharedValue, Workers, open_workers

__all__ = [
    "BlockStore",
    "Execution",
    "SharedValue",
    "Workers",
    "block_names",
    "is_transient",
    "open_workers",
    "opened_store",
    "or_failure",
    "read_block",
    "reason_of",
    "remove_work",
    "run_blocks",
    "versions",
    "warnings_of",
]
