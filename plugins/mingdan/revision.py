"""What a revision is made of: the day as it was built, checked, typed, and put into the published form.

Nothing here knows where it is published. Errors are PublicationError: the day does not add up or may not be published.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mingdan import branch_rows, catalog, reasons

if TYPE_CHECKING:
    import pandas as pd

STATES = ("published", "empty", "withheld", "off")
MONEY = pa.decimal128(18, 2)
# The exact types of leads.parquet, so that a column that is empty today has tomorrow's type; others stay as they come.
LEAD_TYPES = {
    **dict.fromkeys(("rank", "score", "risk_level", "days_open", "revision", "kept_from_revision"), pa.int32()),
    **dict.fromkeys(("priority", "stake_amount", "value_amount"), MONEY),
    **dict.fromkeys(
        ("due_on", "first_listed_on", "next_contact_on", "last_contact_on", "list_date", "as_of"), pa.date32()
    ),
    "data_stale": pa.bool_(),
}
MORE_LEAD_COLUMNS = (
    "rule_ids",
    "facts",
    "talk_variant",
    "offer_code",
    "value_amount",
    "central_channel",
    "kept_from_revision",
)
OPENING, NEVER_SAY = "开场", "禁语"


class PublicationError(RuntimeError):
    """A day cannot be published; the message names what was expected and what was found."""


@dataclass(frozen=True)
class Day:
    """Everything a revision is made of. The frames hold decimals as decimal, dates as date, unknown as null.

    leads: one row per listed lead (delivery's `leads`). decisions, waterfall: Parquet files, published as they are.
    lists: {list, branch_id, state, rows, why}, one row per open branch and list that is on, one with branch_id null
    per list that is off; rows may be left out and are counted. entries: meta by list code, and by report_<name>.
    branches: branch_id, branch_name of every open branch. reports: by name, each with a branch_id column.
    changes: branch_id, lead_id, list, subject_id, change, why, rank_now, rank_before [, full_name].
    names: label → code → {zh, en} (catalog.code_names). offers, benefits, talk_tracks: settings' tables.
    policy: the numbers that delivery went by.
    homes: unit → the branch that its business goes to, and present: manager → the branch where they work today; a
    correction asks both of kept leads.
    portal: Parquet files for pages, by name.
    next_list_date: the next working day."""

    business_date: date
    list_date: date
    leads: pd.DataFrame
    decisions: Path
    waterfall: Path
    lists: Sequence[Mapping[str, Any]]
    entries: Mapping[str, Mapping[str, Any]]
    branches: pd.DataFrame
    changes: pd.DataFrame
    checks: Sequence[Mapping[str, Any]]
    sources: Sequence[Mapping[str, Any]]
    code_version: str
    settings_version: str
    environment: str
    consent_stamp: str | None = None
    language: str = "zh"
    currency: str = "CNY"
    mask: bool = True
    reports: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    portal: Mapping[str, Path] = field(default_factory=dict)
    next_list_date: date | None = None
    talk_tracks: Sequence[Mapping[str, str]] = ()
    offers: Sequence[Mapping[str, str]] = ()
    benefits: Sequence[Mapping[str, str]] = ()
    names: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    homes: Mapping[str, str | None] = field(default_factory=dict)
    present: Mapping[str, str] = field(default_factory=dict)


def refuse(day: Day) -> None:
    """Raise PublicationError for a day that must not reach branches."""
    if day.consent_stamp and day.environment != "test":
        raise PublicationError(
            f"{day.list_date}: expected real consent data in environment {day.environment!r}; found consent "
            f"{day.consent_stamp!r}, which is accepted in environment 'test' only. Nothing was published."
        )
    if day.list_date != day.business_date + timedelta(days=1):
        raise PublicationError(
            f"expected the list date to be the day after the business date {day.business_date}; found {day.list_date}."
        )
    for name, path in day.portal.items():
        if found := sorted(catalog.bureau_detail() & set(pq.read_schema(path).names)):
            raise PublicationError(
                f"{name} of {day.business_date}: expected no bureau detail (C3), which is never published; found "
                f"{', '.join(found)}. Nothing was published; run the day again from its first step (accept)."
            )


def lead_table(
    day: Day, keep: Collection[str] = (), former: pa.Table | None = None
) -> tuple[pa.Table, dict[str, str | None]]:
    """Every lead of the revision (full values, without the revision's number), by branch and rank; and the ids kept,
    each with its branch, None where there is none for it any more.

    former: the current revision's leads.parquet, whose rows with an id in `keep` stay."""
    table = typed(day.leads, "leads")
    if "customer_id" not in table.column_names and "subject_id" in table.column_names:
        table = table.rename_columns(["customer_id" if name == "subject_id" else name for name in table.column_names])
    missing = [
        name for name in ("lead_id", "list", "branch_id", "rank", "customer_id") if name not in table.column_names
    ]
    if missing:
        raise PublicationError(f"leads: expected a column {missing[0]}; found {', '.join(table.column_names)}.")
    table = rendered(table, day)
    kept: dict[str, str | None] = {}
    if keep and former is not None:
        stays = pc.and_(
            pc.is_in(former["lead_id"], pa.array(sorted(keep), pa.string())),
            pc.invert(pc.is_in(former["lead_id"], table["lead_id"])),
        )
        former = former.filter(stays)
        if former.num_rows:
            # One customer is spoken to once a day: whoever was reached by a kept lead gets no other one.
            table = table.filter(pc.invert(pc.is_in(table["customer_id"], former["customer_id"])))
            stayed, kept = rehomed(as_kept(former, table), day)
            table = ranked_anew(pa.concat_tables([table, stayed], promote_options="permissive"))
    ids = table["lead_id"].to_pylist()
    if len(set(ids)) != len(ids):
        raise PublicationError(f"leads: expected each lead_id once; found {len(ids) - len(set(ids))} repeated.")
    return table.sort_by([("branch_id", "ascending"), ("rank", "ascending"), ("lead_id", "ascending")]), kept


def as_kept(former: pa.Table, table: pa.Table) -> pa.Table:
    """The former revision's rows, marked with the revision that first listed them."""
    origins = pc.coalesce(former["kept_from_revision"], former["revision"]).cast(pa.int32())
    former = former.set_column(former.column_names.index("kept_from_revision"), "kept_from_revision", origins)
    return former.select([name for name in former.column_names if name in table.column_names])


def rehomed(former: pa.Table, day: Day) -> tuple[pa.Table, dict[str, str | None]]:
    """Kept leads at a branch that works today. Of one that was closed since, where its business has gone, with their
    manager if they are there now, else in its queue; and what moved is said. Nowhere to go: no branch is shown them."""
    open_now = dict(zip(day.branches["branch_id"], day.branches["branch_name"], strict=True))
    rows, kept = former.to_pylist(), {}
    for row in rows:
        old = row["branch_id"]
        goes = old if old in open_now else day.homes.get(old)
        kept[row["lead_id"]] = goes if goes in open_now else old if row["central_channel"] else None
        if goes == old or goes not in open_now:
            continue
        row |= {"branch_id": goes, "branch_name": open_now[goes], "moved_from_branch_id": old}
        if row.get("also_credited_branch_id") == goes:
            row["also_credited_branch_id"] = None
        if row["owner_id"] and day.present.get(row["owner_id"]) != goes:
            moved = {"moved_from_manager_id": row["owner_id"]}
            row |= {**moved, "owner_id": None, "owner_name": None, "owner_rank": None}
    shown = [row for row in rows if kept[row["lead_id"]] is not None]
    return pa.Table.from_pylist(shown, former.schema), kept


def ranked_anew(table: pa.Table) -> pa.Table:
    """Every branch's and central channel's leads numbered from 1 without gaps, kept ones behind the others."""
    rows = table.select(["central_channel", "branch_id", "kept_from_revision", "rank", "lead_id"]).to_pylist()
    places = [(row["central_channel"] or "", "" if row["central_channel"] else row["branch_id"]) for row in rows]
    order = sorted(
        range(len(rows)),
        key=lambda at: (places[at], rows[at]["kept_from_revision"] is not None, rows[at]["rank"], rows[at]["lead_id"]),
    )
    taken: Counter[tuple[str, str]] = Counter()
    ranks = [0] * len(rows)
    for at in order:
        taken[places[at]] += 1
        ranks[at] = taken[places[at]]
    return table.set_column(table.column_names.index("rank"), "rank", pa.array(ranks, pa.int32()))


def keep_decisions(folder: Path, former: bytes, kept: Mapping[str, str | None]) -> None:
    """Put the former decisions.parquet's rows of the kept leads into the folder's, at the branch that has them now; a
    lead without one is dropped for today. Where the build shows the subject on another list, it gives way: a lead of
    earlier days ends there as superseded, and today none is opened.

    Delivery of later days remembers published decisions only; without these it would forget leads that were worked."""
    import duckdb

    (folder / "former.parquet").write_bytes(former)
    with duckdb.connect() as connection:
        connection.execute(
            "create table kept as select unnest(?::varchar[]) as lead_id, unnest(?::varchar[]) as now_at",
            [list(kept), list(kept.values())],
        )
        connection.execute(
            """create table old as
            select former.* replace (
                now_at as branch_id,
                case when now_at is null then 'dropped' else state end as state,
                case when now_at is null then 'no_open_branch' else reason end as reason,
                case when now_at is not null then branch_rank end as branch_rank)
            from read_parquet(?) as former join kept using (lead_id)""",
            [str(folder / "former.parquet")],
        )
        connection.execute(
            """create table merged as
            with built as (
                select new.*, winner.list as winning_list, new.first_listed_on < new.list_date as was_open
                from read_parquet(?) as new
                left join (select subject_id, min(list) as list from old group by subject_id) as winner
                    on new.subject_id = winner.subject_id and new.state in ('listed', 'central_channel')
                where not exists (select 1 from old where old.list = new.list and old.subject_id = new.subject_id)
            )
            select * exclude (winning_list, was_open) from built where winning_list is null
            union all by name
            select * exclude (winning_list, was_open) replace (
                'listed_elsewhere' as state, winning_list as reason, null as branch_rank, null as central_channel,
                null as central_rank, case when was_open then lead_id end as lead_id,
                case when was_open then 'superseded' end as lead_state,
                case when was_open then first_listed_on end as first_listed_on)
            from built where winning_list is not null
            union all by name
            select * from old""",
            [str(folder / "decisions.parquet")],
        )
        merged = connection.sql("select * from merged order by list, subject_id, lead_id").to_arrow_table()
    (folder / "former.parquet").unlink()
    write_parquet(merged, folder / "decisions.parquet")


def rendered(table: pa.Table, day: Day) -> pa.Table:
    """The leads under the published names and in the published order, with reasons, offers and words filled in."""
    height = table.num_rows
    columns: dict[str, list[Any]] = {name: table[name].to_pylist() for name in table.column_names}
    blank: list[Any] = [None] * height
    names = code_names(day)
    offers: dict[Any, Mapping[str, str]] = {row["offer"]: row for row in day.offers}
    benefits: dict[Any, Mapping[str, str]] = {(row["offer"], row["value_tier"]): row for row in day.benefits}
    talk: dict[tuple[str, str], dict[str, Mapping[str, str]]] = defaultdict(dict)
    for row in day.talk_tracks:
        talk[row["list"], row["variant"]][row["part"]] = row
    language = day.language
    made: dict[str, list[Any]] = {
        name: [] for name in ("list_name", "origin", "purpose", "offer", "benefit", "talk_track", "caution", "reasons")
    }
    variants = columns.get("talk_variant", blank)
    tiers = columns.get("value_tier", blank)
    rules, facts = columns.get("rule_ids", blank), columns.get("facts", blank)
    codes: list[Any] = []
    for at, code in enumerate(columns["list"]):
        entry = day.entries.get(code)
        if entry is None:
            raise PublicationError(f"leads: expected lists that have an entry; found {code!r}.")
        offer = columns.get("offer", blank)[at] or entry.get("offer")
        words = spoken(talk, code, variants[at])
        codes.append(offer)
        made["list_name"].append(entry["title"][language])
        made["origin"].append(columns.get("origin", blank)[at] or entry.get("origin"))
        made["purpose"].append(columns.get("purpose", blank)[at] or entry.get("purpose"))
        made["offer"].append(offers.get(offer, {}).get(f"title_{language}"))
        made["benefit"].append(benefits.get((offer, tiers[at]), {}).get(f"benefit_{language}"))
        made["talk_track"].append(words.get(OPENING, {}).get(f"text_{language}"))
        made["caution"].append(words.get(NEVER_SAY, {}).get(f"text_{language}"))
        known = json.loads(facts[at]) if facts[at] else {}
        made["reasons"].append(
            reasons.strongest(
                entry, rules[at], known, language, currency=day.currency, year=day.list_date.year, names=names
            )
        )
    own = {**columns, **made, "offer_code": codes, "name": columns.get("full_name", columns.get("name", blank))}
    own["list_date"] = [day.list_date] * height
    first = [column.name for column in branch_rows.COLUMNS if column.name != "revision"]
    more = [*MORE_LEAD_COLUMNS, *sorted(set(own) - set(first) - set(MORE_LEAD_COLUMNS) - {"full_name", "revision"})]
    arrays = {}
    for name in (*first, *more):
        source = (
            table[name]
            if name in table.column_names and name not in made and name != "list_date"
            else own.get(name, blank)
        )
        if isinstance(source, list):
            source = pa.array(source, LEAD_TYPES.get(name, pa.string()))
        arrays[name] = source
    return pa.table(arrays)


def spoken(talk: Mapping[tuple[str, str], dict[str, Any]], code: str, variant: str | None) -> dict[str, Any]:
    """The talk track's parts for the variant, else for 'default', else none."""
    return talk.get((code, variant or "default")) or talk.get((code, "default")) or {}


def code_names(day: Day) -> dict[str, Mapping[str, Mapping[str, str]]]:
    """Names of codes by column: those of labels, of lists and of segments."""
    lists = {code: dict(entry["title"]) for code, entry in day.entries.items() if "title" in entry}
    properties = catalog.properties()
    segments = {name: properties[f"segment_{name}"]["config"]["meta"]["title"] for name in catalog.segment_names()}
    products = {"category": day.names["categories"]} if "categories" in day.names else {}
    return {**day.names, **products, "also_relevant": lists, "list": lists, "segment": segments}


def write_facts(folder: Path, day: Day, leads: pa.Table, states: Sequence[Mapping[str, Any]]) -> None:
    """Everything of the revision that does not carry its number: decisions, waterfall and what branch files need."""
    portal = folder / "portal"
    (portal / "reports").mkdir(parents=True)
    for name in ("decisions", "waterfall"):
        (folder / f"{name}.parquet").write_bytes(Path(getattr(day, name)).read_bytes())
    branches = typed(day.branches, "branches").select(["branch_id", "branch_name"])
    counts = branch_counts(leads)
    branches = branches.append_column(
        "leads", pa.array([counts[branch] for branch in branches["branch_id"].to_pylist()], pa.int32())
    )
    strangers = sorted(set(counts) - set(branches["branch_id"].to_pylist()))
    if strangers:
        raise PublicationError(f"leads: expected open branches only; found leads of branch {', '.join(strangers)}.")
    write_parquet(branches.sort_by("branch_id"), portal / "branches.parquet")
    write_parquet(change_table(day, leads), portal / "changes.parquet")
    for name, path in sorted(day.portal.items()):
        shutil.copyfile(path, portal / f"{name}.parquet")
    for name, frame in sorted(day.reports.items()):
        report = typed(frame, f"report {name}")
        write_parquet(
            report.sort_by([(column, "ascending") for column in report.column_names]),
            portal / "reports" / f"{name}.parquet",
        )
    (portal / "day.json").write_bytes(
        canonical(
            {
                "business_date": day.business_date, "list_date": day.list_date,
                "next_list_date": day.next_list_date, "language": day.language,
                "currency": day.currency, "consent": day.consent_stamp, "mask": day.mask, "names": code_names(day),
                "lists": {code: entry for code, entry in day.entries.items() if not code.startswith("report_")},
                "reports": {name: day.entries[f"report_{name}"] for name in day.reports},
                "states": states, "talk_tracks": list(day.talk_tracks),
                "offers": list(day.offers), "benefits": list(day.benefits), "policy": day.policy,
            }
        )
    )  # fmt: skip


def change_table(day: Day, leads: pa.Table) -> pa.Table:
    """One row per lead that is new, kept, moved or gone, with the customer's name where it is known. A correction that
    keeps leads shows others than the build did: what is shown is not gone, what is not is not new."""
    table = typed(day.changes, "changes")
    here = leads.filter(pc.is_null(leads["central_channel"])).select(["branch_id", "lead_id", "rank"]).to_pylist()
    ranks = {(row["branch_id"], row["lead_id"]): row["rank"] for row in here}
    told = table.select(["branch_id", "lead_id", "change"]).to_pylist()
    stays = [((row["branch_id"], row["lead_id"]) in ranks) != (row["change"] == "gone") for row in told]
    table = table.filter(pa.array(stays, pa.bool_()))
    columns = {name: table[name].to_pylist() for name in table.column_names}
    blank: list[Any] = [None] * table.num_rows
    known = dict(
        zip(
            leads["lead_id"].to_pylist(),
            zip(leads["customer_id"].to_pylist(), leads["name"].to_pylist(), strict=True),
            strict=True,
        )
    )
    subjects = columns.get("subject_id", columns.get("customer_id", blank))
    own_names = columns.get("full_name", blank)
    found = [known.get(lead_id, (None, None)) for lead_id in columns.get("lead_id", [])]
    strings = {
        "branch_id": columns.get("branch_id", []), "lead_id": columns.get("lead_id", []),
        "list": columns.get("list", blank),
        "customer_id": [own or other for own, (other, _) in zip(subjects, found, strict=True)],
        "name": [own or other for own, (_, other) in zip(own_names, found, strict=True)],
        "change": columns.get("change", []), "why": columns.get("why", blank),
    }  # fmt: skip
    arrays = {name: pa.array(values, pa.string()) for name, values in strings.items()}
    places = zip(strings["branch_id"], strings["lead_id"], strict=True)
    arrays["rank_now"] = pa.array([ranks.get(place) for place in places], pa.int32())
    arrays["rank_before"] = pa.array(columns.get("rank_before", blank), pa.int32())
    return pa.table(arrays).sort_by([("branch_id", "ascending"), ("change", "ascending"), ("lead_id", "ascending")])


def list_states(day: Day, leads: pa.Table) -> list[dict[str, Any]]:
    """The manifest's lists, checked: one row per open branch and list that is on, one per list that is off."""
    where = leads.select(["list", "branch_id", "central_channel", "kept_from_revision"]).to_pylist()
    counts = Counter((row["list"], row["branch_id"]) for row in where if row["central_channel"] is None)
    stayed = [row for row in where if row["kept_from_revision"] is not None]
    kept = Counter((row["list"], row["branch_id"]) for row in stayed if row["central_channel"] is None)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for given in day.lists:
        code, branch, state, why = given["list"], given["branch_id"], given["state"], given.get("why")
        place = f"{code}, branch {branch}"
        if (code, branch or "") in rows:
            raise PublicationError(f"lists: expected one state per list and branch; found two for {place}.")
        if state not in STATES or (state == "off") != (branch is None):
            raise PublicationError(
                f"lists: expected published, empty or withheld with a branch, off without; found {state!r} for {place}."
            )
        # A list that was switched off since may still hold kept leads; it stays off, as a withheld one stays withheld.
        count = sum(counts[each] for each in counts if each[0] == code) if branch is None else counts[code, branch]
        if kept[code, branch]:
            note = f"{kept[code, branch]} kept: outcome recorded on an earlier revision"
            state, why = "published" if state == "empty" else state, f"{why}; {note}" if why else note
        elif stayed and state == "published" and not count:
            state, why = "empty", "its leads gave way to leads of the same customers, kept with their outcome"
        if (count > 0) != (state == "published") and not stayed:
            expected = "leads" if state == "published" else "no lead"
            raise PublicationError(f"lists: expected {expected} for a list that is {state}; found {count} for {place}.")
        if state != "published" and not why:
            raise PublicationError(f"lists: expected why a list is {state}; found nothing for {place}.")
        rows[code, branch or ""] = {"list": code, "branch_id": branch, "state": state, "rows": count, "why": why}
    off = {code for code, branch in rows if not branch}
    on = {code for code, branch in rows if branch}
    wanted = {(code, branch) for code in on for branch in day.branches["branch_id"]} | {(code, "") for code in off}
    both = {(code, "") for code in on & off}
    odd = wanted ^ set(rows) | both | {each for each in counts if each[0] not in on | off}
    if odd:
        code, branch = min(odd)
        raise PublicationError(
            f"lists: expected exactly one state per open branch and list; found otherwise for {code}, branch {branch}."
        )
    return [rows[key] for key in sorted(rows)]


def manifest_head(day: Day, states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The manifest without its revision and files. A consent stamp stands in it only where there is one."""
    head: dict[str, Any] = {
        "business_date": day.business_date, "list_date": day.list_date, "code_version": day.code_version,
        "settings_version": day.settings_version,
        "sources": picked(day.sources, ("source", "table", "biz_date", "rows", "version"), "sources"),
        "checks": picked(day.checks, ("suite", "verdict", "failed"), "checks"),
        "lists": states,
    }  # fmt: skip
    return {**head, **({"consent": day.consent_stamp} if day.consent_stamp else {})}


def picked(rows: Iterable[Mapping[str, Any]], keys: Sequence[str], what: str) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        missing = [key for key in keys if key not in row]
        if missing:
            raise PublicationError(f"{what}: expected {', '.join(keys)} in each row; found one without {missing[0]}.")
        found.append({key: row[key] for key in keys})
    return sorted(found, key=lambda row: canonical(row))


def typed(frame: pd.DataFrame, what: str) -> pa.Table:
    """The frame as Arrow without its index, text as string, the known lead columns in their exact types."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    fields = []
    for column in table.schema:
        kind = LEAD_TYPES.get(column.name, column.type)
        if (
            pa.types.is_null(kind)
            or pa.types.is_large_string(kind)
            or pa.types.is_string_view(kind)
            or pa.types.is_dictionary(kind)
        ):
            kind = pa.string()
        if pa.types.is_timestamp(kind) and column.name.endswith(("_on", "_date", "_month")):
            kind = pa.date32()
        fields.append(pa.field(column.name, kind))
    try:
        return table.cast(pa.schema(fields)).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
        raise PublicationError(f"{what}: a column does not have its type; {fault}") from None


def write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table.replace_schema_metadata(None), path, compression="zstd")


def write_leads(folder: Path, leads: pa.Table, revision: int) -> None:
    """leads.parquet: the published columns in the csv's order, the revision among them, then the codes behind them."""
    at = [column.name for column in branch_rows.COLUMNS].index("revision")
    write_parquet(
        leads.add_column(at, "revision", pa.array([revision] * leads.num_rows, pa.int32())), folder / "leads.parquet"
    )


def canonical(value: Any) -> bytes:
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=plain) + "\n").encode()


def plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Decimal, Path)):
        return str(value)
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value)
    raise TypeError(f"expected something JSON can hold; found {type(value).__name__}.")


def branch_counts(leads: pa.Table) -> Counter[str]:
    """Leads per branch, without those handed to a central channel."""
    return Counter(leads.filter(pc.is_null(leads["central_channel"]))["branch_id"].to_pylist())


def described(folder: Path, leads: pa.Table) -> list[dict[str, Any]]:
    """Every file of the staging folder: its path, rows (null where there are none to count) and sha256."""
    counts = {"branches": branch_counts(leads), "channels": Counter(leads["central_channel"].to_pylist())}
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        rows = None
        if path.suffix == ".parquet":
            rows = pq.read_metadata(path).num_rows
        elif path.parent.name in counts and path.suffix in (".csv", ".xlsx"):
            rows = counts[path.parent.name][path.stem]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found.append({"path": path.relative_to(folder).as_posix(), "rows": rows, "sha256": digest})
    return sorted(found, key=lambda each: each["path"])


def unchanged(manifest: Mapping[str, Any], head: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the manifest says the same, its number and the files that follow from the others left aside."""
    same = {key: value for key, value in manifest.items() if key not in ("revision", "files")}
    held = [each for each in manifest["files"] if not each["path"].startswith(("branches/", "channels/"))]
    return canonical(same) == canonical(head) and canonical(held) == canonical(files)
