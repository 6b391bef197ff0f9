"""The landing zone: what a bank delivers, accepted and checked before anything is built on it."""

from mingdan.landing.acceptance import Accepted, accept, values_landed
from mingdan.landing.check import check_sources, known_before, required_ready
from mingdan.landing.problems import Problem, SourcesError
from mingdan.landing.report import PartitionFiles, SourceReport, TableState

__all__ = [
    "Accepted",
    "PartitionFiles",
    "Problem",
    "SourceReport",
    "SourcesError",
    "TableState",
    "accept",
    "check_sources",
    "known_before",
    "required_ready",
    "values_landed",
]
