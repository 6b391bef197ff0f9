"""Parallel arrays that grow: one row an account, a loan, a card, a shop."""

from __future__ import annotations

from typing import Any

import numpy as np


class Rows:
    """Named columns of whole numbers, of equal length, reached as attributes; `add` appends rows."""

    def __init__(self, *names: str) -> None:
        self.size = 0
        self.room = {name: np.zeros(64, np.int64) for name in names}

    def __getattr__(self, name: str) -> np.ndarray:
        try:
            return self.__dict__["room"][name][: self.__dict__["size"]]
        except KeyError:
            raise AttributeError(name) from None

    def add(self, rows: int, **values: Any) -> np.ndarray:
        """Append rows, every column given as one value or one a row; the places of the new rows."""
        start, end = self.size, self.size + rows
        if set(values) != set(self.room):
            raise ValueError(f"expected columns {sorted(self.room)}, found {sorted(values)}.")
        for name, value in values.items():
            if end > len(self.room[name]):
                self.room[name] = np.concatenate([self.room[name], np.zeros(end + len(self.room[name]) // 2, np.int64)])
            self.room[name][start:end] = value
        self.size = end
        return np.arange(start, end)
