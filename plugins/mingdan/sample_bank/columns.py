"""Numpy columns into Parquet files of the contract's exact types, quickly.

What each contract type takes: varchar a pyarrow string or dictionary array, decimal int64 in the smallest unit (cents,
or millionths for rates), date int32 days since 1970, timestamp int64 microseconds, the rest plain numpy. A null is
NO_DATE, NO_AMOUNT or NaN, by type; one Python value stands for a whole column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mingdan.contract import Column, Contract, Table

NO_DATE = -(2**31)
NO_AMOUNT = -(2**63)
EPOCH = date(1970, 1, 1).toordinal()
# Columns that hardly repeat within a day: a dictionary would only cost time.
UNIQUE = {
    "txn_id",
    "account_id",
    "customer_id",
    "counterparty_account",
    "card_id",
    "loan_id",
    "merchant_id",
    "contact_id",
}
MOST_PARTS = 4  # of a partition that is left in parts
ROWS_AT_ONCE = 500_000
THREE_DIGITS = np.array([list(b"%03d" % each) for each in range(1000)], dtype=np.uint8)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH


def day_of(number: int) -> date:
    """The date of a day number."""
    return date.fromordinal(int(number) + EPOCH)


def numbered(prefix: str, numbers: np.ndarray, width: int, known: np.ndarray | None = None) -> pa.StringArray:
    """Texts such as C000000123: the prefix and each number in `width` digits, a multiple of 3; else null."""
    head, rows = prefix.encode(), len(numbers)
    text = np.empty((rows, len(head) + width), np.uint8)
    text[:, : len(head)] = np.frombuffer(head, np.uint8)
    rest = np.asarray(numbers, np.int64)
    for end in range(len(head) + width, len(head), -3):
        rest, last = np.divmod(rest, 1000)
        text[:, end - 3 : end] = THREE_DIGITS[last]
    if rest.any():
        raise ValueError(f"numbers after {prefix}: expected at most {width} digits, found {np.max(numbers)}")
    return fixed_text(text, known)


def fixed_text(text: np.ndarray, known: np.ndarray | None = None) -> pa.StringArray:
    """A matrix of UTF-8 bytes, one row a text."""
    rows, width = text.shape
    ends = pa.py_buffer(np.arange(0, (rows + 1) * width, width, dtype=np.int32))
    return pa.StringArray.from_buffers(rows, ends, pa.py_buffer(np.ascontiguousarray(text)), bits(known))


def bits(known: np.ndarray | None) -> pa.Buffer | None:
    return None if known is None else pa.py_buffer(np.packbits(known, bitorder="little"))


def coded(codes: np.ndarray, words: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    """A text column from codes into `words`; -1 is null. For short lists: every file carries the whole list.

    No word may come twice: pyarrow then writes a stray byte that differs from run to run."""
    codes = np.asarray(codes, np.int32)
    values = words if isinstance(words, pa.Array) else pa.array(words, pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), values)


def looked_up(codes: np.ndarray, words: pa.Array) -> pa.Array:
    """A text column from codes into a long word list; -1 is null."""
    codes = np.asarray(codes, np.int64)
    return words.take(pa.array(codes, mask=codes < 0))


def decimals(units: np.ndarray, kind: pa.DataType) -> pa.Array:
    units = np.asarray(units, np.int64)
    pairs = np.empty((len(units), 2), np.int64)  # little-endian 128 bit: the low half, then the sign
    pairs[:, 0], pairs[:, 1] = units, units >> 63
    known = units != NO_AMOUNT
    return pa.Array.from_buffers(kind, len(units), [None if known.all() else bits(known), pa.py_buffer(pairs)])


def column_array(column: Column, values: Any, rows: int) -> pa.Array:
    """One column in its contract type, from what the module's docstring says it takes."""
    kind = column.arrow_type
    if isinstance(values, pa.Array):
        return values
    if values is None or isinstance(values, str | bool):
        return pa.repeat(pa.scalar(values, kind), rows)
    if pa.types.is_decimal(kind):
        return decimals(values, kind)
    if pa.types.is_date(kind):
        return pa.array(values.astype(np.int32), kind, mask=values == NO_DATE)
    if pa.types.is_timestamp(kind):
        return pa.array(values.astype(np.int64), kind)
    if pa.types.is_floating(kind):
        return pa.array(values, kind, mask=np.isnan(values))
    if pa.types.is_string(kind):
        raise TypeError(f"column {column.name}: expected a text array, found numpy {values.dtype}.")
    return pa.array(values, kind)


