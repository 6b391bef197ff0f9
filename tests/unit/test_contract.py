"""The source contract says what it promises, and a malformed one is refused by name."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from mingdan.contract import SOURCES_FOLDER, Band, Contract, ContractError, Reference, load_contract

REQUIRED = {"core.customers", "core.branches", "core.accounts", "core.account_balances", "core.transactions"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    loaded = load_contract()
    assert len(loaded.tables) >= 40
    assert sum(len(table.columns) for table in loaded.tables.values()) >= 300
    return loaded


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_every_source_has_a_file_of_its_own_name(contract: Contract) -> None:
    files = {path.stem for path in SOURCES_FOLDER.glob("*.yml")}
    assert files == {"core", "wealth", "lending", "cards", "acquiring", "channels", "external", "crm", "hr", "portal"}
    assert {table.source for table in contract.tables.values()} == files


def test_every_source_is_read_from_the_landing_schema() -> None:
    for path in SOURCES_FOLDER.glob("*.yml"):
        (source,) = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
        assert (source["name"], source["schema"]) == (path.stem, "landing")
        assert source["description"]


def test_every_table_is_described_in_both_languages(contract: Contract) -> None:
    for table in contract.tables.values():
        assert has_chinese(table.zh), table.id
        assert table.en.isascii() and not has_chinese(table.description), table.id
        assert table.description.endswith("."), table.id


def test_every_column_has_a_privacy_class_a_chinese_name_and_a_sentence(contract: Contract) -> None:
    for table in contract.tables.values():
        for column in table.columns:
            where = f"{table.id}.{column.name}"
            assert column.privacy in {"C1", "C2", "C3"}, where
            assert has_chinese(column.zh), where
            assert column.description.endswith(".") and not has_chinese(column.description), where
            assert "{{" not in column.description, f"{where}: dbt would render it"


def test_exactly_five_tables_are_required_and_never_empty_and_stop_when_late(contract: Contract) -> None:
    assert {table.id for table in contract.tables.values() if table.required} == REQUIRED
    for name in REQUIRED:
        assert not contract.tables[name].may_be_empty
        assert contract.tables[name].late == "stop"


def test_contact_history_that_is_expected_stops_when_missing_but_may_be_empty(contract: Contract) -> None:
    contacts = contract.tables["crm.contacts"]
    assert (contacts.required, contacts.may_be_empty, contacts.late) == (False, True, "stop")


def test_only_late_tables_that_use_the_last_delivery_say_for_how_many_days(contract: Contract) -> None:
    for table in contract.tables.values():
        assert (table.late == "use_last") == bool(table.late_days), table.id
    assert contract.tables["lending.bureau_summaries"].late == "off"


def test_every_reference_resolves_to_a_column_of_the_same_type(contract: Contract) -> None:
    links = [(table, link) for table in contract.tables.values() for link in table.references]
    assert len(links) > 50
    for table, link in links:
        target = contract.tables[link.to_table]
        assert table.column(link.column).type == target.column(link.to_column).type, (table.id, link)
        assert target.kind == "snapshot" and target.key == (link.to_column,), (table.id, link)


def test_every_customer_id_outside_the_customer_table_is_a_reference(contract: Contract) -> None:
    expected = Reference("customer_id", "core.customers", "customer_id")
    holders = [table for table in contract.tables.values() if "customer_id" in table.arrow_schema.names]
    assert len(holders) > 20
    assert [table.id for table in holders if expected not in table.references] == ["core.customers"]


def test_enumerated_values_are_text_and_each_stands_once(contract: Contract) -> None:
    listed = [each for table in contract.tables.values() for each in table.columns if each.values]
    assert len(listed) > 30
    for each in listed:
        assert each.type == "varchar", each
        assert all(isinstance(value, str) for value in each.values), each  # YAML turns a bare off into false
        assert len(set(each.values)) == len(each.values), each


def test_every_key_names_columns_and_the_required_tables_keys_hold_no_nulls(contract: Contract) -> None:
    for table in contract.tables.values():
        assert table.key and set(table.key) <= set(table.arrow_schema.names), table.id
        if table.required:
            assert not any(table.column(name).nullable for name in table.key), table.id
    assert contract.tables["core.account_balances"].key == ("account_id", "biz_date")
    assert contract.tables["core.transactions"].key == ("txn_id",)


def test_event_tables_with_a_business_date_hold_it_to_the_partition_and_snapshots_have_none(contract: Contract) -> None:
    for table in contract.tables.values():
        has_date = "biz_date" in table.arrow_schema.names
        assert table.date_column == ("biz_date" if has_date else None), table.id
        assert table.kind == "event" or not has_date, table.id
        assert (table.kind == "event") == bool(table.window_days), table.id


def test_bureau_detail_is_c3_and_nothing_else_is(contract: Contract) -> None:
    bureau = contract.tables["lending.bureau_summaries"]
    open_columns = {"customer_id", "authorised_purposes", "authorised_until"}
    assert {column.name for column in bureau.columns if column.privacy != "C3"} == open_columns
    others = [table for table in contract.tables.values() if table is not bureau]
    assert not [(table.id, each.name) for table in others for each in table.columns if each.privacy == "C3"]


@pytest.mark.parametrize("name", ["customer_id", "account_id", "full_name", "mobile", "id_hash", "birth_date"])
def test_identity_contact_and_assets_are_never_c1(contract: Contract, name: str) -> None:
    holders = [table for table in contract.tables.values() if name in table.arrow_schema.names]
    assert holders
    assert {table.column(name).privacy for table in holders} <= {"C2", "C3"}


def test_consent_columns_are_optional_because_absent_means_no(contract: Contract) -> None:
    customers = contract.tables["core.customers"]
    for name in ("marketing_consent", "profiling_refused", "do_not_contact", "consent_updated_on"):
        assert not customers.column(name).required
        assert customers.column(name).nullable


def test_staff_pay_alone_stands_behind_a_switch_of_its_own(contract: Contract) -> None:
    assert {table.id: table.switch for table in contract.tables.values() if table.switch} == {"hr.staff_pay": "pay"}


def test_money_rates_and_moments_have_exact_arrow_types(contract: Contract) -> None:
    transactions = contract.tables["core.transactions"]
    assert transactions.view == "core__transactions"
    assert transactions.column("amount").arrow_type == pa.decimal128(18, 2)
    assert transactions.column("amount").sql_type == "decimal(18,2)"
    assert transactions.column("amount").minimum == 0
    assert transactions.column("direction").values == ("in", "out")
    assert transactions.arrow_schema.field("booked_at").type == pa.timestamp("us")
    assert transactions.arrow_schema.field("biz_date").type == pa.date32()
    assert contract.tables["core.product_rates"].column("annual_rate").arrow_type == pa.decimal128(9, 6)
    assert contract.tables["core.customers"].band == Band(0.2, 0.5)


def test_amounts_and_counts_are_never_floating_point_and_shares_have_six_decimals(contract: Contract) -> None:
    doubles = {each.name for table in contract.tables.values() for each in table.columns if each.type == "double"}
    assert doubles == {"latitude", "longitude"}
    columns = [each for table in contract.tables.values() for each in table.columns]
    assert {each.type for each in columns if each.name.endswith(("_rate", "_margin"))} == {"decimal(9,6)"}
    assert {each.type for each in columns if each.name.endswith(("amount", "balance"))} == {"decimal(18,2)"}
    assert {each.type for each in columns if each.name.endswith("_count")} == {"integer"}


def test_only_optional_columns_and_those_that_say_so_may_hold_nulls(contract: Contract) -> None:
    customers = contract.tables["core.customers"]
    assert not customers.column("customer_id").nullable
    assert customers.column("mobile").nullable  # optional
    assert customers.column("birth_date").nullable  # required, but unknown for some
    assert customers.column("birth_date").required


def test_an_unknown_column_is_a_key_error_that_names_the_table(contract: Contract) -> None:
    with pytest.raises(KeyError, match=r"core\.customers has no column shoe_size"):
        contract.tables["core.customers"].column("shoe_size")


def test_the_contract_is_read_once_per_folder_and_has_a_version() -> None:
    assert load_contract() is load_contract(SOURCES_FOLDER)
    assert load_contract().version == "1.0"


SMALL = yaml.safe_load(
    """
