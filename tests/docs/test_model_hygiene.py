"""The house's rules for models, walked over all of them: described, owned, keyed, named, and reading downwards only.

What is let off stands in a list below, each with its reason; an exception that is no longer needed fails too."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from mingdan import ahead, catalog, dictionary
from mingdan.contract import load_contract

MODELS = dictionary.models()

# layer → layers whose models it may read, besides seeds
READS = {
    "staging": set(),
    "earlier": {"staging", "earlier"},
    "facts": {"staging", "earlier", "facts"},
    "labels": {"staging", "facts", "labels"},
    "segments": {"labels"},
    "lists": {"staging", "facts", "labels", "segments"},  # but no event table: see below
    "candidates": {"lists"},
    "delivery": {"staging", "facts", "labels", "candidates", "delivery"},
    "reports": {"staging", "facts", "labels", "segments", "reports"},
    "pay": {"staging"},
    "review": {"staging", "facts", "labels", "delivery", "review"},
}
# (layer, model that it reads all the same) → why
READS_ANYWAY = {
    ("earlier", "holding_changes"): "investments as known when it is built; customer_peaks looks again",
    ("labels", "earlier_balance_changes"): "changes_of: of a few customers customer_balance_changes, by their accounts",
    ("segments", "prospects"): "prospects are no customers and have no labels; the fact is all that is known",
    ("reports", "branch_capacity"): "a report on work needs the branches at work and what each can do in a day",
    ("reports", "managers_present"): "the same for their managers",
}

# lists select and order; what must be counted from an event table is a fact or a label first
SCANS_ANYWAY = {
    "list_merchant_credit": "takings of the customer's shops, summed for the limit it proposes: one small table",
}

# the only readers of source() beside staging: what mingdan itself puts into the warehouse is no contract table
SOURCES_ANYWAY = {
    "lead_memory": "memory.published_decisions, which the run registers from published files",
    "contact_pressure": "memory.published_decisions: whose contact a customer's lead was",
    "members_once": "memory.verdicts, which the run registers from the checks on candidates",
    "screened": "memory.verdicts, as members_once",
    "review_successes": "memory.published_decisions, as lead_memory",
    "report_branch_progress": "memory.published_leads: what branches were shown, which only published files say",
    "report_experience": "memory.published_decisions: of which list a lead was",
}

KEYLESS_LAYERS = {
    "staging": "views; the key of each contract table is checked on the landed rows, before staging",
    "lists": "ephemeral in effect: list_members unites them, and its key is (list, subject)",
}
KEYLESS = {
    "customer_balance_changes": "a view of new_ and earlier_balance_changes, which carry the tests",
    "earlier_customer_changes": "a view of earlier_balance_ and earlier_holding_changes, which carry the tests",
    "deposit_months": "a view over earlier_deposit_months, which carries the key test, and the days after it",
    "inside_transfers": "a view over earlier_inside_transfers, which carries the key test, and the days after it",
    "external_flows": "a view over transactions, whose txn_id the contract checks; a test would scan them again",
    "outside_movements": "a view over earlier_movements and later_movements, which carry the key test",
    "events_customer": "a part of customer_events, which carries the key test",
    "events_product": "a part of customer_events, which carries the key test",
    "events_market": "a part of customer_events, which carries the key test",
}

# layers that departments define; the others are the package's own, and its maintainers answer for them
OWNED = ("labels", "segments", "lists")
OWNERLESS = {
    "customer_labels": "every column of it belongs to the owner of its label",
    "customer_segments": "every row of it belongs to the owner of its segment",
    "prospect_segments": "every row of it belongs to the owner of its segment",
    "preference_features": "a part of label_preference, whose labels have owners",
    "events_customer": "the entry of customer_events names the owners",
    "events_product": "the entry of customer_events names the owners",
    "events_market": "the entry of customer_events names the owners",
}

NAMES = {
    "staging": r"stg_[a-z]+__[a-z_]+",
    "earlier": r"earlier_[a-z_]+",
    "facts": r"(?!stg_|earlier_|label_|segment_|list_|report_)[a-z][a-z0-9_]+",
    "labels": r"label_[a-z_]+|(customer|merchant)_labels|customer_events|events_[a-z]+|preference_features",
    "segments": r"segment_[a-z_]+|(customer|prospect)_segments",
    "lists": r"list_[a-z_]+",
    "reports": r"report_[a-z0-9_]+|segment_(marts|migration)",
}
BAD_WORDS = re.compile(r"(^|_)(utils?|helpers?|common|manager|v2|final|tmp|temp)(_|$)")


def layer(model: str) -> str:
    return MODELS[model].relative_to(catalog.MODELS).parts[0]


def head(model: str) -> str:
    """The comment that a model begins with."""
    lines = [line for line in dictionary.sql_of(model).splitlines() if line and not line.startswith("{{ config")]
    found = []
    for line in lines:
        if not line.startswith("--"):
            break
        found.append(line)
    return " ".join(found)


def data_tests(model: str) -> set[str]:
    entry = dictionary.entry(model)
    tests = [*(entry.get("data_tests") or [])]
    tests += [test for column in entry.get("columns") or [] for test in column.get("data_tests") or []]
    return {test if isinstance(test, str) else next(iter(test)) for test in tests}


def owners(model: str) -> set[str]:
    """Owners that a model's entry names: its own, or those of its columns."""
    entry = dictionary.entry(model)
    metas = [dictionary.meta_of(entry), *(dictionary.meta_of(column) for column in entry.get("columns") or [])]
    metas += list((metas[0].get("events") or {}).values())
    return {str(meta["owner"]) for meta in metas if meta.get("owner")}


