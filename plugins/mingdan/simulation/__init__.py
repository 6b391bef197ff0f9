"""Business days of an invented bank, one after another: what is delivered, what branches do, what goes wrong.

`simulate` lives them in a home of its own, through the very steps that a bank's days go through, and holds after each
day what must hold. Everything is drawn from a seed."""

from mingdan.simulation.days import FIRST, Lived, SimulationError, simulate
from mingdan.simulation.report import broken, line, report

__all__ = ["FIRST", "Lived", "SimulationError", "broken", "line", "report", "simulate"]
