"""Earlier days built ahead: the same day as from nothing, and never those of another day, file, setting or process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mingdan import ahead, day, landing
from mingdan import warehouse as warehouse_module
from mingdan.cli import app
from mingdan.settings import Home
from mingdan.warehouse import OF_THE_DAY, EarlierDays, Warehouse
from typer.testing import CliRunner

from tests.bank import FIRST, SECOND, Bank, copied, run_day, run_id

NUMBERS = {"customer_no", "account_no"}  # mean nothing, and live for one run
# what is there for the sake of building ahead → why it differs
DIFFERS = {
    "new_balance_changes": "the days after the earlier ones alone; customer_balance_changes has them all",
    "later_movements": "the days after the earlier ones alone",
    "deposit_accounts.earlier_balance": "the balance at the end of those days",
}


def accept(home: Path, bank_landing: Path, as_of: date = SECOND) -> bool:
    """Take the first step of a day; whether it found its earlier days built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGDAN_HOME", str(home))
        patch.setenv("MINGDAN_LANDING", str(bank_landing))
        found = day.accept(day.Run(as_of, "test"))["built_ahead"]
    state = json.loads((home / "warehouse" / "run.json").read_text())
    assert ("earlier_to" in state["variables"]) == found
    return found


def tables(warehouse: Path, schema: str = "main_earlier") -> list[str]:
    with closing(duckdb.connect(str(warehouse / "mingdan.duckdb"), read_only=True)) as connection:
        found = connection.execute("select table_name from duckdb_tables() where schema_name = ?", [schema]).fetchall()
    return sorted(name for (name,) in found)


@pytest.fixture
def home(bank: Bank, tmp_path: Path) -> Path:
    """The home as it stands between the two days, the second one's earlier days built ahead."""
    return copied(bank.first, tmp_path / "home")


