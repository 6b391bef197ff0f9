"""With the switch on, staff pay stands in one file that gives each employee their own rows; nowhere else."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from mingdan import catalog, pay, settings

from tests.bank import FIRST, Delivered, run_day

# Amounts that nobody else's figures hold, in the newest month of one employee; net is gross less what is withheld.
SECRET = {"base_pay": "7654321.09", "performance_pay": "8675309.17", "net_pay": "15432109.83"}
DIGITS = tuple(amount.replace(".", "") for amount in SECRET.values())


@pytest.fixture(scope="module")
def home(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A day of the sample bank with `pay` on; two months with few staff, and one employee with amounts to look for."""
    folder = tmp_path_factory.mktemp("pay")
    shutil.copytree(delivered.landing, folder / "landing", copy_function=os.link)
    months = sorted((folder / "landing" / "hr" / "staff_pay").glob("biz_date=*/*.parquet"))
    months = [path for path in months if path.parent.name <= f"biz_date={FIRST}"]
    for path, count in ((months[-3], 20), (months[-2], 19), (months[-1], None)):
        table = pq.read_table(path, partitioning=None)
        rows = table.to_pylist()[:count]
        if count is None:
            withheld = ("insurance_employee", "housing_fund_employee", "annuity_employee", "tax")
            rows[0] |= {name: Decimal(SECRET[name]) for name in ("base_pay", "performance_pay", "net_pay")}
            rows[0] |= {"allowances": Decimal("0.00"), **dict.fromkeys(withheld, Decimal("0.00"))}
            rows[0]["tax"] = rows[0]["base_pay"] + rows[0]["performance_pay"] - rows[0]["net_pay"]
        path.unlink()  # a link to the delivered file, which stays
        pq.write_table(type(table).from_pylist(rows, schema=table.schema), path)
    (folder / "settings").mkdir()
    (folder / "settings" / "settings.yml").write_text("pay: true\nconsent: assumed (test data)\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGDAN_SETTINGS", str(folder / "settings"))
        run_day(folder / "home", folder / "landing", FIRST)
        yield folder / "home"


def raw(home: Path) -> pd.DataFrame:
    files = (home.parent / "landing" / "hr" / "staff_pay").glob("biz_date=*/*.parquet")
    found = pd.concat([pq.read_table(path, partitioning=None).to_pandas() for path in files])
    return found[found["pay_month"] <= str(FIRST)]


def test_an_employees_rows_add_up_and_stand_in_their_quarter_of_twenty_or_more(home: Path) -> None:
    kept = pq.read_table(home / "pay" / "pay.parquet").to_pandas()
    source = raw(home)
    source = source[source["pay_month"].isin(kept["pay_month"])]
    source["gross"] = source["base_pay"] + source["performance_pay"] + source["allowances"]
    assert len(kept) == len(source) > 500 and kept["pay_month"].nunique() >= 12
    both = kept.merge(source, on=["staff_id", "pay_month"], validate="one_to_one")
    borne = both["insurance_employer"] + both["housing_fund_employer"] + both["annuity_employer"]
    taken = both["insurance_employee"] + both["housing_fund_employee"] + both["annuity_employee"] + both["tax"]
    assert (both["gross_amount"] == both["gross"]).all() and (both["net_pay_amount"] == both["net_pay"]).all()
    assert (both["total_cost_amount"] == both["gross"] + borne).all()
    assert (both["withheld_amount"] == taken).all()
    assert (both["other_amount"] == both["gross"] - taken - both["net_pay"]).all()
    staff = both.groupby("pay_month")["staff_id"].transform("count")
    assert set(staff) >= {19, 20}  # one below the threshold, and at it
    assert both.loc[staff < 20, "rank_band"].isna().all()
    lower = both.groupby("pay_month")["gross"].rank(method="min").sub(1) / (staff - 1)
    expected = (lower * 4 + 1).astype(int).clip(upper=4)
    assert (both.loc[staff >= 20, "rank_band"] == expected[staff >= 20]).all()


