"""Landed files as they are: readable, in which format and encoding, with which columns, in which types."""

from __future__ import annotations

import codecs
import csv
import difflib
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from mingdan.contract import ARROW_TYPES, Table
from mingdan.landing.problems import Problem, Unfit

BLOCK = 1 << 20
UNREADABLE = (OSError, EOFError, zlib.error, pa.ArrowException)
TRUE, FALSE = ["true", "True", "TRUE", "1", "Y", "y", "是"], ["false", "False", "FALSE", "0", "N", "n", "否"]
NULLS = ["", "NULL", "null", "\\N"]


@dataclass(frozen=True)
class Shape:
    """What one landed file is. `rows` is None for csv, where only converting counts them."""

    path: Path
    exact: bool  # Parquet in the contract's very types: may be read in place
    rows: int | None
    extra: tuple[str, ...]
    absent: tuple[str, ...]
    encoding: str = ""  # of csv
    header: tuple[str, ...] = ()


def examine(path: Path, table: Table, day: date) -> Shape:
    """The shape of one landed file; Unfit with every problem when it breaks the contract."""
    name = path.name
    try:
        if name.endswith(".parquet"):
            return _parquet(path, table, day)
        if name.endswith((".csv", ".csv.gz")):
            return _csv(path, table, day)
    except UNREADABLE as error:
        raise Unfit(_unreadable(table, day, name, path)) from error
    hint = "rename it, or begin its name with _ if it is no data"
    found = f"a file named {name}"
    raise Unfit(_problem("file_type", table, day, "files named .parquet, .csv or .csv.gz", found, hint))


def convert(shapes: list[Shape], table: Table, day: date, target: Path, standing: bool = False) -> int:
    """Write the files' rows (of `standing` only those that are read however old) as one Parquet file in the contract's
    columns and types; returns the number of rows.

    Unfit when a value does not fit its column's type, a file breaks off, or the date column is not the day's."""
    rows = 0
    # Statistics and page order follow from the rows alone, so that the same delivery gives the same bytes.
    with pq.ParquetWriter(target, table.arrow_schema, compression="zstd", compression_level=1) as out:
        for shape in shapes:
            for batch in batches(shape, table, day):
                _check_dates(batch, table, day)
                if standing and table.stands:
                    column, values = table.stands
                    batch = batch.filter(pc.is_in(batch.column(column), pa.array(values)))
                out.write_batch(batch)
                rows += batch.num_rows
    return rows


def _problem(
    kind: str, table: Table, day: date, expected: str, found: str, hint: str = "", column: str = ""
) -> Problem:
    return Problem("error", kind, table.id, expected, found, hint, column, (day,))


def _parquet(path: Path, table: Table, day: date) -> Shape:
    with pq.ParquetFile(path) as file:
        schema, meta = file.schema_arrow, file.metadata
        extra, absent, exact = _compare(table, day, {each.name: each.type for each in schema}, schema.names)
        if exact and table.date_column in schema.names:
            leaves = [meta.schema.column(number).path for number in range(meta.num_columns)]
            for group in range(meta.num_row_groups):
                known = meta.row_group(group).column(leaves.index(table.date_column)).statistics
                if known is not None and known.has_min_max:
                    _same_day(table, day, known.min, known.max)
        return Shape(path, exact, meta.num_rows, extra, absent)


def _csv(path: Path, table: Table, day: date) -> Shape:
    encoding = _encoding(path, table, day)
    with _opened(path) as source:
        header = next(csv.reader(io.TextIOWrapper(source, "utf-8-sig" if encoding == "utf8" else encoding)), [])
    if len(header) == 1 and len(table.columns) > 1:
        expected, found = "columns separated by commas", "a first line without any comma"
        raise Unfit(_problem("unreadable", table, day, expected, found))
    extra, absent, _ = _compare(table, day, dict.fromkeys(header), header)
    return Shape(path, False, None, extra, absent, encoding, tuple(header))


