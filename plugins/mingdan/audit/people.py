"""May we, does it make sense: consent, refusals, risk, complaints and the contact policy, on who was let through."""

from __future__ import annotations

import pandas as pd

from mingdan.audit.evidence import CLOSED, SHOWN, Evidence
from mingdan.audit.rulebook import Looked, drawn, judged, rule

LOST = ("not_interested", "do_not_contact", "complaint", "wrong_person", "already_elsewhere", "unsuitable", "deceased")
CLOSES = {"done": "won", "not_my_customer": "reassigned", "not_reached": "unreachable"} | dict.fromkeys(LOST, "lost")
REFUSED = ("not_interested", "do_not_contact")


def people(day: Evidence, purpose: str | None = None) -> pd.DataFrame:
    """Customers who were let through, of one purpose or all."""
    rows = day.allowed[day.allowed["subject_type"] == "customer"]
    return rows if purpose is None else rows[rows["purpose"] == purpose]


def yes(values: pd.Series) -> pd.Series:
    return values.eq(True).fillna(False).astype(bool)


def told(day: Evidence, *outcomes: str) -> set[str]:
    """Subjects about whom one of these outcomes was recorded."""
    return set(day.contacts.loc[day.contacts["outcome"].isin(outcomes), "subject_id"].dropna())


def reached_age(birth: pd.Series, on: pd.Timestamp, years: int) -> pd.Series:
    """Whether so many years have passed since birth; unknown births have not."""
    return (birth + pd.DateOffset(years=years) <= on).fillna(False)


@rule
def deceased(day: Evidence) -> Looked:
    """Nobody is on a list who has died, by the source or by an outcome."""
    rows = day.allowed
    return judged(rows, yes(rows["is_deceased"]) | rows["subject_id"].isin(told(day, "deceased")))


@rule
def staff(day: Evidence) -> Looked:
    """No member of staff is on a list."""
    rows = people(day)
    return judged(rows, yes(rows["is_staff"]))


@rule
def minor(day: Evidence) -> Looked:
    """Nobody under age, or of unknown age, is on a marketing list."""
    rows = people(day, "marketing")
    adult = reached_age(rows["birth_date"], day.business_date, int(day.policy["thresholds"]["adult_age"]["enter"]))
    return judged(rows, ~adult)


@rule
def do_not_contact(day: Evidence) -> Looked:
    """Nobody is on a list who asked, in the source or as an outcome, not to be contacted on any channel, and has not
    consented anew on a later day."""
    rows, contacts = day.allowed, day.contacts
    whole = contacts[(contacts["outcome"] == "do_not_contact") & contacts["refused_channel"].isna()]
    asked_on = pd.to_datetime(rows["subject_id"].map(whole.groupby("subject_id")["day"].max().to_dict()))
    anew = yes(rows["marketing_consent"]) & rows["do_not_contact"].eq(False) & (rows["consent_updated_on"] > asked_on)
    return judged(rows, yes(rows["do_not_contact"]) | (asked_on.notna() & ~anew.fillna(False).astype(bool)))


@rule
def consent(day: Evidence) -> Looked:
    """Everybody on a marketing list consented to marketing within the months that it holds; none known is none."""
    rows = people(day, "marketing")
    given = yes(rows["marketing_consent"])
    if day.policy["consent"] != "required":
        given |= rows["marketing_consent"].isna()
    if "consent_updated_on" not in day.absent_columns.get("core.customers", set()):
        months = int(day.policy["thresholds"]["consent_valid_months"]["enter"])
        fresh = rows["consent_updated_on"] + pd.DateOffset(months=months) >= day.business_date
        given &= fresh | (rows["marketing_consent"].isna() & (day.policy["consent"] != "required"))
    return judged(rows, ~given)


@rule
def profiling_refused(day: Evidence) -> Looked:
    """Nobody who refused profiling is on a marketing list."""
    rows = people(day, "marketing")
    return judged(rows, yes(rows["profiling_refused"]))


