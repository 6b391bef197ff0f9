"""Published labels, turned from columns into rows: the same values, whoever is asked for, or the columns go on."""

from __future__ import annotations

import errno
import tempfile
import threading
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mingdan.portal import customer_rows
from mingdan.portal.customer_rows import CustomerRows

IDS = [f"{number:06d}" for number in range(0, 4000, 2)]


def labels(path: Path, ids: list[str]) -> Path:
    rows = [
        {"customer_id": each, "aum": None if at % 7 == 0 else Decimal(at) / 100, "rate": Decimal("0.250000"),
         "is_payroll": (True, False, None)[at % 3], "last_on": date(2026, 1, 1) + timedelta(at),
         "loans": at, "tier": "值" * (at % 5)} for at, each in enumerate(ids)
    ]  # fmt: skip
    types = {"aum": pa.decimal128(18, 2), "rate": pa.decimal128(9, 6), "loans": pa.int32()}
    table = pa.Table.from_pylist(rows)
    schema = pa.schema([(each.name, types.get(each.name, each.type)) for each in table.schema])
    pq.write_table(table.cast(schema), path, row_group_size=700)  # blocks do not end where groups do
    return path


def turned(path: Path) -> CustomerRows:
    rows = CustomerRows(path)
    rows.turning.join()
    return rows


def test_every_customers_row_is_what_was_published(tmp_path: Path) -> None:
    path = labels(tmp_path / "labels.parquet", IDS)
    rows = turned(path)
    assert rows.is_ready and len(rows.blocks) > 3
    published = pq.read_table(path).to_pylist()
    assert [rows.of(each) for each in IDS] == published
    assert type(rows.of(IDS[1])["aum"]) is Decimal and type(rows.of(IDS[1])["last_on"]) is date


def test_nobodys_number_has_no_row(tmp_path: Path) -> None:
    rows = turned(labels(tmp_path / "labels.parquet", IDS))
    for nobody in ("", "0", "000001", "003999", "9", "\U0001f600"):
        assert rows.of(nobody) == {}, nobody


def test_no_customers_have_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    pq.write_table(pa.table({"customer_id": pa.array([], pa.string())}), path)
    assert turned(path).of("000001") == {}


def test_a_file_out_of_order_is_not_turned(tmp_path: Path) -> None:
    """In a block, and between two."""
    for ids in ([*IDS[:5], *IDS[3:]], [*IDS[700:], *IDS[:700]]):
        rows = turned(labels(tmp_path / "labels.parquet", ids))
        assert not rows.is_ready and rows.file.closed


def test_on_a_full_disk_columns_go_on_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        closed = False

        def tell(self) -> int:
            return 0

        def write(self, _: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            self.closed = True

    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    monkeypatch.setattr(customer_rows.tempfile, "TemporaryFile", lambda **_: Full())
    rows = turned(labels(tmp_path / "labels.parquet", IDS))
    assert not rows.is_ready and rows.file.closed
    assert [each.exc_value.errno for each in told] == [errno.ENOSPC]


def test_the_file_ends_with_its_rows_and_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    rows = turned(labels(tmp_path / "labels.parquet", IDS))
    file = rows.file
    assert rows.is_ready and not list((tmp_path / "scratch").iterdir())
    del rows
    assert file.closed
