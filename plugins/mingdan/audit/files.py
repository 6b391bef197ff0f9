"""The published files: whole, unaltered, equal to one another, masked, harmless, and balanced."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator

import pandas as pd

from mingdan import branch_rows, publishing
from mingdan.audit.choice import branches, home_of, works
from mingdan.audit.evidence import Evidence
from mingdan.audit.rulebook import Looked, called, judged, rule

MOBILE = re.compile(rb"(?<![\d.])1\d{10}(?![\d.])")


@rule
def manifest(day: Evidence) -> Looked:
    """Every file of the list date is what its manifest says, and the pointers name what is there."""
    return len(day.manifest["files"]), publishing.verify(day.store, day.list_date)


@rule
def working_day(day: Evidence) -> Looked:
    """A list date is a working day, the day after its business date."""
    right = works(day) and day.today == day.business_date + pd.Timedelta(days=1)
    return 1, [] if right else [str(day.list_date)]


@rule
def consent_assumed(day: Evidence) -> Looked:
    """No day with assumed consent stands in production, and the manifest owns to it where it was assumed."""
    assumed = day.policy["consent"] != "required"
    production = "production" in (day.environment, day.policy["environment"])
    wrong = (assumed and production) or (bool(day.manifest.get("consent")) != assumed)
    return 1, [str(day.list_date)] if wrong else []


@rule
def sources_kept(day: Evidence) -> Looked:
    """The accepted sources that the day was built on can still be read; without them its rules cannot be judged."""
    return len(day.tables), day.unreadable


@rule
def leads_are_decided(day: Evidence) -> Looked:
    """leads.parquet holds the leads that decisions.parquet lists or hands to a central channel that day, no others."""
    decided = day.decisions
    handed = (decided["state"] == "central_channel") & decided["central_rank"].notna()
    shown = decided[(decided["state"] == "listed") | handed]
    extra = day.leads[~day.leads["lead_id"].isin(shown["lead_id"])]
    missing = shown[~shown["lead_id"].isin(day.leads["lead_id"])]
    return len(shown), called(extra) + called(missing)


@rule
def leads_as_decided(day: Evidence) -> Looked:
    """A lead shows the subject, branch, score, priority and state that were decided."""
    names = {"subject_id": "customer_id", "branch_id": "branch_id", "score": "score", "priority": "priority",
             "lead_state": "state", "first_listed_on": "first_listed_on"}  # fmt: skip
    decided = day.decisions[day.decisions["lead_id"].notna()].drop_duplicates("lead_id").set_index("lead_id")
    rows = day.leads[day.leads["lead_id"].isin(decided.index) & ~day.leads["lead_id"].isin(day.kept)]
    beside = rows[["lead_id"]].join(decided[list(names)].add_prefix("d_"), on="lead_id")
    wrong = pd.Series(False, rows.index)
    for theirs, ours in names.items():
        if rows[ours].dtype.kind == "f":
            wrong |= (rows[ours] - beside[f"d_{theirs}"]).abs() > 1e-6
        else:
            wrong |= rows[ours] != beside[f"d_{theirs}"]
    return judged(rows, wrong)


@rule
def ranks(day: Evidence) -> Looked:
    """A branch's leads, and each central channel's, are numbered from 1 without gaps."""
    wrong = []
    places = day.leads["central_channel"].where(day.leads["central_channel"].notna(), day.leads["branch_id"])
    for place, here in day.leads.groupby(places):
        if sorted(here["rank"]) != list(range(1, len(here) + 1)):
            wrong.append(str(place))
    return len(day.leads), wrong


@rule
def what_changed(day: Evidence) -> Looked:
    """What changed tells of each branch's leads which are new, kept, up, down or gone since the list date before."""
    if day.previous is None or day.kept:
        return 0, []
    now, before = (
        rows[rows["central_channel"].isna()].set_index(["branch_id", "lead_id"])["rank"]
        for rows in (day.leads, day.former)
    )
    both = pd.concat({"now": now, "before": before}, axis=1)
    meant = pd.Series("kept", both.index)
    meant[both["now"] < both["before"]] = "up"
    meant[both["now"] > both["before"]] = "down"
    meant[both["before"].isna()] = "new"
    meant[both["now"].isna()] = "gone"
    told = day.changes.set_index(["branch_id", "lead_id"])["change"]
    beside = pd.concat({"meant": meant, "told": told}, axis=1)
    return len(beside), [lead for _, lead in beside.index[beside["meant"] != beside["told"]]]