@rule
def channel_of_list(day: Evidence) -> Looked:
    """The channel advised is one of the list's own."""
    rows = day.decided[day.decided["state"].isin(SHOWN)]
    known = [
        channel in day.lists[code]["channels"] for channel, code in zip(rows["channel"], rows["list"], strict=True)
    ]
    return judged(rows, ~pd.Series(known, rows.index, dtype=bool))


@rule
def channel_refused(day: Evidence) -> Looked:
    """Nobody is to be contacted on a channel that was refused, in the preferences or as an outcome."""
    rows = day.allowed
    preferences = day.tables["crm.channel_preferences"]
    refused = preferences.loc[yes(preferences["is_refused"]), ["customer_id", "channel"]].itertuples(index=False)
    contacts = day.contacts[day.contacts["outcome"].eq("do_not_contact") & day.contacts["refused_channel"].notna()]
    outcomes = contacts[["subject_id", "refused_channel", "day"]].itertuples(index=False)
    opened = preferences.loc[preferences["is_refused"].eq(False), ["customer_id", "channel", "updated_on"]]
    opened_on = {(who, channel): on for who, channel, on in opened.itertuples(index=False) if pd.notna(on)}
    pairs = {tuple(each) for each in refused} | {
        (who, channel) for who, channel, on in outcomes if not opened_on.get((who, channel), on) > on
    }
    with_channel = pd.Series(list(zip(rows["subject_id"], rows["channel"], strict=True)), rows.index, dtype=object)
    handed = pd.Series(list(zip(rows["subject_id"], rows["central_channel"], strict=True)), rows.index, dtype=object)
    return judged(rows, with_channel.isin(pairs) | handed.isin(pairs))


@rule
def channel_known(day: Evidence) -> Looked:
    """The channel advised is known: a mobile for call and text, an address for visits, a running WeCom friendship."""
    rows = people(day)
    friends = day.tables["channels.wecom"]
    running = friends["deleted_on"].isna() | (friends["deleted_on"] > day.business_date)
    known = {
        "call": rows["mobile"].notna(), "sms": rows["mobile"].notna(), "visit": rows["address"].notna(),
        "wecom": rows["subject_id"].isin(friends.loc[running, "customer_id"]),
    }  # fmt: skip
    assumed = day.policy["consent"] != "required"
    bad = pd.Series(False, rows.index)
    for channel, usable in known.items():
        if not (assumed and channel != "wecom"):
            bad |= rows["channel"].eq(channel) & ~usable
    return judged(rows, bad)


@rule
def overdue(day: Evidence) -> Looked:
    """Nobody whose loan or card is overdue or non-performing is on a marketing list; nor anybody if none is known."""
    rows = people(day, "marketing")
    off = set(day.policy["sources_off"])
    if off & {"lending", "lending.loans"} and off & {"cards", "cards.credit_cards"}:
        return judged(rows, pd.Series(False, rows.index))
    if not day.delivered & {"lending.loans", "cards.credit_cards"}:
        return judged(rows, pd.Series(True, rows.index))
    late = int(day.policy["thresholds"]["overdue_from_days"]["enter"])
    loans, cards = day.tables["lending.loans"], day.tables["cards.credit_cards"]
    running = ~loans["status"].isin(("settled", "written_off"))
    owing = loans[running & (loans["status"].isin(("overdue", "npl")) | (loans["overdue_days"] >= late))]
    behind = cards[cards["overdue_days"] >= late]
    return judged(rows, rows["subject_id"].isin(owing["customer_id"]) | rows["subject_id"].isin(behind["customer_id"]))


