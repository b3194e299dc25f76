"""A queue as it fills: what goes in, as which part, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from curate.errors import SelectionError
from curate.select.budget import Budget
from curate.select.gate import Gate
from curate.select.pool import Pool
from curate.select.strategies import Picker

__all__ = ["Filling"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Filling:
    """Takes rows from pickers as long as the budget and the gate allow.

    Args:
        pool: What is on offer.
        gate: Who gets in; what was reviewed is inside.
        budget: How much may be asked.
        open_rows: Rows that may be picked, shape (n_rows,); copied.
    """

    def __init__(
        self, pool: Pool, gate: Gate, budget: Budget, open_rows: npt.NDArray[np.bool_]
    ) -> None:
        self._pool, self._gate, self._budget = pool, gate, budget
        self.open = open_rows.copy()
        """Rows that may be picked still."""
        self.rows: list[int] = []
        self.parts: list[str] = []
        self.reasons: list[str] = []
        self.chances: list[float] = []
        self.refused: dict[int, str] = {}

    @property
    def taken(self) -> Ints:
        """The rows of the queue so far."""
        return np.array(self.rows, np.int64)

    def enter(self, rows: Ints, chances: Floats, reasons: list[str]) -> None:
        """Take rows that were drawn by lot."""
        self._gate.enter(rows)
        self._budget.spend(rows)
        self.open[rows] = False
        self.rows += rows.tolist()
        self.parts += ["random"] * len(rows)
        self.reasons += reasons
        self.chances += chances.tolist()

    def take(
        self,
        picker: Picker,
        most: int,
        *,
        part: str,
        among: npt.NDArray[np.bool_],
        say: Callable[[int, str], str] = lambda row, reason: reason,
        after: Callable[[int], Ints | None] = lambda row: None,
    ) -> int:
        """Take up to `most` rows in the order in which a picker offers them.

        Args:
            picker: Who offers.
            most: Rows.
            part: Which part of the queue they make.
            among: Rows that it may offer, shape (n_rows,).
            say: From a row and the picker's reason to the reason that is kept.
            after: Called with each row taken; returns rows not to be offered any more.

        Returns:
            How many rows that were offered, or would have been, the gate and the budget refused.

        Raises:
            SelectionError: If a row is offered that may not be picked.
        """
        self.refused = dict(picker.refused) | self.refused
        end = len(self.rows) + min(most, self._budget.left)
        n_refused = 0
        while len(self.rows) < end and self._budget.left and (row := picker.offer()) >= 0:
            self._check(row, among)
            refusal = self._refusal(row)
            if refusal is None:
                self._add(row, part, say(row, picker.take(row)))
                closed = after(row)
                if closed is not None:
                    picker.close(closed)
            else:
                n_refused += self._refuse(picker, np.array([row]), refusal)
            if len(self.rows) < end:
                for reason, shut in self._gate.shut_by(row).items():
                    n_refused += self._refuse(picker, shut[self.open[shut]], reason)
        return n_refused

    def _check(self, row: int, among: npt.NDArray[np.bool_]) -> None:
        if self.open[row] and among[row]:
            return
        name = self._pool.ids[row]
        if self._pool.shielded[row]:
            side = self._pool.protected.get(row, "test or calibration")
            raise SelectionError(
                f"the strategy offered {name}, which is protected ({side} split); such rows are "
                "never asked: nothing was queued"
            )
        raise SelectionError(
            f"the strategy offered {name}, which may not be picked"
            f" ({self.refused.get(row) or self._pool.left_out.get(row) or 'it is not open'}); "
            "a picker must offer open rows only: nothing was queued"
        )

    def _refusal(self, row: int) -> str | None:
        too_long = self._budget.refuses(row)
        if too_long is not None:
            return too_long
        (refusal,) = self._gate.admit(np.array([row]))
        return None if refusal is None else refusal.reason

    def _add(self, row: int, part: str, reason: str) -> None:
        self._budget.spend(np.array([row]))
        self.open[row] = False
        self.rows.append(row)
        self.parts.append(part)
        self.reasons.append(reason)
        self.chances.append(float("nan"))

    def _refuse(self, picker: Picker, rows: Ints, reason: str) -> int:
        picker.close(rows)
        self.open[rows] = False
        self.refused |= dict.fromkeys(rows.tolist(), reason)
        return len(rows)
