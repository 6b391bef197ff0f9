"""Bureau detail (C3) stays in the warehouse: nothing that outlives the run holds it."""

from __future__ import annotations

import pyarrow.parquet as pq
from mingdan import catalog, dictionary

from tests.bank import SECOND, Bank


def test_no_file_of_history_or_publication_has_a_column_of_bureau_detail(bank: Bank) -> None:
    detail = {item.code for item in dictionary.labels() if item.privacy == "C3"}
    assert detail == catalog.bureau_detail()
    assert detail <= set(bank.labels(SECOND).column_names), "the day builds labels of this class"
    files = [path for kept in ("history", "published") for path in sorted((bank.home / kept).rglob("*.parquet"))]
    labels = [path for path in files if "customer_labels" in str(path)]
    assert len(labels) == 4, "two days, kept and published"
    assert {path: found for path in files if (found := detail & set(pq.read_schema(path).names))} == {}