@rule
def product_risk(day: Evidence) -> Looked:
    """No offer is riskier than a valid assessment allows, nor high-risk for the old; without one only risk 1."""
    rows = people(day)
    risk = {each["offer"]: int(each["product_risk"] or 1) for each in day.told["offers"]}
    asked = rows["list"].map({code: risk[entry["offer"]] for code, entry in day.lists.items()})
    numbers = {name: int(each["enter"]) for name, each in day.policy["thresholds"].items() if name in RISK}
    level = pd.to_numeric(rows["risk_level"].str.removeprefix("C"), errors="coerce")
    valid = rows["risk_assessed_on"] + pd.DateOffset(months=numbers["risk_assessment_valid_months"])
    may = level.where(valid >= day.business_date, 0).fillna(0)
    old = reached_age(rows["birth_date"], day.business_date, numbers["protected_senior_age"])
    old |= rows["birth_date"].isna()
    may = may.where(~old, may.clip(upper=numbers["protected_senior_max_risk"]))
    return judged(rows, (asked > 1) & (asked > may))


RISK = ("risk_assessment_valid_months", "protected_senior_age", "protected_senior_max_risk")


@rule
def complaint(day: Evidence) -> Looked:
    """Nobody is on a list while a complaint is open, or one was told to a branch within the pause."""
    rows, contacts = day.allowed, day.contacts
    complaints = day.tables["crm.complaints"]
    last = complaints.sort_values("recorded_on").drop_duplicates(["customer_id", "opened_on", "topic"], keep="last")
    open_now = last[last["closed_on"].isna() | (last["closed_on"] > day.business_date)]
    since = day.today - pd.Timedelta(days=day.policy["contact"]["complaint_pause_days"])
    told_here = contacts[(contacts["outcome"] == "complaint") & (contacts["day"] > since)]
    settled = set(last["customer_id"]) - set(open_now["customer_id"])  # the bank's own register has it closed
    bad = rows["subject_id"].isin(open_now["customer_id"]) | (
        rows["subject_id"].isin(told_here["subject_id"]) & ~rows["subject_id"].isin(settled)
    )
    return judged(rows, bad)


@rule
def universal_control(day: Evidence) -> Looked:
    """Whoever is drawn into the year's universal control is on no marketing list."""
    rows = day.allowed[day.allowed["purpose"] == "marketing"]
    texts = "universal|" + rows["subject_id"].astype(str) + f"|{day.list_date.year}"
    return judged(rows, drawn(texts, day.policy["control"]["universal_share"]))


# --- contact policy ----------------------------------------------------------------------------------------------


def often(day: Evidence, rows: pd.DataFrame, contacts: pd.DataFrame, days: int, most: int) -> pd.Series:
    """Whether a row's subject had so many of these contacts in the days that end on the list date."""
    recent = contacts[contacts["day"] > day.today - pd.Timedelta(days=days)]
    return rows["subject_id"].map(recent.groupby("subject_id").size()).fillna(0) >= most


@rule
def contact_caps(day: Evidence) -> Looked:
    """Nobody is on a list who was contacted as often as a cap allows, by all systems, on a channel or by a list."""
    rows, bad = day.allowed, pd.Series(False, day.allowed.index)
    for cap in day.policy["contact"]["caps"]:
        counted = day.contacts[day.contacts["is_reached"] | (cap["what"] == "attempts")]
        concerned = pd.Series(True, rows.index)
        if cap.get("channel"):
            counted = counted[counted["channel"] == cap["channel"]]
            concerned = rows["channel"].eq(cap["channel"]) | rows["central_channel"].eq(cap["channel"])
        if cap.get("list"):
            counted = counted[counted["list"] == cap["list"]]
            concerned = rows["list"].eq(cap["list"])
        bad |= concerned & often(day, rows, counted, cap["days"], cap["most"])
    return judged(rows, bad)


@rule
def refusals_30d(day: Evidence) -> Looked:
    """Nobody is on a list who refused as often in 30 days as pauses all contact."""
    refusals = day.contacts[day.contacts["is_refusal"]]
    return judged(day.allowed, often(day, day.allowed, refusals, 30, day.policy["contact"]["refusals_30d"]))


