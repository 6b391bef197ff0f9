"""A lead's life: its id, its memory, its states, and that none is lost."""

from __future__ import annotations

import hashlib

import pandas as pd

from mingdan.audit.evidence import CLOSED, PLACED, SHOWN, Evidence
from mingdan.audit.people import LOST
from mingdan.audit.rulebook import Looked, called, judged, rule

STATES = ("open", "attempted", "reached", "follow_up")


def leads(day: Evidence) -> pd.DataFrame:
    return day.decisions[day.decisions["lead_id"].notna()]


@rule
def lead_id(day: Evidence) -> Looked:
    """A lead's id is L and twenty digits of md5(list|subject|first listed on)."""
    rows = leads(day)
    expected = [
        "L" + hashlib.md5(f"{code}|{subject}|{since:%Y-%m-%d}".encode()).hexdigest()[:20]
        for code, subject, since in zip(rows["list"], rows["subject_id"], rows["first_listed_on"], strict=True)
    ]
    return judged(rows, rows["lead_id"] != pd.Series(expected, rows.index, dtype=object))


@rule
def lead_kept(day: Evidence) -> Looked:
    """An open lead keeps its id and first-listed day; one that is new today was first listed today."""
    rows = day.decided[day.decided["state"].isin((*SHOWN, "held_out"))]
    expected = rows["was_lead_id"].astype(object)
    moved = rows["was_open"] & (rows["lead_id"] != expected)
    fresh = ~rows["was_open"] & (rows["first_listed_on"] != day.today)
    return judged(rows, moved | fresh)


@rule
def nothing_lost(day: Evidence) -> Looked:
    """Every lead that was open on the published list date before is in today's decisions, open or closed."""
    if day.previous is None:
        return 0, []
    before = day.memory[
        (day.memory["list_date"] == pd.Timestamp(day.previous)) & ~day.memory["lead_state"].isin(CLOSED)
    ]
    return judged(before, ~before["lead_id"].isin(day.decisions["lead_id"]))


@rule
def closed_stays_closed(day: Evidence) -> Looked:
    """A lead that closed on an earlier day never opens again, nor is closed anew."""
    rows = leads(day)
    closed = set(day.memory.loc[day.memory["lead_state"].isin(CLOSED), "lead_id"])
    return judged(rows, rows["lead_id"].isin(closed))


@rule
def only_open_leads_shown(day: Evidence) -> Looked:
    """A lead that is shown or held out is open, attempted, reached or in follow-up; one that has closed is neither."""
    rows = leads(day)
    rows = rows[~rows["lead_id"].isin(day.kept)]
    shown = rows["state"].isin((*SHOWN, "held_out"))
    return judged(rows, (shown & ~rows["lead_state"].isin(STATES)) | (~shown & rows["lead_state"].isna()))


@rule
def state_told(day: Evidence) -> Looked:
    """A lead's state follows from its recorded contacts: none is open, attempts alone attempted, more is reached."""
    rows = leads(day)
    rows = rows[~rows["lead_id"].isin(day.kept)]
    contacts = day.contacts.dropna(subset=["lead_id"])
    made = rows["lead_id"].map(contacts.groupby("lead_id").size()).fillna(0)
    reached = rows["lead_id"].map(contacts.groupby("lead_id")["is_reached"].sum()).fillna(0)
    of = {name: set(contacts.loc[contacts["outcome"].isin(wanted), "lead_id"]) for name, wanted in OUTCOMES.items()}
    has = {name: rows["lead_id"].isin(found) for name, found in of.items()}
    attempts = made - reached
    true_of = {
        "open": made == 0, "attempted": (reached == 0) & (attempts > 0), "reached": reached > 0,
        "follow_up": has["follow_up"], "won": has["won"], "lost": has["lost"], "reassigned": has["reassigned"],
        "unreachable": (attempts >= day.policy["contact"]["unreached_attempts"]),
    }  # fmt: skip
    bad = pd.Series(False, rows.index)
    for state, holds in true_of.items():
        bad |= rows["lead_state"].eq(state) & ~holds
    ends = has["won"] | has["lost"] | has["reassigned"]
    return judged(rows, bad | (rows["lead_state"].isin(STATES) & ends))


OUTCOMES = {
    "won": ("done",), "lost": LOST, "reassigned": ("not_my_customer",),
    "follow_up": ("call_again", "interested", "appointment"),
}  # fmt: skip


@rule
def validity(day: Evidence) -> Looked:
    """A lead stays no longer than its list's validity, and expires only past it."""
    rows = leads(day)
    rows = rows[~rows["lead_id"].isin(day.kept)]
    days = rows["list"].map({code: entry["valid_days"] for code, entry in day.lists.items()})
    age = (day.today - rows["first_listed_on"]).dt.days
    shown = rows["state"].isin((*SHOWN, "held_out"))
    return judged(rows, (shown & (age > days)) | (rows["lead_state"].eq("expired") & (age <= days)))


@rule
def keep_rule(day: Evidence) -> Looked:
    """Whoever meets only the looser keep rule had an open lead of that list."""
    rows = day.decided[day.decided["state"].isin(PLACED)]
    return judged(rows, ~rows["is_entry"].astype(bool) & ~rows["was_open"])


@rule
def cycle(day: Evidence) -> Looked:
    """Every decision is of this list date and its calendar quarter."""
    rows = day.decisions[~day.decisions["lead_id"].isin(day.kept)]
    return len(rows), called(rows[(rows["cycle"] != day.cycle) | (rows["list_date"] != day.today)])