version: 2
sources:
  - name: core
    schema: landing
    config: {meta: {contract_version: "1.0"}}
    tables:
      - name: customers
        identifier: core__customers
        description: Every customer.
        config:
          meta:
            title: {zh: 客户, en: Customers}
            kind: snapshot
            cadence: daily
            required: true
            may_be_empty: false
            late: {do: stop}
            key: [customer_id]
            references: [{column: referrer_id, to: core.customers.customer_id}]
            band: {fall: 0.2, rise: 0.5}
        columns:
          - name: customer_id
            data_type: varchar
            description: The customer number.
            config: {meta: {zh: 客户号, required: true, privacy: C2}}
          - name: referrer_id
            data_type: varchar
            description: Who brought this one.
            config: {meta: {zh: 推荐人, required: false, privacy: C2}}
"""
)


def written(folder: Path, document: Any) -> Path:
    (folder / "core.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return folder


def test_a_small_well_formed_contract_loads(tmp_path: Path) -> None:
    table = load_contract(written(tmp_path, SMALL)).tables["core.customers"]
    assert (table.id, table.late, table.late_days, table.window_days) == ("core.customers", "stop", None, None)
    assert table.references == (Reference("referrer_id", "core.customers", "customer_id"),)


def meta(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda table: table["config"]["meta"].update(changes)


def column_meta(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda table: table["columns"][1]["config"]["meta"].update(changes)


def column(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda table: table["columns"][1].update(changes)


MALFORMED: dict[str, tuple[Callable[[dict[str, Any]], Any], str, str, Any]] = {
    "unknown kind": (meta(kind="stream"), "", "kind, one of snapshot, event", "stream"),
    "unknown cadence": (meta(cadence="weekly"), "", "cadence, one of daily, monthly, on_change", "weekly"),
    "bare off": (meta(late={"do": False}), "", "do, one of stop, off, use_last", False),
    "use_last without days": (meta(late={"do": "use_last"}), "", "days as a int", None),
    "days that are text": (meta(late={"do": "use_last", "days": "3"}), "", "days as a int", "3"),
    "half a band": (meta(band={"fall": 0.2}), "", "rise as a float", None),
    "event without a window": (meta(kind="event"), "", "window_days as a int", None),
    "no key": (meta(key=[]), "", "key as a list", []),
    "key that is no column": (meta(key=["id"]), "id", "exactly one column", ["customer_id", "referrer_id"]),
    "no Chinese title": (meta(title={"en": "Customers"}), "", "zh as a str", None),
    "misspelt meta": (meta(privcy="C2"), "", "only the meta names", "privcy"),
    "reference to nowhere": (
        meta(references=[{"column": "referrer_id", "to": "core.people.person_id"}]),
        "referrer_id", "a reference to a column we have", "core.people.person_id",
    ),
    "reference to no column": (
        meta(references=[{"column": "referrer_id", "to": "core.customers.number"}]),
        "referrer_id", "a reference to a column we have", "core.customers.number",
    ),
    "reference from no column": (
        meta(references=[{"column": "friend_id", "to": "core.customers.customer_id"}]),
        "friend_id", "exactly one column", ["customer_id", "referrer_id"],
    ),
    "unknown type": (column(data_type="float"), "referrer_id", "data_type, one of varchar", "float"),
    "no description": (column(description=""), "referrer_id", "description as a str", ""),
    "no privacy class": (column_meta(privacy=None), "referrer_id", "privacy, one of C1, C2, C3", None),
    "required as text": (column_meta(required="yes"), "referrer_id", "required as a bool", "yes"),
    "duplicate column": (
        lambda table: table["columns"].append(table["columns"][1]),
        "referrer_id", "exactly one column", ["customer_id", "referrer_id", "referrer_id"],
    ),
    "wrong identifier": (lambda table: table.update(identifier="customers"), "", "core__customers", "customers"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_table_is_refused_naming_file_table_column_expected_and_found(tmp_path: Path, case: str) -> None:
    spoil, name, expected, found = MALFORMED[case]
    document = copy.deepcopy(SMALL)
    spoil(document["sources"][0]["tables"][0])
    with pytest.raises(ContractError) as caught:
        load_contract(written(tmp_path, document))
    error = caught.value
    assert (error.file, error.table, error.column, error.found) == ("core.yml", "core.customers", name, found)
    assert expected in error.expected
    for part in ("core.yml", "core.customers", name, error.expected, repr(found)):
        assert part in str(error)


def test_a_table_stated_twice_is_refused_naming_both_files(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    (tmp_path / "again.yml").write_text(yaml.safe_dump(SMALL), encoding="utf-8")
    with pytest.raises(ContractError, match=r"core\.yml: table core\.customers.*each table once.*again\.yml"):
        load_contract(tmp_path)


def test_unreadable_yaml_is_refused_naming_the_file(tmp_path: Path) -> None:
    (tmp_path / "core.yml").write_text("sources: [", encoding="utf-8")
    with pytest.raises(ContractError, match=r"core\.yml: .*readable YAML"):
        load_contract(tmp_path)


@pytest.mark.parametrize("document", [None, {"sources": []}, {"sources": ["core"]}])
def test_a_file_without_sources_is_refused_naming_the_file(tmp_path: Path, document: Any) -> None:
    with pytest.raises(ContractError, match=r"core\.yml"):
        load_contract(written(tmp_path, document))


def test_a_folder_without_a_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="exactly one contract_version"):
        load_contract(tmp_path)