def test_a_day_whose_earlier_days_were_built_ahead_is_the_day_built_from_nothing(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From nothing, and with every source read from its files, as those of a large bank are."""
    rows = bank.warehouse("select as_of from main_earlier.stands_for")
    assert rows == [(SECOND,)] and bank.warehouse("select count(*) from main_earlier.earlier_accounts")[0][0] > 2000
    built = [line.split()[2] for line in (bank.home / "logs" / "dbt.log").read_text().splitlines()]
    assert built.count("customer_labels") == 2
    assert built.count("earlier_balance_changes") == 2, "by the first day, and by it for the second; not by the second"

    monkeypatch.setattr(warehouse_module, "ROWS_WORTH_OPENING", 0)
    whole = copied(bank.home, tmp_path / "whole")
    shutil.rmtree(whole / "warehouse")
    summaries = run_day(whole, bank.landing, SECOND, "whole")
    assert summaries[0]["built_ahead"] is False
    assert "nothing has changed" in summaries[-1]["why"], "the same content to the byte"
    with closing(duckdb.connect()) as connection:
        for name, path in (("ahead", bank.home), ("whole", whole)):
            connection.execute(f"attach '{path}/warehouse/mingdan.duckdb' as {name} (read_only)")
        columns: dict[str, list[str]] = {}
        for table, column in connection.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'whole' "
            "and schema_name = 'main' and table_name in (select table_name from duckdb_tables())"
        ).fetchall():
            if not {column, table, f"{table}.{column}"} & {*NUMBERS, *DIFFERS}:
                columns.setdefault(table, []).append(column)
        assert len(columns) > 150
        different = {}
        for table, names in columns.items():
            one, other = (f"select {', '.join(names)} from {each}.main.{table}" for each in ("ahead", "whole"))
            both = f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))"
            if found := connection.execute(both).fetchone()[0]:
                different[table] = found
    assert different == {}


def test_the_day_again_takes_its_earlier_days_again_and_leaves_those_of_the_next(bank: Bank, home: Path) -> None:
    """The first day once more, then the second, twice."""
    assert not accept(home, bank.landing, FIRST)
    assert tables(home / "warehouse" / "ahead")[:1] == ["earlier_accounts"]
    assert accept(home, bank.landing)
    assert not (home / "warehouse" / "ahead" / "mingdan.duckdb").exists()
    with closing(duckdb.connect(str(home / "warehouse" / "mingdan.duckdb"))) as connection:
        connection.execute(
            "create table main.left_over as select 1 as n; create view main.looks as from main.left_over"
        )
    assert accept(home, bank.landing, SECOND)
    assert tables(home / "warehouse", "main") == [] and "earlier_accounts" in tables(home / "warehouse")


def corrected(bank: Bank, home: Path, tmp_path: Path, table_id: str = "core.transactions") -> Path:
    """A landing zone where one row of a month ago is not what it was."""
    found = tmp_path / "landing"
    shutil.copytree(bank.landing, found, copy_function=os.link)
    path = next(found.joinpath(*table_id.split("."), "biz_date=2026-05-29").glob("*.parquet"))
    table = pq.read_table(path, partitioning=None)
    path.unlink()  # a link to the delivered one
    pq.write_table(table.slice(1), path)
    return found


def corrected_where_days_may_be_late(bank: Bank, home: Path, tmp_path: Path) -> Path:
    return corrected(bank, home, tmp_path, "channels.app_activity")


def with_a_holiday(bank: Bank, home: Path, tmp_path: Path) -> Path:
    """A landing zone whose newest calendar says that branches are not at work on the second day after all."""
    found = tmp_path / "landing"
    shutil.copytree(bank.landing, found, copy_function=os.link)
    path = next((found / "core" / "calendar" / f"biz_date={SECOND}").glob("*.parquet"))
    table = pq.read_table(path, partitioning=None)
    at, days = table.column_names.index("is_business_day"), table["cal_date"].to_pylist()
    working = [each != SECOND and was for each, was in zip(days, table["is_business_day"].to_pylist(), strict=True)]
    path.unlink()
    pq.write_table(table.set_column(at, "is_business_day", pa.array(working)), path)
    return found


def corrupted(bank: Bank, home: Path, tmp_path: Path) -> Path:
    path = home / "warehouse" / "ahead" / "mingdan.duckdb"
    path.write_bytes(b"of another version" * 1000)
    return bank.landing


def without_its_models(bank: Bank, home: Path, tmp_path: Path) -> Path:
    shutil.rmtree(home / "warehouse" / "ahead" / "dbt")
    return bank.landing


def made_by_hand(bank: Bank, home: Path, tmp_path: Path) -> Path:
    """As `dbt build` with the shipped variables leaves them."""
    with closing(duckdb.connect(str(home / "warehouse" / "ahead" / "mingdan.duckdb"))) as connection:
        connection.execute("create or replace table main_earlier.earlier_spikes as from main_earlier.earlier_peaks")
    return bank.landing


def with_other_thresholds(bank: Bank, home: Path, tmp_path: Path) -> Path:
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "thresholds.csv").write_text("name,enter\nidle_funds_from,80000\n")
    return bank.landing


@pytest.mark.parametrize(
    "change",
    [
        corrected,
        corrected_where_days_may_be_late,
        with_a_holiday,
        corrupted,
        without_its_models,
        made_by_hand,
        with_other_thresholds,
    ],
)
def test_what_no_longer_fits_is_thrown_away_and_the_day_makes_everything_itself(
    bank: Bank, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[..., Path]
) -> None:
    landed = change(bank, home, tmp_path)
    if (tmp_path / "settings").exists():
        monkeypatch.setenv("MINGDAN_SETTINGS", str(tmp_path / "settings"))
    assert not accept(home, landed)
    assert tables(home / "warehouse") == []
    assert not (home / "warehouse" / "ahead" / "mingdan.duckdb").exists()


def test_a_day_that_comes_late_is_read_with_those_after_the_earlier_ones(
    bank: Bank, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cards' bookings of the first day come with the second day's; the bank's mobile bank delivers no more at all."""
    monkeypatch.setenv("MINGDAN_HOME", str(home))
    monkeypatch.setenv("MINGDAN_LANDING", str(bank.landing))
    shutil.rmtree(home / "warehouse" / "ahead")
    state = home / "warehouse" / "run.json"
    found = json.loads(state.read_text())
    rows = {f"{row['source']}.{row['table']}": row for row in found["sources"]}
    rows["cards.card_transactions"] |= {"status": "stale", "biz_date": "2026-06-29"}
    rows["channels.app_activity"] |= {"status": "late_off", "biz_date": "2026-06-12"}
    state.write_text(json.dumps(found))
    assert day.build_ahead(day.Run(FIRST, run_id(FIRST)))["built_ahead"]

    assert accept(home, bank.landing)
    variables = json.loads(state.read_text())["variables"]
    assert variables["late_to"] == {"cards.card_transactions": "2026-06-29"}
    warehouse = Warehouse(Home(home, str(bank.landing), ""), day.settings_module.load())
    assert warehouse.query("select 1 from main_earlier.earlier_card_use").num_rows > 0
    assert warehouse.query("select 1 from main_earlier.earlier_app_use").num_rows == 0
    built = warehouse.build(["+card_spending", "+app_use"], variables, [day.EARLIER])
    assert built.failed == {}
    for table in ("card_spending", "app_use"):
        made = warehouse.query(f"select * from {table} order by all").to_pylist()
        assert [tuple(row.values()) for row in made] == bank.warehouse(f"select * from {table} order by all")


KILLED_AT_ITS_END = """
import os, signal, sys
from datetime import date
from mingdan import day
from mingdan.warehouse import Warehouse

Warehouse.stand_for = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
day.build_ahead(day.Run(date.fromisoformat(sys.argv[1]), sys.argv[2]))
"""


def test_of_a_killed_building_ahead_nothing_is_taken(bank: Bank, home: Path) -> None:
    (home / "warehouse" / "ahead" / "mingdan.duckdb").unlink()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AT_ITS_END, str(FIRST), run_id(FIRST)],
        env=os.environ | {"MINGDAN_HOME": str(home), "MINGDAN_LANDING": str(bank.landing)},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert "earlier_peaks" in tables(home / "warehouse" / "ahead"), "all is there but what says that it is"
    assert not accept(home, bank.landing)
    assert tables(home / "warehouse") == []