@rule
def states(day: Evidence) -> Looked:
    """Each open branch and list that is on has one state, which tells the rows that the branch has; off has none."""
    rows = pd.DataFrame(day.manifest["lists"])
    here = day.leads[day.leads["central_channel"].isna()]
    counts = Counter(zip(here["list"], here["branch_id"], strict=True))
    wrong = []
    for each in day.manifest["lists"]:
        count = counts.get((each["list"], each["branch_id"]), 0)
        right = {"published": count > 0, "empty": count == 0, "withheld": True, "off": each["branch_id"] is None}
        if not right[each["state"]] or each["rows"] != count or (each["state"] != "published") != bool(each["why"]):
            wrong.append(f"{each['list']}@{each['branch_id']}")
    repeated = rows[rows.duplicated(["list", "branch_id"])]
    wrong += (repeated["list"] + "@" + repeated["branch_id"].astype(str)).tolist()
    on = rows[rows["state"] != "off"]
    told = set(zip(on["list"], on["branch_id"], strict=True))
    wrong += [f"{code}@{branch}" for code, branch in counts if (code, branch) not in told]
    wanted = set(on["branch_id"])
    wrong += [f"{code}@{branch}" for code in set(on["list"]) for branch in wanted if (code, branch) not in told]
    closed = branches(day)
    wrong += [f"branch {each}" for each in sorted(wanted) if not closed["is_open"].get(each, False)]
    return len(rows), sorted(set(wrong))


def lines(day: Evidence, path: str) -> list[dict[str, str]]:
    """A csv's lines under the Parquet's names, whatever the language of its header; none of a malformed one."""
    found = list(csv.reader(io.StringIO(day.read_text(path), newline="")))
    names: list[str] = [column.name for column in branch_rows.COLUMNS]
    titles = [column.title(day.told["language"]) for column in branch_rows.COLUMNS]
    if not found or found[0] != titles or {len(each) for each in found} != {len(names)}:
        return []
    return [dict(zip(names, each, strict=True)) for each in found[1:]]


def csv_files(day: Evidence) -> dict[str, pd.DataFrame]:
    """Each csv that there must be, with its leads by rank."""
    own = day.leads[day.leads["central_channel"].isna()]
    central = day.leads[day.leads["central_channel"].notna()]
    branches_told = {each["branch_id"] for each in day.manifest["lists"] if each["branch_id"]}
    empty = own.iloc[:0]
    found = {f"branches/{branch}.csv": empty for branch in sorted(branches_told)}
    found |= {f"branches/{branch}.csv": rows for branch, rows in own.groupby("branch_id")}
    found |= {f"channels/{channel}.csv": rows for channel, rows in central.groupby("central_channel")}
    return {path: rows.sort_values("rank") for path, rows in found.items()}


@rule
def csv_equals_leads(day: Evidence) -> Looked:
    """Each branch's and channel's csv holds its leads of leads.parquet, in their order, and nobody else."""
    files, wrong = csv_files(day), []
    for path, rows in files.items():
        shown = lines(day, path) if day.store.exists(f"{day.folder}/{path}") else None
        told = [(each["lead_id"], each["customer_id"], each["rank"]) for each in shown or ()]
        meant = list(zip(rows["lead_id"], rows["customer_id"], rows["rank"].astype(str), strict=True))
        if shown is None or told != meant:
            wrong.append(path)
    known = {each["path"] for each in day.manifest["files"] if each["path"].endswith(".csv")}
    return len(files), wrong + sorted(known - set(files))


def books(day: Evidence) -> Iterator[tuple[str, bytes]]:
    """Each workbook with the text of its sheets."""
    for path in (each["path"] for each in day.manifest["files"] if each["path"].endswith(".xlsx")):
        with zipfile.ZipFile(io.BytesIO(day.store.read_bytes(f"{day.folder}/{path}"))) as book:
            parts = [each for each in book.namelist() if each.startswith(("xl/worksheets/sheet", "xl/sharedStrings"))]
            yield path, b"\n".join(map(book.read, parts))


