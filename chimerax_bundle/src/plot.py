"""The progress of a search as a plot."""

from Qt.QtCore import QPointF, QRectF, Qt
from Qt.QtGui import QColor, QPainter, QPen, QPolygonF
from Qt.QtWidgets import QSizePolicy, QWidget

#: Colours for each hand, of Okabe and Ito, which colour-blind readers can distinguish, as in botalign's figures.
HANDS = (("as given", QColor("#1F8ACB")), ("mirrored", QColor("#E0702A")))
#: Labels of the losses; core searches with the first, too.
LOSSES = {"wemd": "earth mover's distance", "core": "earth mover's distance", "l2": "L2 distance"}
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 22, 30


class SearchPlot(QWidget):
    """The loss of each evaluation as dots, and the lowest so far as a line, for each hand.

    Parameters
    ----------
    parent : QWidget
        Parent widget.
    """

    def __init__(self, parent):
        super().__init__(parent)
        self.setMinimumHeight(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._trace = []
        self._total = 1
        self._label, self._below = "loss", "evaluations"

    def show_trace(self, trace, total, loss, *, ended=None):
        """Draw a search.

        Parameters
        ----------
        trace : list of (str, float)
            Hand and loss of each evaluation so far.
        total : int
            Number of evaluations for each hand.
        loss : str
            Name of the loss.
        ended : str or None
            After how many evaluations the search ended and why, if it did not make all.
        """
        self._trace, self._total = list(trace), max(1, total)
        self._label = LOSSES.get(loss, "loss")
        self._below = f"evaluations ({ended})" if ended else "evaluations"
        self.update()

    def paintEvent(self, event):  # noqa: N802 (Qt's name)
        """Draw the plot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(7.0, 0.85 * font.pointSizeF()))
        painter.setFont(font)
        ink = self.palette().windowText().color()
        faint = QColor(ink)
        faint.setAlpha(60)
        area = QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)
        if not self._trace:
            painter.setPen(faint)
            painter.drawRect(area)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "the loss will be plotted here during the search")
            return
        losses = [loss for _, loss in self._trace]
        ticks = _ticks(0.0, max(losses))
        self._draw_axes(painter, area, ticks, ink, faint)
        for number, (name, colour) in enumerate(HANDS):
            of_hand = [loss for hand, loss in self._trace if hand == name]
            if of_hand:
                self._draw_hand(painter, area, of_hand, ticks[-1], colour)
                painter.setPen(QPen(colour, 2.0))
                x = area.right() - (170 if number == 0 else 80)
                painter.drawLine(QPointF(x, _TOP / 2), QPointF(x + 14, _TOP / 2))
                painter.setPen(ink)
                painter.drawText(QRectF(x + 18, 0, 70, _TOP), Qt.AlignmentFlag.AlignVCenter, name)

    def _draw_axes(self, painter, area, ticks, ink, faint):
        """Draw lines at round losses, and the labels of the axes."""
        for tick in ticks:
            y = area.bottom() - area.height() * tick / ticks[-1]
            painter.setPen(QPen(faint, 1.0))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(ink)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, _LEFT - 6, 16), right, f"{tick:.4g}")
        for number in (0, self._total // 2, self._total):
            x = area.left() + area.width() * number / self._total
            where = QRectF(x - 30, area.bottom() + 2, 60 if number < self._total else 38, 14)
            side = Qt.AlignmentFlag.AlignHCenter if number < self._total else Qt.AlignmentFlag.AlignRight
            painter.drawText(where, side, f"{number}")
        below = QRectF(area.left(), area.bottom() + 13, area.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, self._below)
        painter.drawText(QRectF(4, 0, area.width() / 2 + _LEFT, _TOP), Qt.AlignmentFlag.AlignVCenter, self._label)

    def _draw_hand(self, painter, area, losses, top, colour):
        """Draw the evaluations of one hand, and the lowest loss so far."""

        def at(number, loss):
            return QPointF(
                area.left() + area.width() * number / self._total, area.bottom() - area.height() * loss / top
            )

        dots = QColor(colour)
        dots.setAlpha(90)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(dots)
        for number, loss in enumerate(losses, start=1):
            painter.drawEllipse(at(number, loss), 2.0, 2.0)
        best, line = losses[0], QPolygonF()
        for number, loss in enumerate(losses, start=1):
            line.append(at(number, best))
            best = min(best, loss)
            line.append(at(number, best))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 2.0))
        painter.drawPolyline(line)


def _ticks(low, high):
    """Return about four round numbers that cover `low` to `high`."""
    span = max(high - low, 1e-12)
    power = 10.0 ** _floor_log10(span / 4)
    step = next(base * power for base in (1, 2, 2.5, 5, 10) if base * power >= span / 4.5)
    count = int(-(-span // step))
    return [low + step * k for k in range(count + 1)]


def _floor_log10(value):
    from math import floor, log10

    return floor(log10(value))
