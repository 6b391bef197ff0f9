"""Arithmetic on day numbers and on amounts in cents."""

from __future__ import annotations

import numpy as np

YUAN = 100  # cents


def add_months(days: np.ndarray, months: np.ndarray | int) -> np.ndarray:
    """The same day so many months later, the month's last day where there is none. Day numbers since 1970-01-01."""
    day = np.asarray(days, np.int64).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    place = (day - month.astype("datetime64[D]")).astype(np.int64)
    target = month + np.asarray(months, np.int64).astype("timedelta64[M]")
    last = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64) - 1
    return target.astype("datetime64[D]").astype(np.int64) + np.minimum(place, last)


def rounded(cents: np.ndarray, step_yuan: int) -> np.ndarray:
    """Whole steps of so many yuan, downwards."""
    step = step_yuan * YUAN
    return np.asarray(cents).astype(np.int64) // step * step