@rule
def masked(day: Evidence) -> Looked:
    """No branch file shows a person's full name or a mobile, where the bank's setting masks them."""
    if not day.told["mask"]:
        return 0, []
    looked, wrong = 0, []
    for path, rows in csv_files(day).items():
        people = rows[rows["subject_type"] != "corporate"]
        names = dict(zip(people["lead_id"], people["name"].fillna("").str.strip(), strict=True))
        for each in lines(day, path):
            looked += 1
            full = names.get(each["lead_id"])
            if (full and each["name"] == full) or MOBILE.search(each["mobile"].encode()):
                wrong.append(each["lead_id"])
    mobiles = {str(each).encode() for each in day.leads["mobile"].dropna()}
    for path, text in books(day):
        looked += 1
        if mobiles & set(MOBILE.findall(text)):
            wrong.append(path)
    return looked, wrong


@rule
def harmless(day: Evidence) -> Looked:
    """No cell of a csv begins like a formula, and no workbook holds one."""
    looked, wrong = 0, []
    numbers = {column.name for column in branch_rows.COLUMNS if column.kind in ("number", "amount", "priority")}
    for path in csv_files(day):
        for each in lines(day, path):
            looked += 1
            if any(text.lstrip(" ").startswith(STARTS) for name, text in each.items() if name not in numbers):
                wrong.append(each["lead_id"])
    for path, text in books(day):
        looked += 1
        if re.search(rb"<f[ >]", text):
            wrong.append(path)
    return looked, wrong


STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@rule
def waterfall_balances(day: Evidence) -> Looked:
    """Per list, and for all together, the waterfall counts every subject once: the bank's customers, by home branch."""
    homes = home_of(day)
    rows, wrong = day.waterfall, []
    bases = {"customer": dict(Counter(homes[each] for each in day.customers.index))}
    for (code, kind), here in rows.groupby(["list", "subject_type"]):
        counts = {
            str(each): int(count) for each, count in here.groupby("home_branch_id")["customer_count"].sum().items()
        }
        if {each: count for each, count in counts.items() if count} != bases.setdefault(str(kind), counts):
            wrong.append(f"{code} ({kind})")
    told = {code for code, entry in day.lists.items()}
    on = {each["list"] for each in day.manifest["lists"] if each["state"] != "off"} & told
    wrong += sorted(on - set(rows["list"]) - {e["list"] for e in day.manifest["lists"] if e["state"] == "withheld"})
    return rows.groupby(["list", "subject_type"]).ngroups, wrong


@rule
def waterfall_counts(day: Evidence) -> Looked:
    """The waterfall's counts per list, state and reason are those of decisions.parquet; overall a subject counts once,
    by the best state it reached."""
    rows = day.waterfall[day.waterfall["state"] != "not_a_candidate"]
    decided = day.decisions[day.decisions["state"] != "not_a_candidate"]
    if day.kept:  # what a correction kept is in the decisions only: the waterfall is of the new build
        return 0, []
    keys = ["list", "subject_type", "home_branch_id", "state", "reason"]
    said = rows[rows["list"] != "*"].groupby(keys, dropna=False)["customer_count"].sum()
    differ = decided.groupby(keys, dropna=False).size().sub(said, fill_value=0)
    wrong = sorted({f"{each[0]} {each[3]}: {each[4]}" for each in differ[differ != 0].index})
    best = decided.assign(place=decided["state"].map({each: at for at, each in enumerate(OVERALL)}))
    best = best.sort_values("place").drop_duplicates(["subject_type", "subject_id"])
    once = rows[rows["list"] == "*"].groupby("state")["customer_count"].sum()
    differ = best.groupby("state").size().sub(once, fill_value=0)
    return len(rows), wrong + [f"* {each}" for each in differ[differ != 0].index]


OVERALL = ("listed", "held_out", "central_channel", "waiting", "withheld", "listed_elsewhere", "dropped")
