"""The same day on Spark: every table equal to DuckDB's. `make test-spark` (Java 17)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
from mingdan.sample_bank import write_sample_bank

AS_OF = date(2026, 6, 30)
DAY = """
import json, sys
from datetime import date
from mingdan import day, settings, contract, spark_warehouse, warehouse
run = day.Run(date.fromisoformat(sys.argv[1]), "equal", publish=False)
for summary in day.run_day(run):
    print(summary["step"], flush=True)
engine = spark_warehouse.SparkWarehouse if settings.load().engine == "spark" else warehouse.Warehouse
made = engine(settings.home(), settings.load())
import pyarrow.parquet as pq
from pathlib import Path
target = Path(sys.argv[2]); target.mkdir(parents=True)
for table in sys.argv[3].split(","):
    pq.write_table(made.query(f"select * from {table}"), target / f"{table}.parquet")
"""


def built(tmp_path: Path, landing: Path, engine: str, tables: list[str]) -> Path:
    bank = tmp_path / f"settings-{engine}"
    bank.mkdir()
    (bank / "settings.yml").write_text(
        f"engine: {engine}\nlists_off: []\npay: true\nkeep_copies: {json.dumps(engine == 'spark')}\n"
    )
    # a bank's own words may hold an apostrophe, with which SQL quotes
    (bank / "patterns.csv").write_text("kind,pattern,meaning,note\npayroll,Ann's bakery,payroll,an apostrophe\n")
    target = tmp_path / f"tables-{engine}"
    script = tmp_path / "day.py"  # a file: under `python -c` an import of pyspark ends the process, silently
    script.write_text(DAY)
    finished = subprocess.run(
        [sys.executable, str(script), str(AS_OF), str(target), ",".join(tables)],
        capture_output=True, text=True, cwd=tmp_path,
        env=os.environ | {"MINGDAN_HOME": str(tmp_path / f"home-{engine}"), "MINGDAN_LANDING": str(landing),
                          "MINGDAN_SETTINGS": str(bank)},
    )  # fmt: skip
    assert finished.returncode == 0 and target.exists(), (finished.stdout[-2000:], finished.stderr[-6000:])
    shutil.copy(tmp_path / f"home-{engine}" / "pay" / "pay.parquet", target)
    return target


def ask_long_ago(landing: Path) -> None:
    """Somebody asked not to be contacted before the window that outcomes are read in."""
    with duckdb.connect() as connection:
        contacts = f"read_parquet('{landing}/crm/contacts/*/*.parquet', hive_partitioning = false)"
        folder = landing / "crm" / "contacts" / "biz_date=2025-03-04"
        folder.mkdir()
        connection.execute(
            f"""copy (select * replace ('K' || contact_id as contact_id, 'do_not_contact' as outcome,
                timestamp '2025-03-04 10:00:00' as contacted_at, timestamp '2025-03-04 11:00:00' as recorded_at)
            from {contacts} where customer_id is not null order by contact_id limit 50)
            to '{folder}/part-0.parquet' (format parquet)"""
        )
        (folder / "_SUCCESS").touch()


def test_every_table_of_a_day_is_equal_on_both_engines(tmp_path: Path) -> None:
    from mingdan.settings import DBT_PROJECT

    models = DBT_PROJECT / "models"
    # pay does not stay in the warehouse: its file is compared below; of earlier days nothing is built ahead here
    apart = (models / "staging", models / "earlier", models / "pay")
    tables = sorted(path.stem for path in models.rglob("*.sql") if not any(map(path.is_relative_to, apart)))
    assert len(tables) > 40
    landing = tmp_path / "landing"
    write_sample_bank(landing, tmp_path / "truth.parquet", customers=2000, branches=20, months=15, until=AS_OF, seed=7)
    ask_long_ago(landing)
    duck = built(tmp_path, landing, "duckdb", tables)
    spark = built(tmp_path, landing, "spark", tables)
    different = []
    with duckdb.connect() as connection:
        for table in [*tables, "pay"]:
            one, two = f"'{duck}/{table}.parquet'", f"'{spark}/{table}.parquet'"
            names = [row[0] for row in connection.execute(f"describe select * from {one}").fetchall()]
            kinds = {
                path: {row[0]: row[1] for row in connection.execute(f"describe select * from {path}").fetchall()}
                for path in (one, two)
            }
            if set(kinds[one]) != set(kinds[two]):
                different.append(f"{table}: columns {sorted(set(kinds[one]) ^ set(kinds[two]))}")
                continue
            shown = ", ".join(f'"{name}"' for name in names)
            for left, right in ((one, two), (two, one)):
                rows = connection.execute(
                    f"select {shown} from {left} except all select {shown} from {right} limit 3"
                ).fetchall()
                if rows:
                    columns = [
                        name for name in names
                        if connection.execute(
                            f'select count(*) from (select "{name}" from {left} except all '
                            f'select "{name}" from {right})'
                        ).fetchone()[0]
                    ]  # fmt: skip
                    different.append(
                        f"{table}: rows of {Path(left.strip(chr(39))).parent.name} only, columns {columns}"
                    )
    assert not different, "\n".join(different)