def reading() -> Iterator[tuple[str, str]]:
    for model in MODELS:
        yield from ((model, other) for other in sorted(dictionary.refs(dictionary.sql_of(model))) if other in MODELS)


def test_the_walk_finds_the_models_of_every_layer() -> None:
    assert {layer(model) for model in MODELS} == set(READS)
    assert len(MODELS) > 100 and len(list(reading())) > 150


def test_every_model_has_an_entry_with_a_description() -> None:
    assert [model for model in MODELS if not dictionary.entry(model)] == []
    assert [model for model in MODELS if not str(dictionary.entry(model).get("description") or "").strip()] == []


def test_every_entry_describes_a_model_that_exists() -> None:
    assert [name for name in catalog.properties() if name not in MODELS] == []


def test_every_model_says_its_grain_before_its_sql() -> None:
    told = re.compile(r"\b(one|a) (row|view)\b", re.IGNORECASE)
    # a list's grain is every list's: one row per subject, as marketing_list makes it
    silent = [model for model in MODELS if layer(model) != "lists" and not told.search(head(model))]
    assert silent == []


def test_every_built_model_has_a_key_test() -> None:
    keyless = {model for model in MODELS if not data_tests(model) & {"key", "unique_together"}}
    assert sorted(model for model in keyless - set(KEYLESS) if layer(model) not in KEYLESS_LAYERS) == []
    assert sorted(name for name in KEYLESS if name in MODELS and name not in keyless) == [], "no longer an exception"


def test_every_label_segment_and_list_has_an_owner() -> None:
    ownerless = {model for model in MODELS if layer(model) in OWNED and not owners(model)}
    assert sorted(ownerless - set(OWNERLESS)) == []


def test_a_column_of_a_label_is_described_and_typed() -> None:
    columns = [(model, column) for model in MODELS if re.match("label_|merchant_labels", model)
               for column in dictionary.entry(model).get("columns") or []]  # fmt: skip
    assert len(columns) > 100
    assert [f"{model}.{column['name']}" for model, column in columns if not column.get("description")] == []
    assert [f"{model}.{column['name']}" for model, column in columns if not column.get("data_type")] == []


def test_the_meta_of_a_column_holds_nothing_but_its_fields() -> None:
    # five that all have, and the names of codes where reasons show them;
    # a comma in an unquoted name of a flow mapping would make a key of what follows it
    odd = {
        f"{model}.{column['name']}: {key}"
        for model, entry in catalog.properties().items()
        for column in entry.get("columns") or []
        for key in set(dictionary.meta_of(column)) - {"zh", "en", "type", "owner", "privacy", "codes"}
        if model.startswith("label_")
    }
    assert sorted(odd) == []


def test_no_model_reads_upwards() -> None:
    wrong = [(model, other) for model, other in reading() if layer(other) not in READS[layer(model)]]
    found = {(layer(model), other) for model, other in wrong}
    assert [f"{model} reads {other}" for model, other in wrong if (layer(model), other) not in READS_ANYWAY] == []
    assert [pair for pair in READS_ANYWAY if pair not in found] == [], "no longer an exception"


def test_no_list_scans_an_event_table() -> None:
    tables = load_contract().tables.values()
    events = {f"stg_{table.id.replace('.', '__')}" for table in tables if table.kind == "event"}
    assert {"stg_core__transactions", "stg_lending__repayments"} <= events
    scanning = {model for model, other in reading() if layer(model) == "lists" and other in events}
    assert sorted(scanning - set(SCANS_ANYWAY)) == []
    assert sorted(name for name in SCANS_ANYWAY if name in MODELS and name not in scanning) == [], "no longer needed"


def test_what_is_built_ahead_is_held_against_every_event_table_that_it_reads() -> None:
    read, waiting = set(), {model for model in MODELS if layer(model) == "earlier"}
    while waiting:
        read |= waiting
        waiting = {other for model, other in reading() if model in read} - read
    events = [table for table in load_contract().tables.values() if table.kind == "event"]
    found = {table.id for table in events if f"stg_{table.id.replace('.', '__')}" in read}
    assert sorted(ahead.READS) == sorted(found)
    assert not [table.id for table in events if table.id in found and table.stands], "older days would be read"


def test_only_staging_reads_sources_and_each_of_its_models_one() -> None:
    readers = {model: set(dictionary.SOURCE.findall(dictionary.without_comments(dictionary.sql_of(model))))
               for model in MODELS}  # fmt: skip
    assert sorted(model for model, found in readers.items() if found and layer(model) != "staging") == sorted(
        SOURCES_ANYWAY
    )
    several = {model: len(found) for model, found in readers.items() if layer(model) == "staging" and len(found) != 1}
    assert several == {"stg_crm__contacts": 2}  # one history of contacts, whoever recorded them


@pytest.mark.parametrize("folder", NAMES)
def test_a_model_is_named_after_its_layer(folder: str) -> None:
    wrong = [model for model in MODELS if layer(model) == folder and not re.fullmatch(NAMES[folder], model)]
    assert wrong == []
    assert [model for model in MODELS if layer(model) == folder and BAD_WORDS.search(model)] == []
