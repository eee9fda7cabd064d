"""Maps that do not match: nothing is moved unless it is forced."""

from helper import same, transform


def without_a_match_nothing_is_moved_and_the_log_says_what_was_found(cx):
    cx.phantom()
    moving, half = cx.blobs(), cx.blobs()
    cx.scatter(moving)
    before = [m.scene_position for m in (moving, half)]
    messages = []
    status = cx.session.logger.status
    cx.session.logger.status = lambda text, *args, **options: messages.append(text)
    try:
        (alignment,) = cx.run("botalign #2 to #1 hand keep move #3")
    finally:
        cx.session.logger.status = status
    assert alignment.verdict == "no match"
    assert all(same(m.scene_position, place) for m, place in zip((moving, half), before, strict=True))
    assert cx.session.undo.top_undo_name() != "botalign"
    report = cx.log_so_far()
    report = report[report.index("No match found: map") :]
    assert report.index("verdict: no match") < report.index("before: correlation")
    assert "nothing was moved; botalign fits 1 of #2 moves it to the best pose" in report
    assert "Best position found of" in report
    assert "Aligned" not in report
    assert "(#2) was not moved to" in messages[-1]


def force_true_moves_it(cx):
    cx.phantom()
    moving = cx.blobs()
    before = moving.scene_position
    (alignment,) = cx.run("botalign #2 to #1 hand keep force true")
    assert alignment.verdict == "no match"
    assert not same(moving.scene_position, before, 1, 1)
    assert "nothing was moved" not in cx.log_so_far()
    cx.run("undo")
    assert same(moving.scene_position, before)


def of_several_maps_those_that_match_are_moved(cx):
    fixed, moving, other = cx.phantom(), cx.phantom(transform(70)), cx.blobs()
    before = other.scene_position
    assert len(cx.run("botalign #2-3 to #1 hand keep")) == 2
    cx.assert_in_place(moving, fixed, transform(70))
    assert same(other.scene_position, before)
    assert "Aligned 1 of 2 to" in cx.log_so_far()
    assert "no match, not moved" in cx.log_so_far()