def test_one_employee_gets_their_own_rows_and_no_other(home: Path) -> None:
    own = settings.Home(home, "", "")
    found = pay.of(own, "M00001")
    assert len(found) >= 10 and {row["staff_id"] for row in found} == {"M00001"}
    assert [row["pay_month"] for row in found] == sorted((row["pay_month"] for row in found), reverse=True)
    for stranger in ("", "M0000", "M00001' or '1'='1", "*"):
        assert pay.of(own, stranger) == []
    assert stat.S_IMODE((home / "pay").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "pay" / "pay.parquet").stat().st_mode) == 0o600


def texts(path: Path) -> Iterator[str]:
    """Everything a file holds, as text; what is packed is unpacked."""
    if path.suffix == ".parquet":
        table = pq.read_table(path, partitioning=None)
        yield " ".join(table.column_names)
        for column in table.columns:
            yield " ".join(str(value) for value in column.unique().to_pylist())
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as parts:
            for name in parts.namelist():
                yield parts.read(name).decode("utf-8", "replace")
    else:
        yield path.read_bytes().decode("utf-8", "replace")


def test_no_pay_reaches_branch_files_publication_history_or_logs(home: Path) -> None:
    seen = pq.read_table(home / "pay" / "pay.parquet").to_pandas()
    found = " ".join(texts(home / "pay" / "pay.parquet")).replace(".", "")
    assert all(digits in found for digits in DIGITS)  # what is looked for is there to be found
    entry = next(table for table in settings.load_yaml(
        (catalog.MODELS / "sources" / "hr.yml").read_text(encoding="utf-8"))["sources"][0]["tables"])  # fmt: skip
    amounts = [column["name"] for column in entry["columns"] if column["data_type"].startswith("decimal")]
    columns = {*amounts, *(name for name in seen.columns if name.endswith("_amount"))}
    places = {name: [path for path in (home / name).rglob("*") if path.is_file()]
              for name in ("published", "history", "logs")}  # fmt: skip
    assert all(len(files) >= 5 for files in places.values()), {name: len(files) for name, files in places.items()}
    assert {".xlsx", ".csv", ".parquet", ".json", ".html"} <= {
        path.suffix for files in places.values() for path in files
    }
    for place, files in places.items():
        for path in files:
            for text in texts(path):
                bare = text.replace(",", "").replace(".", "")
                assert not any(digits in bare for digits in DIGITS), path
                assert "pay_structure" not in text or place == "logs", path  # dbt's own log names what it builds
            if path.suffix == ".parquet":
                assert not columns & set(pq.read_schema(path).names), path
    assert not any("staff_pay" in path.name for path in (home / "history").rglob("*"))


def test_the_warehouse_keeps_no_pay_after_the_day(home: Path) -> None:
    import duckdb

    with duckdb.connect(str(home / "warehouse" / "mingdan.duckdb"), read_only=True) as connection:
        kept = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables"
        ).fetchall()
    assert len(kept) > 100
    assert [each for each in kept if "pay" in each[0] or each[1] in ("pay_structure", "stg_hr__staff_pay")] == []
    assert {kind for _, name, kind in kept if name == "core__customers"} == {"BASE TABLE"}  # few rows are copied
    assert {kind for _, name, kind in kept if name == "hr__staff_pay"} == {"VIEW"}, "but no pay"


def test_an_older_day_leaves_the_newer_file_and_the_switch_off_removes_it(home: Path, tmp_path: Path) -> None:
    own = settings.Home(tmp_path, "", "")
    own.pay.mkdir()
    shutil.copy(home / "pay" / "pay.parquet", own.pay / "pay.parquet")
    on, off = (settings.Settings({"pay": each}, {}) for each in (True, False))
    written: list[Path] = []

    class Warehouse:
        schema = "main"

        def export(self, table: str, as_of: object, target: Path, order: str) -> None:
            written.append(target)

        def drop_schema(self, schema: str) -> None:
            assert schema == "main_pay"

    pay.keep(Warehouse(), own, on, FIRST.replace(day=1))  # type: ignore[arg-type]
    assert written == [] and pay.newest(own.pay / "pay.parquet") == FIRST
    pay.keep(Warehouse(), own, off, FIRST)  # type: ignore[arg-type]
    assert not own.pay.exists()
