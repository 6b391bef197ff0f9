"""What is published holds no C3: bureau detail stays in the warehouse and in history."""

from __future__ import annotations

import pyarrow.parquet as pq
from mingdan import dictionary

from tests.bank import SECOND, Bank


def test_no_published_file_has_a_column_of_bureau_detail(bank: Bank) -> None:
    detail = {item.code for item in dictionary.items() if item.privacy == "C3"}
    assert detail & set(bank.history("customer_labels", SECOND).column_names), "the day builds labels of this class"
    files = sorted((bank.home / "published").rglob("*.parquet"))
    assert any(path.name == "customer_labels.parquet" for path in files)
    assert {
        path.name: detail & set(pq.read_schema(path).names)
        for path in files
        if detail & set(pq.read_schema(path).names)
    } == {}
