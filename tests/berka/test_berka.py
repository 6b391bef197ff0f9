"""The Berka converter on a handful of invented clients, and what it took for granted on the real files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import convert
import pandas as pd
import pyarrow.parquet as pq
import pytest
from berka_reading import Bank
from mingdan.contract import load_contract

# Invented: Adam (1) owns account 10, Eva (2) may dispose of it; Jan (3) opens account 20 in March.
# The loan's third instalment comes three months late; the card is issued in June.
FILES = {
    "district": "A1;A2;A3\n5;Horni;north\n7;Dolni;south\n",
    "client": 'client_id;birth_number;district_id\n1;"300506";5\n2;"355612";7\n3;"705101";7\n',
    "account": 'account_id;district_id;frequency;date\n10;5;"POPLATEK MESICNE";930101\n20;7;"POPLATEK TYDNE";930315\n',
    "disp": 'disp_id;client_id;account_id;type\n1;1;10;"OWNER"\n2;2;10;"DISPONENT"\n3;3;20;"OWNER"\n',
    "loan": 'loan_id;account_id;date;amount;duration;payments;status\n90;10;930210;1200;3;400.00;"A"\n',
    "card": 'card_id;disp_id;type;issued\n70;3;"gold";930620 00:00:00\n',
    "trans": "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account\n"
    + "\n".join(
        [
            '1;10;930101;"PRIJEM";"VKLAD";1000.10;1000.10;"";;',
            '2;10;930131;"PRIJEM";"";2.20;1002.30;"UROK";;',
            '3;10;930131;"VYDAJ";"VYBER";14.60;987.70;"SLUZBY";;',
            '4;10;930211;"PRIJEM";"PREVOD Z UCTU";5000.00;5987.70;"DUCHOD";"YZ";20',
            '5;10;930305;"VYDAJ";"PREVOD NA UCET";400.20;5587.50;"UVER";"QR";9',
            '6;20;930315;"PRIJEM";"VKLAD";700.00;700.00;"";;',
            '7;10;930405;"VYDAJ";"PREVOD NA UCET";400.20;5187.30;"UVER";"QR";9',
            '8;20;930406;"VYDAJ";"PREVOD NA UCET";900.00;-200.00;"SIPO";"ST";8',
            '9;20;930430;"VYDAJ";"VYBER";0.50;-200.50;"SANKC. UROK";;',
            '10;20;930502;"PRIJEM";"PREVOD Z UCTU";650.00;449.50;" ";"AB";7',
            '11;20;930503;"VYBER";"VYBER";100.00;349.50;" ";;0',
            '12;20;930621;"VYDAJ";"VYBER KARTOU";50.00;299.50;"";;',
            '13;10;930820;"VYDAJ";"PREVOD NA UCET";400.20;4787.10;"UVER";"QR";9',
            '14;10;930901;"VYDAJ";"VYBER";10.00;4777.10;"";;',
        ]
    ),
}


@pytest.fixture
def small_bank(tmp_path):
    folder = tmp_path / "berka"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.asc").write_text(text)
    return folder


def landed(landing: Path, table: str, day: str) -> pd.DataFrame:
    return pq.read_table(landing / table / f"biz_date={day}" / "part-0.parquet", partitioning=None).to_pandas()


def every_file(landing: Path) -> dict[str, bytes]:
    return {str(path.relative_to(landing)): path.read_bytes() for path in landing.rglob("*") if path.is_file()}


def test_every_delivered_file_has_the_contracts_exact_types_and_required_columns(small_bank, tmp_path):
    convert.convert(small_bank, tmp_path / "landing", date(1993, 8, 31))
    files = sorted((tmp_path / "landing").rglob("*.parquet"))
    assert {"/".join(path.parts[-4:-2]) for path in files} == {
        "core/customers", "core/branches", "core/accounts", "core/transactions", "core/account_balances",
        "crm/relations", "lending/loans", "cards/debit_cards",
    }  # fmt: skip
    for path in files:
        table = load_contract().tables[f"{path.parts[-4]}.{path.parts[-3]}"]
        rows = pq.read_table(path, partitioning=None)
        assert [table.arrow_schema.field(name) for name in rows.schema.names] == list(rows.schema), path
        for column in table.columns:
            assert column.name in rows.schema.names or not column.required, (path, column.name)
            if column.required and not column.nullable:
                assert rows[column.name].null_count == 0, (path, column.name)
            if column.values and column.name in rows.schema.names:
                assert set(rows[column.name].drop_null().to_pylist()) <= set(column.values), (path, column.name)
        assert (path.parent / "_SUCCESS").exists()


def test_nothing_the_bank_learned_later_reaches_an_earlier_day(small_bank, tmp_path):
    convert.convert(small_bank, tmp_path / "whole", date(1993, 2, 28))
    # the same bank as it stood then: no account 20, no client 3, no card, no later booking, another end of the loan
    cut = dict(FILES)
    cut["client"] = "\n".join(FILES["client"].splitlines()[:-1])
    cut["account"] = "\n".join(FILES["account"].splitlines()[:-1])
    cut["disp"] = "\n".join(FILES["disp"].splitlines()[:-1])
    cut["card"] = FILES["card"].splitlines()[0]
    cut["loan"] = FILES["loan"].replace('"A"', '"B"')
    cut["trans"] = "\n".join(FILES["trans"].splitlines()[:6])
    for name, text in cut.items():
        (small_bank / f"{name}.asc").write_text(text)
    convert.convert(small_bank, tmp_path / "cut", date(1993, 2, 28))
    assert len(every_file(tmp_path / "whole")) > 30
    assert every_file(tmp_path / "whole") == every_file(tmp_path / "cut")


def test_a_later_until_adds_the_days_between_and_touches_no_delivered_day(small_bank, tmp_path):
    landing = tmp_path / "landing"
    convert.convert(small_bank, landing, date(1993, 3, 10))
    before = every_file(landing)
    assert convert.convert(small_bank, landing, date(1993, 3, 10)) == 0
    convert.convert(small_bank, landing, date(1993, 4, 30))
    after = every_file(landing)
    assert len(after) > len(before) and {name: after[name] for name in before} == before


def test_each_booking_code_becomes_the_contracts_meaning(small_bank, tmp_path):
    landing = tmp_path / "landing"
    convert.convert(small_bank, landing, date(1993, 8, 31))
    found = {}
    for path in landing.glob("core/transactions/*/part-0.parquet"):
        for row in pq.read_table(path, partitioning=None).to_pylist():
            assert str(row["biz_date"]) == path.parent.name.removeprefix("biz_date=")
            own = row["is_customer_initiated"]
            found[int(row["txn_id"])] = (row["direction"], row["txn_type"], row["channel"], own)
    loan, order = ("out", "loan_repayment", "batch", False), ("out", "standing_order", "batch", False)
    assert found == {
        1: ("in", "cash", "counter", True),
        2: ("in", "interest", "batch", False),
        3: ("out", "fee", "batch", False),
        4: ("in", "pension", "batch", False),
        5: loan,
        6: ("in", "cash", "counter", True),
        7: loan,
        8: order,
        9: ("out", "fee", "batch", False),
        10: ("in", "transfer", "batch", False),
        11: ("out", "cash", "counter", True),
        12: ("out", "cash", "atm", True),
        13: loan,
    }
    pension = landed(landing, "core/transactions", "1993-02-11").iloc[0]
    # another bank's account 20 is not our account 20
    assert (pension["counterparty_bank"], pension["counterparty_account"]) == ("YZ", "YZ/20")


def test_balances_come_on_change_and_for_every_open_account_at_month_end(small_bank, tmp_path):
    landing = tmp_path / "landing"
    convert.convert(small_bank, landing, date(1993, 4, 30))

    def told(day: str) -> dict[str, str]:
        rows = landed(landing, "core/account_balances", day).itertuples()
        return {row.account_id: str(row.balance) for row in rows}

    assert told("1993-01-01") == {"10": "1000.10"}
    assert told("1993-01-31") == {"10": "987.70"}  # interest and fee of one day make one row
    assert told("1993-02-28") == {"10": "5987.70"}  # month-end without a booking
    assert told("1993-03-15") == {"20": "700.00"}
    assert told("1993-03-31") == {"10": "5587.50", "20": "700.00"}
    assert told("1993-04-06") == {"20": "-200.00"}  # overdrawn
    assert told("1993-04-30") == {"10": "5187.30", "20": "-200.50"}


def test_clients_accounts_ties_and_cards_are_known_from_their_day_on(small_bank, tmp_path):
    landing = tmp_path / "landing"
    convert.convert(small_bank, landing, date(1993, 6, 30))
    early, late = (
        landed(landing, "core/customers", day).set_index("customer_id") for day in ("1993-02-28", "1993-03-31")
    )
    assert list(early.index) == ["1", "2"] and list(late.index) == ["1", "2", "3"]
    eva = early.loc["2"]
    assert (eva["gender"], eva["birth_date"], eva["home_branch_id"]) == ("F", date(1935, 6, 12), "5")  # lives in 7
    assert late.loc["3", "opened_on"] == date(1993, 3, 15)
    assert landed(landing, "crm/relations", "1993-01-31").to_dict("records") == [
        {"customer_id": "2", "related_customer_id": "1", "relation_type": "co_holder", "since": date(1993, 1, 1)}
    ]
    assert not (landing / "cards/debit_cards/biz_date=1993-05-31").exists()
    assert list(landed(landing, "cards/debit_cards", "1993-06-30")["customer_id"]) == ["3"]
    branches = landed(landing, "core/branches", "1993-01-31").set_index("branch_id")["parent_branch_id"]
    assert branches.isna().sum() == 1 and set(branches.dropna()) == {"HEAD"}


@pytest.mark.parametrize(
    ("until", "status", "overdue_days", "balance"),
    [
        (date(1993, 2, 10), "performing", 0, "1200.00"),
        (date(1993, 3, 31), "performing", 0, "799.80"),
        (date(1993, 5, 10), "performing", 0, "399.60"),  # the third instalment falls due today
        (date(1993, 5, 11), "overdue", 1, "399.60"),
        (date(1993, 8, 8), "overdue", 90, "399.60"),
        (date(1993, 8, 9), "npl", 91, "399.60"),
        (date(1993, 8, 20), "settled", 0, "0.00"),
    ],
)
def test_a_loans_status_is_what_the_payments_seen_by_that_day_say(
    small_bank, tmp_path, until, status, overdue_days, balance
):
    convert.convert(small_bank, tmp_path, until)
    loan = landed(tmp_path, "lending/loans", str(until)).iloc[0]
    assert (loan["status"], loan["overdue_days"], str(loan["balance"])) == (status, overdue_days, balance)
    assert loan["settled_on"] == (date(1993, 8, 20) if status == "settled" else None)


def test_an_unknown_code_a_missing_file_and_a_day_beyond_the_data_are_named(small_bank, tmp_path):
    with pytest.raises(
        convert.BerkaError, match="until: expected a day from 1993-01-01 to 1993-08-31, found 1993-09-01"
    ):
        convert.convert(small_bank, tmp_path / "landing", date(1993, 9, 1))
    trans = small_bank / "trans.asc"
    trans.write_text(trans.read_text().replace("VYBER KARTOU", "SEK"))
    with pytest.raises(convert.BerkaError, match=r"BOOKINGS, found .*'operation': 'SEK'.* in 1 rows"):
        convert.convert(small_bank, tmp_path / "landing", date(1993, 8, 31))
    trans.unlink()
    with pytest.raises(convert.BerkaError, match="expected a file trans.asc or trans.asc.gz, found none"):
        convert.convert(small_bank, tmp_path / "landing", date(1993, 8, 31))
    assert not (tmp_path / "landing").exists()


def test_the_delivered_balances_are_the_banks_own_but_for_rounding(bank: Bank, landing: Path):
    files = sorted(landing.glob("core/account_balances/*/part-0.parquet"))
    assert len(files) == 348
    told = pd.concat([pq.read_table(path, partitioning=None).to_pandas() for path in files])
    told = told.astype({"account_id": int, "biz_date": "datetime64[us]", "balance": float})
    stated = bank.trans.merge(told, left_on=["account_id", "day"], right_on=["account_id", "biz_date"])
    assert len(stated) == (bank.trans["day"] <= "1993-12-14").sum()
    # a day's bookings have no order in the file, so the nearest of the day's stated balances is its last one
    off = (stated["balance_x"] - stated["balance_y"]).abs().groupby([stated["account_id"], stated["day"]]).min()
    assert off.max() <= 0.71


def test_every_transfer_to_another_bank_repeats_one_amount_on_one_day_of_the_month(bank: Bank):
    # why the converter calls them standing orders, although the order file has no dates
    orders = bank.trans[bank.trans["operation"] == "PREVOD NA UCET"]
    assert len(orders) == 6343
    each = orders.groupby(["account_id", "bank", "account", "k_symbol"]).agg(
        days=("day", lambda days: days.dt.day.nunique()), amounts=("amount", "nunique")
    )
    assert (each == 1).all(axis=None)
