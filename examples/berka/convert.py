"""A real bank's data in the landing zone: the Berka files (a Czech bank, 1993-1998) as the source contract wants them.

    python examples/berka/convert.py --from FOLDER --to var/landing --until 1993-09-29

This is the worked example of docs/connect-your-bank.md. It does what a bank's nightly extract does, once for every
calendar day up to `--until`: the day's transactions and changed balances, and at month-ends and on `--until` the
whole state of customers, branches, accounts and so on, with nothing in it that the bank learned only later.
A partition already delivered is never written again, so a later `--until` adds the days between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from mingdan.contract import load_contract

FIRST_DAY = pd.Timestamp("1993-01-01")
HEAD_OFFICE = "HEAD"

# What a booking is, first rule that fits. The symbol says more than the operation, so it goes first.
# column, code: txn_type, channel, started by the customer
BOOKINGS = [
    ("k_symbol", "UROK", "interest", "batch", False),
    ("k_symbol", "SANKC. UROK", "fee", "batch", False),  # penalty interest on an overdraft
    ("k_symbol", "SLUZBY", "fee", "batch", False),  # for statements
    ("k_symbol", "DUCHOD", "pension", "batch", False),
    ("k_symbol", "UVER", "loan_repayment", "batch", False),
    ("operation", "VKLAD", "cash", "counter", True),
    ("operation", "VYBER", "cash", "counter", True),
    ("operation", "VYBER KARTOU", "cash", "atm", True),
    ("operation", "PREVOD Z UCTU", "transfer", "batch", False),  # from another bank; wages are not marked as such
    ("operation", "PREVOD NA UCET", "standing_order", "batch", False),  # each one executes an order: see the docs
]


class BerkaError(ValueError):
    """A missing file, an unknown code or a day beyond the data: the message says which, and what was expected."""


@dataclass(frozen=True)
class Berka:
    """The files as frames: ids as text, dates as days, amounts in CZK; `last_day` is the last one known in full."""

    branches: pd.DataFrame  # one per district
    accounts: pd.DataFrame  # one per account, with its owner
    customers: pd.DataFrame  # one per client, owner or authorised person of exactly one account
    relations: pd.DataFrame  # authorised person to owner
    loans: pd.DataFrame
    cards: pd.DataFrame
    transactions: pd.DataFrame  # `signed` is the amount with its direction
    last_day: pd.Timestamp


def read(folder: Path) -> Berka:
    """Read the seven files (plain or .gz). Raises BerkaError for a missing file or an unknown transaction code."""
    district, client, account = table(folder, "district"), table(folder, "client"), table(folder, "account")
    disp, loan, card, trans = (table(folder, name) for name in ("disp", "loan", "card", "trans"))

    branches = pd.DataFrame({"branch_id": district["A1"], "branch_name": district["A2"], "region_code": district["A3"]})
    # The row of 1995/96 statistics beside the name is left alone: nobody knew it in 1993.
    head = {"branch_id": HEAD_OFFICE, "branch_name": "Head office", "level": "head"}
    branches = branches.assign(level="branch", parent_branch_id=HEAD_OFFICE)
    branches = pd.concat([pd.DataFrame([head]), branches], ignore_index=True)

    account["opened_on"] = day(account["date"])
    holding = disp.merge(account[["account_id", "district_id", "opened_on"]], on="account_id")
    owners = holding.loc[holding["type"] == "OWNER", ["account_id", "client_id"]]
    owners = owners.rename(columns={"client_id": "customer_id"})
    accounts = account.merge(owners, on="account_id").assign(
        product_code="current_account", account_type="demand", currency="CZK", status="active"
    )  # the data closes no account
    accounts = accounts.rename(columns={"district_id": "branch_id"})

    born = client["birth_number"].astype(int)  # YYMMDD, women with 50 added to the month
    is_woman = born // 100 % 100 > 50
    client["birth_date"] = day((born - is_woman * 5000).astype(str).str.zfill(6))
    client["gender"] = is_woman.map({True: "F", False: "M"})
    # Home is the branch that keeps the account, not the district of residence (nine in a hundred live in another):
    # that branch knows the client, and a lead about an account belongs to those who keep it.
    customers = holding.merge(client.drop(columns="district_id"), on="client_id")
    customers = customers.rename(columns={"client_id": "customer_id", "district_id": "home_branch_id"})

    authorised = holding[holding["type"] == "DISPONENT"].merge(owners, on="account_id")
    relations = authorised.rename(
        columns={"client_id": "customer_id", "customer_id": "related_customer_id", "opened_on": "since"}
    ).assign(relation_type="co_holder")

    loan["opened_on"] = day(loan["date"])
    loan["term_months"] = loan["duration"].astype(int)
    loan["matures_on"] = months_after(loan["opened_on"], loan["term_months"])
    loan[["principal", "payment"]] = loan[["amount", "payments"]].astype(float)
    loans = loan.drop(columns="status").merge(accounts[["account_id", "customer_id", "branch_id"]], on="account_id")

    card["issued_on"] = day(card["issued"].str[:6])
    cards = card.merge(disp[["disp_id", "client_id", "account_id"]], on="disp_id")
    cards = cards.rename(columns={"client_id": "customer_id"})

    transactions = booked(trans)
    # The last day of a cut file may be cut too, so it does not count.
    return Berka(
        branches, accounts, customers, relations, loans, cards, transactions,
        transactions["biz_date"].max() - pd.Timedelta(days=1),
    )  # fmt: skip


def table(folder: Path, name: str) -> pd.DataFrame:
    """One Berka file, every cell as text, a lone space as empty."""
    found = sorted(folder.glob(f"{name}*.asc*"))
    if not found:
        raise BerkaError(f"{folder}: expected a file {name}.asc or {name}.asc.gz, found none.")
    frame = pd.read_csv(found[0], sep=";", dtype=str, keep_default_na=False)
    return frame.apply(lambda cells: cells.str.strip())


def day(yymmdd: pd.Series) -> pd.Series:
    return pd.to_datetime("19" + yymmdd, format="%Y%m%d")


def months_after(start: pd.Series, months: pd.Series) -> pd.Series:
    later = [day + pd.DateOffset(months=n) for day, n in zip(start, months, strict=True)]
    return pd.Series(later, start.index, "datetime64[us]")


def booked(trans: pd.DataFrame) -> pd.DataFrame:
    """The transactions in the contract's columns. The running `balance` is not used: see the docs."""
    trans = trans.rename(columns={"trans_id": "txn_id"})
    trans["booked_at"] = trans["biz_date"] = day(trans["date"])  # only the day is known: midnight
    trans["direction"] = trans["type"].map({"PRIJEM": "in", "VYDAJ": "out", "VYBER": "out"})
    trans["amount"] = trans["amount"].astype(float)
    trans["signed"] = trans["amount"].where(trans["direction"] == "in", -trans["amount"])
    trans["txn_type"] = trans["channel"] = trans["is_customer_initiated"] = None
    for column, code, txn_type, channel, by_customer in reversed(BOOKINGS):
        fits = trans[column] == code
        trans["txn_type"] = trans["txn_type"].mask(fits, txn_type)
        trans["channel"] = trans["channel"].mask(fits, channel)
        trans["is_customer_initiated"] = trans["is_customer_initiated"].mask(fits, by_customer)
    unknown = trans[trans["txn_type"].isna() | trans["direction"].isna()]
    if len(unknown):
        codes = unknown[["type", "operation", "k_symbol"]].iloc[0].to_dict()
        raise BerkaError(f"transactions: expected the codes listed in BOOKINGS, found {codes} in {len(unknown)} rows.")
    # The other side's number is unique only within its bank, and must not be taken for one of our accounts.
    elsewhere = trans["bank"] != ""
    trans["counterparty_bank"] = trans["bank"].where(elsewhere)
    trans["counterparty_account"] = (trans["bank"] + "/" + trans["account"]).where(elsewhere)
    return trans


