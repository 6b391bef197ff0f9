"""A worksheet that takes and writes plain cells quickly, byte for byte what XlsxWriter's own makes of them.

A branch's workbook is ten thousand small cells. The library passes each through five functions; of the 80 ms of a
processor that a download took, 40 were spent there. What is not plain goes the library's way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import CellBlankTuple, CellDatetimeTuple, CellNumberTuple, CellStringTuple, Worksheet

LONGEST = 16_000  # characters that surely fit into a cell; longer ones the library counts itself
letters = cache(xl_col_to_name)


class Sheet(Worksheet):
    def __init__(self) -> None:
        super().__init__()
        self.styles: dict[Any, str] = {}  # format → its attribute, once they are numbered

    def write_down(self, top: int, col: int, values: Sequence[str | None], look: Any, blanks: bool) -> None:
        """Texts below each other; an empty cell with its look, or none, where there is no text."""
        blank, index_of = CellBlankTuple(look), self.str_table._get_shared_string_index
        for row, value in enumerate(values, start=top):
            if value is None:
                if blanks:
                    self.table[row][col] = blank
            elif value and len(value) < LONGEST:
                self.table[row][col] = CellStringTuple(index_of(value), look)
            else:
                self.write_string(row, col, value, look)
        if values:
            self._check_dimensions(top, col)
            self._check_dimensions(top + len(values) - 1, col)

    def _write_cell(self, row: int, col: int, cell: Any) -> None:
        kind, look = cell.__class__, cell.format
        style = self.styles.get(look)
        if style is None:
            if look is None:
                super()._write_cell(row, col, cell)
                return
            style = self.styles[look] = f' s="{look._get_xf_index()}"'
        if kind is CellStringTuple:
            self.fh.write(f'<c r="{letters(col)}{row + 1}"{style} t="s"><v>{cell.string}</v></c>')
        elif kind is CellBlankTuple:
            self.fh.write(f'<c r="{letters(col)}{row + 1}"{style}/>')
        elif kind is CellNumberTuple or kind is CellDatetimeTuple:
            self.fh.write(f'<c r="{letters(col)}{row + 1}"{style}><v>{cell.number:.16G}</v></c>')
        else:
            super()._write_cell(row, col, cell)
