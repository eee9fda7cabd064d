r"""The joint choice among the candidates of several parts, by integer programming.

Let :math:`x_i` be 1 if candidate :math:`i` is chosen and 0 otherwise, :math:`s_i` its score, :math:`o_{ij}` the
fraction of the smaller of two placed parts that lies in the other, and :math:`n_p` the number of copies of part
:math:`p`. The choice is the solution of

.. math:: \max_x \sum_i s_i x_i - \sum_{i<j} o_{ij} \min(s_i, s_j)\, x_i x_j , \quad
          \sum_{i \in p} x_i \le n_p , \quad x_i + x_j \le 1 \text{ if } o_{ij} > o_\mathrm{max} .

Density that two parts share thus counts once. The candidates of a part are not assigned to its copies, because copies
are interchangeable. The product :math:`x_i x_j` is a variable :math:`y_{ij} \ge x_i + x_j - 1`. HiGHS solves the
problem by branch and bound (Huangfu and Hall 2018, Mathematical Programming Computation 10, 119).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

from botalign.arrays import Matrix

#: Largest number of nodes of the search tree: a limit in seconds would make the result depend on the machine.
NODES = 20_000
#: Overlaps below this fraction are neglected.
LEAST_OVERLAP = 1e-3
#: A choice is optimal if no other choice can be better by more than this fraction.
EXACT = 1e-6


@dataclass(frozen=True)
class Choice:
    """The chosen candidates.

    Attributes
    ----------
    chosen : tuple of int
        Their indices, in ascending order.
    score : float
        Their total score minus the penalties for their overlaps.
    bound : float
        Upper bound of the score of any choice.
    """

    chosen: tuple[int, ...]
    score: float
    bound: float

    @property
    def gap(self) -> float:
        """Fraction of its score by which a better choice could exceed this one; 0 if it is optimal."""
        gap = (self.bound - self.score) / max(abs(self.score), 1e-12)
        return gap if gap > EXACT else 0.0


def choose(
    scores: Matrix | Sequence[float], parts: Sequence[int], copies: Sequence[int], overlaps: Matrix, *,
    largest_overlap: float, nodes: int = NODES,
) -> Choice:  # fmt: skip
    """Choose the candidates with the highest total score.

    Parameters
    ----------
    scores : ndarray, shape (n,)
        Score of each candidate. Candidates with a score of 0 or less are never chosen.
    parts : sequence of int, length n
        Number of the part of each candidate.
    copies : sequence of int
        Largest number of copies of each part.
    overlaps : ndarray, shape (n, n)
        Fraction of the smaller of two placed parts that lies in the other.
    largest_overlap : float
        Two candidates that overlap more exclude each other.
    nodes : int, optional
        Largest number of nodes of the search tree.
    """
    useful = np.flatnonzero(np.asarray(scores, dtype=np.float64) > 0)
    if not len(useful):
        return Choice((), 0.0, 0.0)
    problem = _Problem.of(
        np.asarray(scores, dtype=np.float64)[useful], np.asarray(parts)[useful], np.asarray(copies),
        np.asarray(overlaps)[np.ix_(useful, useful)], largest_overlap,
    )  # fmt: skip
    chosen, bound = problem.solved(nodes)
    return Choice(tuple(int(i) for i in useful[chosen]), problem.value(chosen), max(bound, problem.value(chosen)))


@dataclass(frozen=True, eq=False)
class _Problem:
    """The useful candidates, the pairs that exclude each other, and those that share density, with their penalties."""

    scores: Matrix
    parts: NDArray[np.int64]
    copies: NDArray[np.int64]
    excluded: NDArray[np.bool_]
    penalties: Matrix

    @classmethod
    def of(
        cls, scores: Matrix, parts: NDArray[np.int64], copies: NDArray[np.int64], overlaps: Matrix, largest: float
    ) -> _Problem:
        excluded = (overlaps > largest) & ~np.eye(len(scores), dtype=bool)
        shared = np.triu((overlaps > LEAST_OVERLAP) & ~excluded, 1)
        penalties = np.where(shared, overlaps * np.minimum.outer(scores, scores), 0.0)
        return cls(scores, parts, copies, excluded, penalties)

    def value(self, chosen: NDArray[np.int64]) -> float:
        """Return the total score of candidates."""
        return float(self.scores[chosen].sum() - self.penalties[np.ix_(chosen, chosen)].sum())

    def solved(self, nodes: int) -> tuple[NDArray[np.int64], float]:
        """Return the best choice that was found, in ascending order, and the bound."""
        count, pairs = len(self.scores), np.argwhere(self.penalties > 0)
        excluded = np.argwhere(np.triu(self.excluded))
        of_part = _rows(self.parts, np.arange(count), (len(self.copies), count + len(pairs)))
        exclusion = _rows(np.arange(len(excluded)).repeat(2), excluded.ravel(), (len(excluded), of_part.shape[1]))
        # x_i + x_j - y_ij <= 1
        rows, own = np.arange(len(pairs)), count + np.arange(len(pairs))
        columns = np.concatenate([pairs.ravel(), own])
        signs = np.repeat([1.0, -1.0], [2 * len(pairs), len(pairs)])
        product = _rows(np.concatenate([rows.repeat(2), rows]), columns, (len(pairs), of_part.shape[1]), signs)
        limits = np.concatenate([self.copies.astype(float), np.ones(len(excluded) + len(pairs))])
        found = milp(
            -np.concatenate([self.scores, -self.penalties[tuple(pairs.T)]]),
            integrality=np.repeat([1, 0], [count, len(pairs)]),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(vstack([of_part, exclusion, product]).tocsr(), -np.inf, limits),
            options={"node_limit": nodes, "mip_rel_gap": 0.0},
        )
        simple = self.greedy()
        bound = float(self.scores.sum()) if found.mip_dual_bound is None else -float(found.mip_dual_bound)
        if found.x is None:
            return simple, bound
        best = np.flatnonzero(found.x[:count] > 0.5)
        return (best if self.value(best) >= self.value(simple) else simple), bound

    def greedy(self) -> NDArray[np.int64]:
        """Return the greedy choice: candidates are added one by one, the largest gain first."""
        chosen: list[int] = []
        penalties = self.penalties + self.penalties.T
        while True:
            gains = self.scores - penalties[:, chosen].sum(axis=1)
            full = np.bincount(self.parts[chosen], minlength=len(self.copies)) >= self.copies
            gains[full[self.parts] | self.excluded[:, chosen].any(axis=1)] = -np.inf
            gains[chosen] = -np.inf
            best = int(gains.argmax())
            if gains[best] <= 0:
                return np.sort(np.array(chosen, dtype=np.int64))
            chosen.append(best)


def _rows(
    rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int], values: Matrix | None = None
) -> coo_array:
    """Return a sparse matrix; its values are 1 by default."""
    return coo_array((np.ones(len(rows)) if values is None else values, (rows, columns)), shape=shape)