def snapshots(bank: Berka, on: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """The whole state as the bank knew it at the end of that day, by contract table."""
    return {
        "core.branches": bank.branches,
        "core.customers": bank.customers[bank.customers["opened_on"] <= on],
        "core.accounts": bank.accounts[bank.accounts["opened_on"] <= on],
        "crm.relations": bank.relations[bank.relations["since"] <= on],
        "lending.loans": loans_known(bank, on),
        "cards.debit_cards": bank.cards[bank.cards["issued_on"] <= on].assign(kind="standard", status="active"),
    }


def loans_known(bank: Berka, on: pd.Timestamp) -> pd.DataFrame:
    """Loans paid out by then. The file's status is the one at the end of 1998, so it is not used: what was paid by
    that day decides. `amount` is the sum of the instalments, and no rate is given: it stands at 0."""
    loans = bank.loans[bank.loans["opened_on"] <= on].copy()
    flows = bank.transactions.query("txn_type == 'loan_repayment' and biz_date <= @on").groupby("account_id")
    paid = flows["amount"].sum().reindex(loans["account_id"], fill_value=0.0).set_axis(loans.index)  # one loan each
    last_paid_on = flows["biz_date"].max().reindex(loans["account_id"]).set_axis(loans.index)
    instalments = (paid / loans["payment"]).round().astype(int)  # a payment differs from the instalment by cents
    unpaid_since = months_after(loans["opened_on"], instalments + 1)
    is_settled = (instalments >= loans["term_months"]) & (loans["matures_on"] <= on)
    overdue = (on - unpaid_since).dt.days.clip(lower=0).mask(is_settled, 0)
    status = pd.cut(overdue, [-1, 0, 90, 10_000], labels=["performing", "overdue", "npl"]).astype(str)
    return loans.assign(
        product_code="loan", loan_type="consumer", annual_rate=0.0,
        balance=(loans["principal"] - paid).clip(lower=0).mask(is_settled, 0),
        overdue_days=overdue,
        status=status.mask(is_settled, "settled"),
        settled_on=loans["matures_on"].where(loans["matures_on"] >= last_paid_on, last_paid_on).where(is_settled),
        settlement_kind=pd.Series("matured", index=loans.index).where(is_settled),
    )  # fmt: skip


def events(bank: Berka, until: pd.Timestamp) -> Iterator[tuple[pd.Timestamp, dict[str, pd.DataFrame]]]:
    """Day by day from the first: what was booked, and the balances that changed (at month-ends: of every account)."""
    by_day = dict(list(bank.transactions.groupby("biz_date")))
    nothing = bank.transactions.iloc[:0]
    balances = pd.Series(dtype=float)
    for today in pd.date_range(FIRST_DAY, until):
        rows = by_day.get(today, nothing)
        moved = rows.groupby("account_id")["signed"].sum()
        balances = balances.add(moved, fill_value=0)  # an account opens with its first booking, from zero
        told = balances if today.is_month_end or today == FIRST_DAY else balances[moved.index]
        frame = told.round(2).rename("balance").rename_axis("account_id").reset_index().assign(biz_date=today)
        yield today, {"core.transactions": rows, "core.account_balances": frame}


def deliver(landing: Path, table_id: str, on: pd.Timestamp, frame: pd.DataFrame) -> bool:
    """Write one partition in the contract's own column types, `_SUCCESS` last; False where it was there already.

    A table that may not be empty and has no row yet is not delivered at all: the bank does not have it yet."""
    wanted = load_contract().tables[table_id]
    folder = landing / wanted.source / wanted.name / f"biz_date={on:%Y-%m-%d}"
    done = folder / "_SUCCESS"
    if done.exists() or (frame.empty and not wanted.may_be_empty):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    if len(frame):
        schema = pa.schema([field for field in wanted.arrow_schema if field.name in frame.columns])
        rows = pa.Table.from_pandas(frame[schema.names], preserve_index=False).cast(schema)
        pq.write_table(rows.sort_by([(column, "ascending") for column in wanted.key]), folder / "part-0.parquet")
    done.touch()
    return True


def convert(folder: Path, landing: Path, until: date) -> int:
    """Deliver every day from 1993-01-01 to `until`; returns how many partitions were written.

    Raises BerkaError when the files do not reach that far."""
    bank = read(folder)
    last = pd.Timestamp(until)
    if not FIRST_DAY <= last <= bank.last_day:
        raise BerkaError(f"until: expected a day from {FIRST_DAY:%Y-%m-%d} to {bank.last_day:%Y-%m-%d}, found {until}.")
    written = 0
    for today, frames in events(bank, last):
        if today.is_month_end or today == last:
            frames |= snapshots(bank, today)
        written += sum(deliver(landing, table_id, today, frame) for table_id, frame in frames.items())
    return written


def main(
    source: Annotated[Path, typer.Option("--from", envvar="BERKA_DATA", help="folder with the Berka .asc files")],
    landing: Annotated[Path, typer.Option("--to", help="landing zone to write to")],
    until: Annotated[str, typer.Option(help="last day to deliver, YYYY-MM-DD")],
) -> None:
    """Deliver the Berka bank's days up to --until to a landing zone."""
    try:
        written = convert(source, landing, date.fromisoformat(until))
    except BerkaError as error:
        raise SystemExit(str(error)) from error
    typer.echo(f"{written} partitions written to {landing}")


if __name__ == "__main__":
    typer.run(main)
