"""The panel in windows of different sizes. Each scenario yields the condition that it waits for."""

from helper import transform


def _panel(cx):
    cx.run("ui tool show BOTalign")
    from chimerax.botalign.tool import panel

    return panel(cx.session)


def _stays_within(cx, width, height):
    """Use every page of the panel in a window of a size, which must not grow."""
    from chimerax.botalign.choosers import SEVERAL

    cx.phantom(), cx.phantom_model()
    second = cx.phantom(transform(230))
    window = cx.session.ui.main_window
    before = window.size()
    window.resize(width, height)
    panel = _panel(cx)
    area = panel.tool_window.ui_area
    yield lambda: area.isVisible() and panel.command() is not None
    cx.facts["minimum of the window"] = f"{window.minimumSizeHint()} {window.size()}"
    cx.facts["needed"] = f"{area.minimumSizeHint().width()} x {area.minimumSizeHint().height()}"
    panel.models.moving.value = SEVERAL
    panel.fields["local_degrees"].setCurrentIndex(1)
    for page in range(panel.pages.count()):
        panel.pages.setCurrentIndex(page)
        yield from _settled()
        assert (window.width(), window.height()) == (width, height), page
        assert area.mapTo(window, area.rect().bottomRight()).y() < height
    panel.models.moving.value = second
    yield lambda: panel._buttons["Align"].isEnabled()
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    yield from _settled()
    assert (window.width(), window.height()) == (width, height)
    text = panel.result.text
    assert text.height() >= text.heightForWidth(text.width()), "the last line is clipped"
    window.grab().save(str(cx.folder / f"panel_{width}x{height}.png"))
    window.resize(before)


def _settled(ticks=8):
    """Wait until the layout is done."""
    for _ in range(ticks):
        yield lambda: True


def a_window_1000_pixels_high_does_not_grow(cx):
    yield from _stays_within(cx, 1300, 1000)


def a_window_768_pixels_high_does_not_grow(cx):
    yield from _stays_within(cx, 1300, 768)


def a_window_of_1000_by_768_pixels_does_not_grow(cx):
    yield from _stays_within(cx, 1000, 768)


def a_long_problem_is_shown_in_full(cx):
    cx.phantom(), cx.phantom(transform(231))
    panel = _panel(cx)
    errors = []
    cx.session.logger.error = lambda text, *args, **options: errors.append(text)
    yield lambda: panel.command() is not None
    panel.fields["contour_level_moving"].setText("low")
    panel._buttons["Align"].click()
    assert panel.status.message.toolTip() == "level: got 'low', expected a number or auto"
    assert panel._task is None
    panel.fields["contour_level_moving"].setText("77")
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    assert "above the contour level 77" in panel.status.message.toolTip()
    assert "Usage" not in panel.status.message.toolTip()
    assert "above the contour level 77" in panel.result.text.text()
    assert panel.pages.currentWidget() is panel.result.widget
    assert not errors, "a box about what the panel shows"
    assert "above the contour level 77" in cx.log_so_far()
    panel.fields["contour_level_moving"].setText("")
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    assert "Certain" in panel.status.message.text()
    panel.fields["contour_level_moving"].setText("77")
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    assert "correlation" not in panel.result.text.text(), "the earlier result is still shown"
