"""Names in tables that fit into a terminal."""

from botalign.columns import short_names

FOLDER = "/data/projects/2026_november/processing/job042"


def test_only_long_paths_are_shortened_to_their_ends() -> None:
    assert short_names(["maps/a.mrc", f"{FOLDER}/b.mrc"]) == ["maps/a.mrc", ".../processing/job042/b.mrc"]
    long_name = f"{'x' * 50}.mrc"
    assert short_names([f"{FOLDER}/{long_name}", long_name]) == [f".../{long_name}", long_name]


def test_files_stay_distinguishable() -> None:
    given = [f"/first/{'x' * 30}/job/a.mrc", f"/second/{'x' * 30}/job/a.mrc"]
    assert short_names(given) == given