def test_the_command_builds_ahead_once_and_leaves_the_day_alone(
    bank: Bank, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINGDAN_LANDING", str(bank.landing))

    def said(where: Path) -> str:
        monkeypatch.setenv("MINGDAN_HOME", str(where))
        done = CliRunner().invoke(app, ["build-ahead"])
        return f"{done.exit_code} {done.stdout or done.stderr}"

    built = (home / "warehouse" / "mingdan.duckdb").read_bytes()
    assert said(home).startswith("0 nothing built ahead: what stands, for the next day or a later one")
    shutil.rmtree(home / "warehouse" / "ahead")
    assert said(home) == "0 built ahead for 2026-07-01\n"
    assert (home / "warehouse" / "mingdan.duckdb").read_bytes() == built
    assert said(tmp_path / "nowhere").startswith("1 mingdan: no day stands in ")
    state = home / "warehouse" / "run.json"
    found = json.loads(state.read_text())
    for asked in ({"publish": False}, {"known_by": str(FIRST)}):
        state.write_text(json.dumps(found | {"asked": found["asked"] | asked}))
        assert said(home) == "0 nothing built ahead: the day was not to be published\n"
    state.write_text(json.dumps({key: value for key, value in found.items() if key != "lead_checks"}))
    assert said(home).startswith("1 mingdan: business date 2026-06-30 is not built to its end")
    state.write_text(json.dumps({key: value for key, value in found.items() if key != "asked"}))
    assert said(home).startswith("1 mingdan: no day stands in "), "run by a version that did not write it down"
    (tmp_path / "settings").mkdir()
    monkeypatch.setenv("MINGDAN_SETTINGS", str(tmp_path / "settings"))
    state.write_text(json.dumps(found))
    for text, why in (("build_ahead: false", "switched off"), ("engine: spark", "engine spark makes each day whole")):
        (tmp_path / "settings" / "settings.yml").write_text(text)
        assert said(home).startswith(f"0 nothing built ahead: {why}")


def test_an_old_day_run_again_does_not_take_the_place_of_tomorrows(
    bank: Bank, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINGDAN_HOME", str(home))
    later = EarlierDays(date(2026, 7, 9), "later", {})
    Warehouse(day.settings_module.home(), day.settings_module.load(), ahead=True).stand_for(later)
    before = (home / "warehouse" / "ahead" / "mingdan.duckdb").stat().st_mtime_ns
    assert day.build_ahead(day.Run(FIRST, run_id(FIRST)))["built_ahead"] is False
    assert (home / "warehouse" / "ahead" / "mingdan.duckdb").stat().st_mtime_ns == before


def test_what_is_built_ahead_reads_no_other_variable_of_the_day(bank: Bank, home: Path) -> None:
    where = Home(home, str(bank.landing), "")
    warehouse, variables = Warehouse(where, day.settings_module.load(), ahead=True), day.state_of(where)["variables"]
    variables |= {"as_of": str(SECOND), "earlier_to": str(FIRST), "previous_business_date": str(FIRST)}
    variables["late_to"] = dict.fromkeys(ahead.MAY_BE_LATE, str(FIRST))
    others = {"list_date": "2025-02-03", "preference_centroids": {}, "lists": [], "segments": []}
    assert not OF_THE_DAY - {*others, *ahead.DATES, "as_of", "earlier_to", "late_to"}
    built = shutil.copytree(warehouse.compiled, home / "built")  # compiling writes where they stand
    select = ["+path:models/earlier,resource_type:model"]
    assert warehouse.changed(select, variables | others, built) == []
    other = {"previous_business_date": "2025-02-03"}
    assert "earlier_movements" in warehouse.changed(select, variables | other, built)


def test_what_is_known_before_is_what_the_next_day_reads(
    bank: Bank, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of its days has left the window, and the last is the first day's."""
    monkeypatch.setenv("MINGDAN_LANDING", str(bank.landing))
    monkeypatch.setenv("MINGDAN_HOME", str(home))
    settings, contract = day.settings_module.load(), day.load_contract()
    where = day.settings_module.home()
    known = {name: landing.known_before(where, settings, contract.tables[name], SECOND) for name in ahead.READS}
    report = landing.check_sources(where, settings, contract, SECOND)
    for name, files in known.items():
        assert (contract.tables[name].late == "stop") == (name not in ahead.MAY_BE_LATE)
        read = report.files(name)
        assert len(files) > 170 and files == read[:-1] and read[-1].biz_date == SECOND
