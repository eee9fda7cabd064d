import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real maps, which are not part of the repository."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("BOTALIGN_DATA", default))
    if not (folder / "maps").is_dir():
        pytest.skip(f"no real maps in {folder} (BOTALIGN_DATA names another folder)")
    return folder