def listed(values: list[Any], column: Column) -> pa.Array:
    """One column from Python values, None for a null."""
    kind = column.arrow_type
    if pa.types.is_decimal(kind):
        return decimals(np.array([NO_AMOUNT if each is None else int(each) for each in values], np.int64), kind)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        width = pa.int32() if pa.types.is_date(kind) else pa.int64()
        return pa.array([None if each in (None, NO_DATE) else int(each) for each in values], width).cast(kind)
    return pa.array(values, kind)


def how_written(table: Table) -> dict[str, Any]:
    return {
        "compression": "zstd",
        "compression_level": 1,
        "store_schema": False,  # else a dictionary column would read back as one, which the contract does not know
        "store_decimal_as_integer": True,
        "use_dictionary": [each.name for each in table.columns if each.type == "varchar" and each.name not in UNIQUE],
    }


def put_together(folder: Path, table: Table) -> None:
    """Make one file of a partition's many, in their order: a bank delivers a table's day in a few files, and to open
    one takes a reader as long as a thousand rows. Holds ROWS_AT_ONCE rows and those of one file."""
    parts = sorted(folder.glob("part-*.parquet"))
    if len(parts) <= MOST_PARTS:
        return
    aside = folder / ".together"
    schema = pq.read_schema(parts[0])
    with pq.ParquetWriter(aside, schema, **how_written(table)) as out:
        held: list[pa.Table] = []
        for part in parts:
            held.append(pq.read_table(part, schema=schema, partitioning=None))
            if sum(each.num_rows for each in held) >= ROWS_AT_ONCE:
                out.write_table(pa.concat_tables(held))
                held = []
        if held:
            out.write_table(pa.concat_tables(held))
    for part in parts:
        part.unlink()
    aside.rename(parts[0])


class LandingPart:
    """Writes part number `part` of each partition below `root`; a partition that has _SUCCESS is left as it is."""

    def __init__(self, root: Path, contract: Contract, part: int) -> None:
        self.root, self.contract, self.part = root, contract, part
        self.rows: dict[str, int] = {}

    def partition(self, table: Table, day: int) -> Path:
        return self.root / table.source / table.name / f"biz_date={day_of(day)}"

    def write_rows(self, table_id: str, day: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a small table from one mapping a row; amounts, rates and dates as in columns, None for a null."""
        table = self.contract.tables[table_id]
        named = {name for row in rows for name in row}
        columns = {
            each.name: listed([row.get(each.name) for row in rows], each)
            for each in table.columns
            if each.name in named
        }
        if rows:
            self.write(table_id, day, columns | dict.fromkeys(named - set(columns)))

    def write(self, table_id: str, day: int, columns: Mapping[str, Any]) -> None:
        """Write the rows, unless there are none. Absent optional columns become nulls; the rest must be there."""
        table = self.contract.tables[table_id]
        folder = self.partition(table, day)
        strange = set(columns) - {each.name for each in table.columns}
        missing = [each.name for each in table.columns if each.required and each.name not in columns]
        if strange or missing:
            raise ValueError(f"{table_id}: expected the contract's columns; unknown {strange}, missing {missing}.")
        rows = max(len(each) for each in columns.values() if isinstance(each, np.ndarray | pa.Array))
        if rows == 0 or (folder / "_SUCCESS").exists():
            return
        arrays = [column_array(each, columns.get(each.name), rows) for each in table.columns]
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(
            pa.Table.from_arrays(arrays, names=[each.name for each in table.columns]),
            folder / f"part-{self.part:03d}.parquet",
            **how_written(table),
        )
        self.rows[table_id] = self.rows.get(table_id, 0) + rows


def texts(values: Iterable[str | None]) -> pa.Array:
    """A string array from Python texts."""
    return pa.array(list(values), pa.string())
