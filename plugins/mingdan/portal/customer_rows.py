"""All labels of one customer at once. A look into each of 300 published columns takes 100 ms of a processor with a
million customers; so a process that shows cards turns the columns into blocks of whole rows, once for each revision.

The blocks stand in a temporary file without a name, half as large again as the published one; it is gone with its
process, however that ends. Values and their types stay as they are published."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from bisect import bisect_right
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CUSTOMERS_A_BLOCK = 512  # 1.5 ms to unpack; smaller blocks take more room, larger ones more time
CODEC = pa.Codec("zstd", 1)


class CustomerRows:
    """The rows of a Parquet file that is sorted by customer_id, once `is_ready`; begins to turn it when made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_ready = False
        self.blocks: list[tuple[int, int, int]] = []  # place in the file, size there, size unpacked
        self.first: list[str] = []  # the first customer of each block
        self.turning = threading.Thread(target=self.turn, name="customer-rows")
        self.turning.start()

    def turn(self) -> None:
        """Write the blocks. Where that fails, on a full disk or a file out of order, this never becomes ready and
        columns go on being read. Ends with the main thread."""
        self.file = tempfile.TemporaryFile(prefix="mingdan-customer-rows-")  # noqa: SIM115
        weakref.finalize(self, self.file.close)
        try:
            with pq.ParquetFile(self.path) as published:
                self.schema, last = published.schema_arrow, ""
                for batch in published.iter_batches(CUSTOMERS_A_BLOCK, use_threads=False):
                    ids = [last, *batch["customer_id"].to_pylist()]
                    if ids != sorted(ids) or not threading.main_thread().is_alive():
                        return
                    whole = batch.serialize()
                    packed = CODEC.compress(whole)
                    self.first.append(ids[1])
                    self.blocks.append((self.file.tell(), packed.size, whole.size))
                    self.file.write(packed)
                    last = ids[-1]
            self.file.flush()
            self.is_ready = True
        finally:
            if not self.is_ready:
                self.file.close()

    def of(self, customer_id: str) -> dict[str, Any]:
        """The customer's row; nothing for nobody's number."""
        at = bisect_right(self.first, customer_id) - 1
        if at < 0:
            return {}
        place, size, whole = self.blocks[at]
        packed = os.pread(self.file.fileno(), size, place)
        block = pa.ipc.read_record_batch(CODEC.decompress(packed, whole), self.schema)
        row = pc.index(block["customer_id"], customer_id).as_py()
        found: list[dict[str, Any]] = block.slice(row, 1).to_pylist() if row >= 0 else []
        return found[0] if found else {}