def _compare(
    table: Table, day: date, types: dict[str, pa.DataType | None], names: list[str] | tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Extra and absent columns and whether all types are exact; types are None where text is yet to be parsed."""
    problems: list[Problem] = []
    exact = True
    extra = tuple(sorted(set(names) - set(table.arrow_schema.names)))
    absent = tuple(each.name for each in table.columns if each.name not in types)
    for column in table.columns:
        actual = types.get(column.name)
        if column.name in absent:
            if column.required:
                near = [each for each in extra if each == column.zh] or difflib.get_close_matches(column.name, extra, 1)
                kind, found = ("renamed_column", f"{near[0]}") if near else ("missing_column", "no such column")
                hint = f"rename {near[0]} to {column.name}" if near else "deliver the column"
                expected = f"a column {column.name} of type {column.type}"
                problems.append(_problem(kind, table, day, expected, found, hint, column.name))
        elif list(names).count(column.name) > 1:
            problems.append(_problem("renamed_column", table, day, "the column once", "it twice", "", column.name))
        elif actual is not None and not _same(actual, column.arrow_type):
            exact = False
            if not _convertible(actual, column.arrow_type):
                hint = "deliver it in the contract's type"
                problems.append(_problem("retyped_column", table, day, column.type, _named(actual), hint, column.name))
    if problems:
        raise Unfit(*problems)
    return extra, absent, exact


def _plain(actual: pa.DataType) -> pa.DataType:
    """The type without what only Arrow sees: in Parquet a dictionary or a large string is the same as a string."""
    if pa.types.is_dictionary(actual):
        actual = actual.value_type
    if pa.types.is_large_string(actual) or pa.types.is_string_view(actual):
        return pa.string()
    return pa.decimal128(actual.precision, actual.scale) if pa.types.is_decimal(actual) else actual


def _same(actual: pa.DataType, wanted: pa.DataType) -> bool:
    return _plain(actual) == wanted


def _convertible(actual: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of that type may be converted, each checked for loss. Text and numbers are never mixed:
    a number that was a text has lost its leading zeros already."""
    kind = pa.types
    if kind.is_null(actual):
        return True
    local_time = kind.is_timestamp(actual) and actual.tz is None
    number = kind.is_integer(actual) or kind.is_decimal(actual) or actual in (pa.float32(), pa.float64())
    if kind.is_date(wanted) or kind.is_timestamp(wanted):
        return local_time or kind.is_date(actual)
    if kind.is_boolean(wanted):
        return kind.is_integer(actual)
    return number and not kind.is_string(wanted)


def _named(actual: pa.DataType) -> str:
    names = {arrow: name for name, arrow in ARROW_TYPES.items()}
    return names.get(_plain(actual), str(actual))


def batches(shape: Shape, table: Table, day: date) -> Iterator[pa.RecordBatch]:
    """The file's rows in the contract's columns and types. Unfit when a value does not fit, or the file breaks off."""
    try:
        yield from _csv_batches(shape, table, day) if shape.encoding else _parquet_batches(shape, table, day)
    except UNREADABLE as error:
        raise Unfit(_unreadable(table, day, shape.path.name, shape.path)) from error


def _parquet_batches(shape: Shape, table: Table, day: date) -> Iterator[pa.RecordBatch]:
    wanted = [each.name for each in table.columns if each.name not in shape.absent]
    with pq.ParquetFile(shape.path) as file:
        for batch in file.iter_batches(batch_size=1 << 17, columns=wanted):
            arrays = []
            for column in table.columns:
                if column.name in shape.absent:
                    arrays.append(pa.nulls(batch.num_rows, column.arrow_type))
                    continue
                try:
                    arrays.append(_without_loss(batch.column(column.name), column.arrow_type))
                except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                    found = f"values of type {_named(batch.column(column.name).type)} that lose something in it"
                    raise Unfit(_problem("retyped_column", table, day, column.type, found, "", column.name)) from error
            yield pa.record_batch(arrays, schema=table.arrow_schema)


def _without_loss(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """The array in the wanted type; ArrowInvalid when any value would not come back the same."""
    cast = pc.cast(array, wanted)
    if _same(array.type, wanted) or pa.types.is_null(array.type):
        return cast
    back = pc.cast(cast, array.type)
    if pa.types.is_floating(array.type):
        # Decimal to binary and back may be off in the last bit.
        spare = pc.multiply(pc.abs(array), 4 * (2.0**-52 if array.type == pa.float64() else 2.0**-23))
        same = pc.less_equal(pc.abs(pc.subtract(back, array)), spare)
    else:
        same = pc.equal(back, array)
    if not pc.all(same, min_count=0).as_py():
        raise pa.ArrowInvalid("loses something")
    return cast


def _csv_batches(shape: Shape, table: Table, day: date) -> Iterator[pa.RecordBatch]:
    there = [each for each in table.columns if each.name not in shape.absent]
    try:
        reader = pyarrow.csv.open_csv(
            pa.input_stream(str(shape.path), compression="gzip" if _is_gzip(shape.path) else None),
            read_options=pyarrow.csv.ReadOptions(encoding=shape.encoding, block_size=16 * BLOCK),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={each.name: each.arrow_type for each in there},
                include_columns=[each.name for each in there],
                true_values=TRUE,
                false_values=FALSE,
                null_values=NULLS,
                strings_can_be_null=True,
            ),
        )
        for batch in reader:
            arrays = [
                pa.nulls(batch.num_rows, each.arrow_type) if each.name in shape.absent else batch.column(each.name)
                for each in table.columns
            ]
            yield pa.record_batch(arrays, schema=table.arrow_schema)
    except pa.ArrowInvalid as error:
        raise Unfit(_csv_problem(str(error), shape, table, day)) from None  # its text quotes values


def _csv_problem(text: str, shape: Shape, table: Table, day: date) -> Problem:
    if at := re.search(r"In CSV column #(\d+)", text):
        column = table.column(shape.header[int(at[1])])
        found = f"a text that is no {column.type}"
        return _problem("retyped_column", table, day, column.type, found, "", column.name)
    if counts := re.search(r"Expected (\d+) columns, got (\d+)", text):
        expected, found = (
            f"{counts[1]} fields in every line",
            f"a line of {counts[2]} in {shape.path.name} (cut short?)",
        )
        return _problem("unreadable", table, day, expected, found, "deliver the file again")
    return _unreadable(table, day, shape.path.name, shape.path)


def _check_dates(batch: pa.RecordBatch, table: Table, day: date) -> None:
    if table.date_column and batch.num_rows:
        found = pc.min_max(batch.column(table.date_column)).as_py()
        _same_day(table, day, found["min"], found["max"])


def _same_day(table: Table, day: date, low: date | None, high: date | None) -> None:
    wrong = sorted({str(each) for each in (low, high) if each not in (None, day)})
    if wrong:
        expected, hint = f"{day}, the date of its folder", "deliver each day in its own folder"
        raise Unfit(_problem("wrong_date", table, day, expected, " and ".join(wrong), hint, table.date_column or ""))


def _unreadable(table: Table, day: date, name: str, path: Path) -> Problem:
    kind = "Parquet" if name.endswith(".parquet") else "csv"
    found = f"{name} of {path.stat().st_size} bytes that cannot be read (cut short?)"
    return _problem("unreadable", table, day, f"a whole {kind} file", found, "deliver the file again")


def _is_gzip(path: Path) -> bool:
    return path.name.endswith(".gz")


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if _is_gzip(path) else path.open("rb")


def _encoding(path: Path, table: Table, day: date) -> str:
    """utf8 or gb18030, whichever the whole file decodes in; Unfit for anything else."""
    for encoding in ("utf8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        sample, odd = "", False
        try:
            with _opened(path) as source:
                while block := source.read(BLOCK):
                    text = decoder.decode(block)
                    sample = sample or text
                    odd = odd or "\0" in text
        except UnicodeDecodeError:
            continue
        if decoder.getstate()[0]:  # all of it decodes but a last, broken character
            raise Unfit(_unreadable(table, day, path.name, path))
        if not odd and (encoding == "utf8" or _is_chinese(sample)):
            return encoding
    raise Unfit(_problem("encoding", table, day, "UTF-8 or GB18030", f"{path.name} in another encoding"))


def _is_chinese(text: str) -> bool:
    """Other encodings often decode as GB18030 too, but into characters that hardly anybody writes."""
    common = text.encode("gb2312", "ignore").decode("gb2312")
    return sum(each > "\x7f" for each in common) >= 0.6 * sum(each > "\x7f" for each in text)
