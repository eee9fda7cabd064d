"""Stand-ins for the ChimeraX widgets in the panel's rows."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QPushButton


class ModelMenuButton(QPushButton):
    """Stands for ``chimerax.ui.widgets.ModelMenuButton``."""

    AUTOSELECT_NONE = None

    def __init__(self, session: Any, *, no_value_button_text: str, **options: Any) -> None:
        super().__init__(no_value_button_text)
        self.options, self.value = options, None
