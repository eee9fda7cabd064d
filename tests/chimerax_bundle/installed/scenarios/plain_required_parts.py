"""What scripts use of an assembly: what is required of it, and its result file."""

import json

from helper import read, same

from scenarios.plain_assembly import RESOLUTION, _opened


def what_is_required_is_found(cx):
    _, models = _opened(cx, 1, 2)
    before = [m.scene_position for m in models]
    path = cx.path(".json")
    cx.run(
        f"botalign assemble #2,3 to #1 resolution {RESOLUTION} counts 1,2 require certain result {path}; hide #1 models"
    )
    assert not any(same(m.scene_position, p, 1, 1) for m, p in zip(models, before, strict=True))
    found = read(path)
    assert found["format"] == "botalign-assembly"
    assert [(each["name"], each["copy"]) for each in found["placed"]] == [
        ("part 1 (#2)", 1), ("part 2 (#3)", 1), ("part 2 (#3)", 2),
    ]  # fmt: skip
    assert {each["verdict"] for each in found["placed"]} == {"certain"}
    assert found["unplaced"] == []
    assert f"Wrote the result to {path}" in cx.log_so_far()


def without_what_is_required_nothing_is_moved(cx):
    fixed, models = _opened(cx, 1, 9)
    before, number = [m.scene_position for m in models], len(cx.session.models.list())
    path = cx.path(".json")
    command = f"botalign assemble #2,3 to #1 resolution {RESOLUTION} require match result {path}"
    error = cx.refused(f"{command}; close #1")
    cx.facts["error"] = error
    assert error.startswith("part 9 (#3) was not placed: no match")
    assert "nothing was moved. Usage: botalign assemble #2-3 to #1" in error
    assert not fixed.deleted, "what follows was run"
    assert all(same(m.scene_position, p) for m, p in zip(models, before, strict=True))
    assert len(cx.session.models.list()) == number
    assert [each["name"] for each in read(path)["placed"]] == ["part 1 (#2)"]
    assert "1 part of 2 found in" in cx.log_so_far()
    assert "nothing was moved" in cx.log_so_far()


def a_result_file_that_cannot_be_written_is_refused_at_once(cx):
    _opened(cx, 1)
    for path, reason in ((cx.folder, "is a folder"), (cx.folder / "no" / "r.json", "does not exist")):
        error = cx.refused(f"botalign assemble #2 to #1 resolution {RESOLUTION} result {path}")
        assert reason in error
        assert "botalign assemble" in error


def the_result_of_an_assembly_is_not_that_of_an_alignment(cx):
    _opened(cx, 1)
    path = cx.path(".json")
    path.write_text(json.dumps({"format": "botalign-assembly", "version": 1}))
    assert "not a result file of an alignment" in cx.refused(f"botalign apply #2 file {path} to #1")