def ended(day: Evidence, *states: str) -> pd.DataFrame:
    """Leads that were shown and closed in one of these states before today or today, with the day they closed. An
    outcome closes a lead on the day it was recorded (what is told of it afterwards does not), its validity on the last
    of its days, what else on the list date that says so."""
    now = day.decisions.loc[day.decisions["lead_state"].isin(CLOSED) & day.decisions["lead_id"].notna()]
    rows = pd.concat([day.memory, now.assign(closed_on=now["list_date"])], ignore_index=True)
    rows = rows[rows["lead_state"].isin(states)]
    closing = day.contacts.assign(lead_state=day.contacts["outcome"].map(CLOSES)).dropna(subset=["lead_id"])
    told_on = closing.groupby(["lead_id", "lead_state"])["recorded_on"].max().rename("told_on")
    rows = rows.join(told_on, on=["lead_id", "lead_state"])
    valid = pd.to_timedelta(rows["list"].map({code: each["valid_days"] for code, each in day.lists.items()}), unit="D")
    ends_on = pd.to_datetime(rows["first_listed_on"]) + valid
    closed_on = rows["told_on"].fillna(ends_on.where(rows["lead_state"] == "expired")).fillna(rows["closed_on"])
    return rows.assign(closed_on=closed_on)


def cooled(day: Evidence, rows: pd.DataFrame, closed: pd.DataFrame, days: pd.Series) -> pd.Series:
    """Whether the row's list closed a lead with the subject fewer days ago than it must leave them alone."""
    last = closed.groupby(["list", "subject_id"])["closed_on"].max().rename("last_closed_on")
    closed_on = rows[["list", "subject_id"]].join(last, on=["list", "subject_id"])["last_closed_on"]
    return (day.today < pd.to_datetime(closed_on) + pd.to_timedelta(days, unit="D")).fillna(False)


@rule
def cool_down(day: Evidence) -> Looked:
    """A marketing list leaves a customer alone for its cool-down after its lead closed."""
    rows = day.allowed[(day.allowed["purpose"] == "marketing") & ~still_open(day)]
    days = rows["list"].map({code: entry["cool_down_days"] for code, entry in day.lists.items()})
    shown = ended(day, *(each for each in CLOSED if each not in ("unreachable", "reassigned")))
    return judged(rows, cooled(day, rows, shown[shown["state"] != "held_out"], days))


@rule
def cool_down_refused(day: Evidence) -> Looked:
    """A marketing list leaves a customer alone for the longer cool-down after a refusal of any of its leads."""
    rows = day.allowed[(day.allowed["purpose"] == "marketing") & ~still_open(day)]
    days = pd.Series(day.policy["contact"]["refused_cool_down_days"], rows.index)
    refused = day.contacts[day.contacts["outcome"].isin(REFUSED) & day.contacts["list"].notna()]
    return judged(rows, cooled(day, rows, refused.assign(closed_on=refused["recorded_on"]), days))


@rule
def already_worked(day: Evidence) -> Looked:
    """A list does not come again while the validity of its lead that was won, lost or sent back still runs."""
    rows = day.allowed[~still_open(day)]
    closed = ended(day, "won", "lost", "reassigned")
    days = rows["list"].map({code: entry["valid_days"] for code, entry in day.lists.items()})
    return judged(rows, cooled(day, rows, closed.assign(closed_on=closed["first_listed_on"]), days))


@rule
def unreachable_pause(day: Evidence) -> Looked:
    """A list pauses after the attempts that reached nobody and closed its lead."""
    rows = day.allowed[~still_open(day)]
    days = pd.Series(day.policy["contact"]["unreached_pause_days"], rows.index)
    return judged(rows, cooled(day, rows, ended(day, "unreachable"), days))


def still_open(day: Evidence) -> pd.Series:
    return day.allowed["was_open"] & day.allowed["lead_id"].eq(day.allowed["was_lead_id"])
