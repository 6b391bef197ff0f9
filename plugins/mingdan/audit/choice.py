"""Which list, which arm, where, and is there room: the draws, the factors, arbitration, branches, capacity, owners."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from mingdan.audit.evidence import ALLOWED, PLACED, SHOWN, Evidence
from mingdan.audit.rulebook import Looked, called, drawn, judged, number, rule

CENT = 0.011  # published amounts are rounded to the cent


def text(rows: pd.DataFrame, kind: str, cycle: str) -> pd.Series:
    return f"{kind}|" + rows["subject_id"].astype(str) + "|" + rows["list"].astype(str) + f"|{cycle}"


def candidates(day: Evidence) -> pd.DataFrame:
    return day.decided[~day.decided["state"].isin(("not_a_candidate", "withheld"))]


# --- arms --------------------------------------------------------------------------------------------------------


def list_ghost(day: Evidence, rows: pd.DataFrame) -> pd.Series:
    """Whether the list's own draw holds the subject out this cycle; an open lead keeps the arm it began with."""
    tier = rows["subject_id"].map(day.tiers)
    may = (rows["purpose"] == "marketing") & (tier != "private")
    new = may & drawn(text(rows, "holdout", day.cycle), day.policy["control"]["holdout_share"])
    return new.where(~rows["was_open"] | rows["was_central"].notna(), rows["was_ghost"].eq(True))


@rule
def control_group(day: Evidence) -> Looked:
    """The control group is the documented draw, of marketing lists and no private tier; an open lead keeps its arm."""
    rows = candidates(day)
    rows = rows[rows["central_channel"].isna() & ~rows["was_central"].notna()]
    return judged(rows, rows["is_ghost"].astype(bool) != list_ghost(day, rows))


@rule
def central_control_group(day: Evidence) -> Looked:
    """Whom a central channel holds out is the documented draw; a lead that the channel has keeps its arm."""
    rows = day.decided[day.decided["central_channel"].notna() & ~day.decided["was_open"]]
    share = rows["central_channel"].map({name: each["holdout_share"] for name, each in day.policy["central"].items()})
    texts = "central|" + rows["subject_id"].astype(str) + "|" + rows["central_channel"].astype(str) + f"|{day.cycle}"
    may = (rows["purpose"] == "marketing") & (rows["subject_id"].map(day.tiers) != "private")
    out = may & (texts.map(number) < share * 2**32)
    wrong = (rows["state"] == "held_out") != out
    return judged(rows, wrong & (rows["state"].isin((*SHOWN, "held_out"))))


@rule
def ghosts_not_shown(day: Evidence) -> Looked:
    """Nobody of a control group is shown, and nobody else is held out."""
    rows = day.decided[day.decided["state"].isin((*SHOWN, "held_out"))]
    return judged(rows, rows["is_ghost"].astype(bool) != (rows["state"] == "held_out"))


@rule
def explore_slice(day: Evidence) -> Looked:
    """The explore slice is the documented draw, on marketing lists."""
    rows = candidates(day)
    rows = rows[~rows["was_open"]]
    seats = drawn(text(rows, "explore", day.cycle), day.policy["control"]["explore_share"])
    return judged(rows, rows["is_explore"].astype(bool) != (seats & (rows["purpose"] == "marketing")))


@rule
def family_held_out(day: Evidence) -> Looked:
    """Whom a list holds out is shown by no other marketing list of its product family, that day or later that cycle."""
    rows = day.decided[day.decided["state"].isin(SHOWN) & (day.decided["purpose"] == "marketing")]
    now = day.decided[(day.decided["state"] == "held_out") & day.decided["central_channel"].isna()]
    before = day.held[day.held["cycle"] == day.cycle]
    pairs = set(zip(now["subject_id"], now["family"], strict=True))
    pairs |= set(zip(before["subject_id"], before["family"], strict=True))
    found = pd.Series(list(zip(rows["subject_id"], rows["family"], strict=True)), rows.index, dtype=object)
    return judged(rows, found.isin(pairs))


# --- factors -----------------------------------------------------------------------------------------------------


@rule
def score(day: Evidence) -> Looked:
    """The score is the sum of the points of the rules that held, 0 to 100."""
    rows = candidates(day)
    points = {code: {f"r{at}": each["points"] for at, each in enumerate(entry["score"], start=1)}
              for code, entry in day.lists.items()}  # fmt: skip
    expected = [
        min(100, max(0, sum(points[code].get(each, 0) for each in str(ids).split(",")))) if isinstance(ids, str) else 0
        for code, ids in zip(rows["list"], rows["rule_ids"], strict=True)
    ]
    return judged(rows, rows["score"] != pd.Series(expected, rows.index, dtype=float))


@rule
def chance(day: Evidence) -> Looked:
    """p is the list's base rate times 0.5 plus a hundredth of the score; the weight is the entry's."""
    rows = candidates(day)
    base = rows["list"].map({code: float(entry["base_rate"]) for code, entry in day.lists.items()})
    weight = rows["list"].map({code: float(entry["weight"]) for code, entry in day.lists.items()})
    wrong = (rows["p"] - base * (0.5 + rows["score"] / 100)).abs() > 1.1e-6
    return judged(rows, wrong | ((rows["weight"] - weight).abs() > 1.1e-6))


@rule
def value(day: Evidence) -> Looked:
    """The value is the stake at the offer's margin, else the offer's value, capped at the list's 99th percentile."""
    rows = candidates(day)
    offers = {each["offer"]: each for each in day.told["offers"]}
    of = {code: offers[entry["offer"]] for code, entry in day.lists.items()}
    margin = rows["list"].map({code: float(each["annual_margin"] or "nan") for code, each in of.items()}).astype(float)
    flat = (
        rows["list"].map({code: float(each["value_per_success"] or "nan") for code, each in of.items()}).astype(float)
    )
    by_stake = rows["stake_amount"] * margin
    expected = by_stake.where(by_stake.notna(), flat).fillna(0)
    short = expected - rows["value_amount"]
    capped = short > CENT
    top = rows.groupby("list")["value_amount"].transform("max")
    few = (
        capped.groupby(rows["list"]).transform("sum")
        <= np.ceil(rows.groupby("list")["list"].transform("size") / 100) + 1
    )
    return judged(rows, (short < -CENT) | (capped & ~(few & (rows["value_amount"] == top))))


@rule
def priority(day: Evidence) -> Looked:
    """Priority is p times value times weight."""
    rows = candidates(day)
    return judged(rows, (rows["priority"] - rows["p"] * rows["value_amount"] * rows["weight"]).abs() > CENT)


# --- one lead ----------------------------------------------------------------------------------------------------


@rule
def one_lead(day: Evidence) -> Looked:
    """One subject has one lead a day, at a branch or on a central channel."""
    rows = day.decisions[day.decisions["state"].isin(SHOWN)]
    return judged(rows, rows["subject_id"].duplicated(keep=False))


@rule
def one_row(day: Evidence) -> Looked:
    """A list and a subject have one decision a day."""
    rows = day.decisions
    return judged(rows, rows.duplicated(["list", "subject_type", "subject_id"]) & ~rows["lead_state"].notna())


def contest(day: Evidence) -> pd.DataFrame:
    """Today's decisions with what a row counts for against a subject's others (an open lead at the takeover ratio),
    whether its own list holds it out, and whether it went forward to a branch."""
    rows = day.decided.copy()
    ratio = float(day.policy["takeover_ratio"])
    rows["counts"] = rows["priority"] * rows["was_open"].map({True: ratio, False: 1.0})
    rows["ghost"] = rows["is_ghost"].astype(bool) & rows["central_channel"].isna()
    rows["forward"] = rows["state"].isin(PLACED) | rows["reason"].eq("no_open_branch")
    return rows


@rule
def arbitration(day: Evidence) -> Looked:
    """What lost to another list was not ahead of it by priority; an open lead counts at the takeover ratio."""
    rows = contest(day)
    winners = rows[rows["forward"] & ~rows["ghost"]]
    best = winners.groupby("subject_id")["counts"].max()
    beaten = rows[rows["state"] == "listed_elsewhere"]
    ahead = beaten["counts"] > beaten["subject_id"].map(best).fillna(math.inf) + CENT
    held = rows[rows["forward"] & rows["ghost"]]
    behind = held["counts"] < held["subject_id"].map(best).fillna(-math.inf) - CENT
    several = winners["subject_id"].duplicated(keep=False)
    return len(beaten) + len(held), called(beaten[ahead]) + called(held[behind]) + called(winners[several])


@rule
def lost_to(day: Evidence) -> Looked:
    """A row that lost names the list that won; the lead that won names what lost as also relevant, but no marketing
    list of a family that a control group held out ahead of it, or earlier in the cycle."""
    rows = contest(day)
    winner = rows[rows["forward"] & ~rows["ghost"]].drop_duplicates("subject_id").set_index("subject_id")
    beaten = rows[rows["state"] == "listed_elsewhere"]
    expected = beaten["subject_id"].map(winner["list"]).fillna("control_group")
    looked, wrong = judged(beaten, beaten["reason"] != expected)
    ghosts = rows[rows["ghost"] & rows["state"].isin(ALLOWED)].groupby(["subject_id", "family"])["counts"].max()
    ahead = beaten[["subject_id", "family"]].join(ghosts.rename("ghost_counts"), on=["subject_id", "family"])
    held = day.held[day.held["cycle"] == day.cycle]
    earlier = set(zip(held["subject_id"], held["family"], strict=True))
    pairs = zip(beaten["subject_id"], beaten["family"], strict=True)
    before = pd.Series([pair in earlier for pair in pairs], beaten.index, dtype=bool)
    closed = (beaten["purpose"] == "marketing") & ((ahead["ghost_counts"] > beaten["counts"]) | before)
    nameable = beaten[~beaten["ghost"] & ~closed]
    may = nameable.groupby("subject_id")["list"].agg(set).to_dict()
    shown = winner[winner["state"].isin(SHOWN)]
    named = shown["also_relevant"].map(lambda names: set(names.split(",")) if isinstance(names, str) else set())
    right = [names <= may.get(who, set()) and bool(names) == (who in may) for who, names in named.items()]
    return looked + len(shown), wrong + called(shown[~pd.Series(right, shown.index, dtype=bool)])


# --- branch ------------------------------------------------------------------------------------------------------


def branches(day: Evidence) -> pd.DataFrame:
    """Every unit: is_open on the list date, is_at_work, own figure, coordinates."""
    rows = day.tables["core.branches"].drop_duplicates("branch_id").set_index("branch_id")
    rows["is_open"] = rows["closed_on"].isna() | (rows["closed_on"] > day.today)
    weekday = str(day.list_date.isoweekday())
    usual = rows["open_weekdays"].fillna("12345").str.contains(weekday)
    rows["is_at_work"] = rows["is_open"] & (usual | (day.list_date.isoweekday() > 5 and works(day)))
    return rows


def works(day: Evidence) -> bool:
    """Whether the bank works on the list date: by its calendar, else Monday to Friday."""
    calendar = day.tables["core.calendar"].set_index("cal_date")["is_business_day"]
    found = calendar.get(day.today)
    return day.list_date.weekday() < 5 if found is None else bool(found)


def home_of(day: Evidence) -> dict[str, str]:
    """The home branch of customers and corporates, as the bank delivered it."""
    customers = day.tables["core.customers"].set_index("customer_id")["home_branch_id"].to_dict()
    return customers | day.tables["crm.corporates"].set_index("corporate_id")["branch_id"].to_dict()


@rule
def wanted_branch(day: Evidence) -> Looked:
    """The branch asked for is the list's by its rule: home, where a loan or a merchant contract is, or the nearest."""
    rows = day.decided[day.decided["state"].isin(PLACED) & day.decided["wanted_branch_id"].notna()]
    rule_of = rows["list"].map({code: entry["branch_rule"] for code, entry in day.lists.items()})
    homes = home_of(day)
    expected = rows["subject_id"].map(homes)
    wrong = (rule_of == "home") & expected.notna() & (rows["wanted_branch_id"] != expected)
    for kind, name in (("loan", "lending.loans"), ("merchant", "acquiring.merchants")):
        table = day.tables[name]
        places = set(zip(table["customer_id"], table["branch_id"], strict=True))
        pair = pd.Series(list(zip(rows["subject_id"], rows["wanted_branch_id"], strict=True)), rows.index, dtype=object)
        wrong |= (rule_of == kind) & ~pair.isin(places)
    return judged(rows, wrong)


@rule
def open_branch(day: Evidence) -> Looked:
    """A lead is worked where it is wanted, or by the successor of a branch closed for good; never at a closed one."""
    units = branches(day)
    parent, successor = units["parent_branch_id"].to_dict(), units["successor_branch_id"].to_dict()
    is_open = units["is_open"].to_dict()

    def worked_at(branch: Any) -> Any:
        at = branch
        for _ in range(3):
            if is_open.get(at, False) or not isinstance(successor.get(at), str):
                break
            at = successor[at]
        return at if is_open.get(at, False) else parent.get(at)

    rows = day.decided[day.decided["state"].isin(PLACED) & day.decided["wanted_branch_id"].notna()]
    expected = rows["wanted_branch_id"].map({each: worked_at(each) for each in rows["wanted_branch_id"].unique()})
    closed = ~rows["branch_id"].map(is_open).fillna(False).astype(bool)
    return judged(rows, (rows["branch_id"] != expected) | closed)


@rule
def branch_at_work(day: Evidence) -> Looked:
    """Only a branch that is at work on the list date is given leads."""
    rows = day.decided[day.decided["state"] == "listed"]
    return judged(rows, ~rows["branch_id"].map(branches(day)["is_at_work"]).fillna(False).astype(bool))


# --- capacity ----------------------------------------------------------------------------------------------------


def present(day: Evidence) -> pd.DataFrame:
    """Managers who are there on the list date, by id."""
    rows = day.tables["core.managers"].drop_duplicates("manager_id").set_index("manager_id")
    away = (rows["absent_from"] <= day.today) & (rows["absent_until"].isna() | (rows["absent_until"] >= day.today))
    return rows[rows["is_active"].eq(True) & ~away]


def capacities(day: Evidence) -> dict[str, float]:
    """Contacts that a branch can make: its managers who are there, capped by its own figure; without any its figure."""
    own = branches(day)["daily_capacity"].to_dict()
    managed = set(day.tables["core.managers"]["branch_id"])
    there = present(day).groupby("branch_id")["daily_capacity"].sum().to_dict()
    found: dict[str, float] = {}
    for branch, figure in own.items():
        figure = math.inf if figure is None or math.isnan(figure) else figure
        if branch in managed:
            found[str(branch)] = min(there.get(branch, 0), figure)
        else:
            found[str(branch)] = day.policy["default_branch_capacity"] if figure == math.inf else figure
    return found


@rule
def branch_capacity(day: Evidence) -> Looked:
    """No branch is given more leads than it can work that day."""
    rows = day.decided[day.decided["state"] == "listed"]
    counts = rows.groupby("branch_id").size()
    room = capacities(day)
    return len(counts), [str(branch) for branch, count in counts.items() if count > room.get(str(branch), 0)]


@rule
def places(day: Evidence) -> Looked:
    """A branch's places go to each list's minimum, then to explore seats (open leads, then by draw), then by priority;
    ghosts take none and are held out where they would have been shown; a list has no more places than its most."""
    rows = day.decided
    # a channel's open lead takes no place here, unless it came back from there
    new = ~(rows["was_central"].notna() & rows["was_open"] & rows["central_channel"].notna())
    rows = rows[rows["state"].isin(PLACED) & new & (rows["reason"] != "branch_not_at_work")].copy()
    share = float(day.policy["control"]["explore_share"])
    room = capacities(day)
    least = {code: int(entry.get("min_per_branch") or 0) for code, entry in day.lists.items()}
    most = {
        code: int(day.policy["thresholds"][entry["most_per_branch"]]["enter"])
        for code, entry in day.lists.items()
        if entry.get("most_per_branch")
    }
    rows["ghost"] = rows["is_ghost"].astype(bool) & rows["central_channel"].isna()
    rows["since"] = rows["first_listed_on"].fillna(day.today)
    draws = [
        (not was_open, number(f"explore|{subject}|{code}|{day.cycle}")) if explores else None
        for subject, code, explores, was_open in zip(
            rows["subject_id"], rows["list"], rows["is_explore"], rows["was_open"], strict=True
        )
    ]
    rows["draw"] = pd.Series(draws, rows.index, dtype=object)
    wrong: list[str] = []
    for branch, here in rows.groupby("branch_id"):
        capacity = room.get(str(branch), 0)
        order = here.sort_values(["priority", "since", "list", "subject_id"], ascending=[False, True, True, True])
        expected = placed(order, capacity, math.ceil(share * capacity), least, most)
        actual = order["state"].where(order["state"].isin(("listed", "held_out")), "waiting")
        actual = actual.where(order["central_channel"].isna(), "waiting")
        wrong += called(order[actual != pd.Series(expected, order.index)])
    return len(rows), wrong


def placed(
    order: pd.DataFrame, capacity: float, explore_seats: int, least: dict[str, int], most: dict[str, int]
) -> list[str]:
    """What becomes of a branch's rows, which come by priority: listed, held_out or waiting."""
    shown: dict[str, int] = {}
    rows = list(zip(order["list"], order["ghost"], order["is_explore"], order["draw"], strict=True))
    turns: list[int] = []
    for at, (code, ghost, _, _) in enumerate(rows):
        taken = shown.get(code, 0)
        if taken < least[code]:
            turns.append(at)
            shown[code] = taken + (not ghost)
    explored = 0
    for at in sorted((at for at, row in enumerate(rows) if row[2]), key=lambda at: rows[at][3]):
        if explored < explore_seats:
            turns += [at] if at not in turns else []
            explored += not rows[at][1]
    first = set(turns)
    turns += [at for at in range(len(rows)) if at not in first]
    found, used, of_list = ["waiting"] * len(rows), 0, dict.fromkeys(most, 0)
    for at in turns:
        code, ghost, _, _ = rows[at]
        if used >= capacity or (code in most and of_list[code] >= most[code]):
            continue
        found[at] = "held_out" if ghost else "listed"
        used += not ghost
        if code in of_list:
            of_list[code] += not ghost
    return found


@rule
def central_channel(day: Evidence) -> Looked:
    """A lead goes to the central channel that its list names."""
    rows = day.decided[day.decided["central_channel"].notna()]
    named = rows["list"].map({code: entry.get("central_channel") for code, entry in day.lists.items()})
    return judged(rows, rows["central_channel"] != named)


@rule
def central_capacity(day: Evidence) -> Looked:
    """No central channel is handed more customers than it can take that day, and the best by priority go first."""
    rows = day.decided[day.decided["central_rank"].notna()]
    wrong = []
    for channel, here in rows.groupby("central_channel"):
        order = here.sort_values("central_rank")
        dense = order["central_rank"].tolist() == list(range(1, len(order) + 1))
        if len(here) > day.policy["central"][channel]["capacity"] or not dense:
            wrong.append(f"channel {channel}")
        wrong += called(order[order["priority"] > order["priority"].cummin() + CENT])
    return len(rows), wrong


@rule
def waiting_in_order(day: Evidence) -> Looked:
    """Those who wait at a branch have each a place of their own, by priority."""
    rows = day.decided[(day.decided["state"] == "waiting") & day.decided["waiting_rank"].notna()]
    wrong = []
    for branch, here in rows.groupby("branch_id"):
        order = here.sort_values("waiting_rank")
        if order["waiting_rank"].tolist() != list(range(1, len(order) + 1)):
            wrong.append(f"branch {branch}")
    return len(rows), wrong


# --- owner -------------------------------------------------------------------------------------------------------


def with_owner(day: Evidence) -> pd.DataFrame:
    rows = day.leads[day.leads["central_channel"].isna() & day.leads["kept_from_revision"].isna()]
    decided = day.decisions[day.decisions["lead_id"].notna()].drop_duplicates("lead_id").set_index("lead_id")
    return rows.join(decided[["wanted_manager_id"]], on="lead_id")


@rule
def owner_present(day: Evidence) -> Looked:
    """A lead's owner works at its branch and is there on the list date."""
    rows = with_owner(day)
    rows = rows[rows["owner_id"].notna()]
    return judged(rows, rows["owner_id"].map(present(day)["branch_id"]).fillna("") != rows["branch_id"])


@rule
def owner_role(day: Evidence) -> Looked:
    """The owner manages that thing or that customer, stands in for who does, or has the list's role; debts the role."""
    rows = with_owner(day)
    rows = rows[rows["owner_id"].notna()]
    managers = day.tables["core.managers"].drop_duplicates("manager_id").set_index("manager_id")
    role = rows["owner_id"].map(managers["role"])
    wanted = rows["list"].map({code: entry["owner"] for code, entry in day.lists.items()})
    own = rows["customer_id"].map(day.customers["manager_id"])
    stands_in = managers["substitute_id"].dropna().to_dict()
    close = rows["owner_id"].eq(rows["wanted_manager_id"]) | rows["owner_id"].eq(own)
    close |= rows["owner_id"].eq(own.map(stands_in)) | rows["owner_id"].eq(rows["wanted_manager_id"].map(stands_in))
    close &= rows["list"].map({code: entry["purpose"] for code, entry in day.lists.items()}) != "recovery"
    return judged(rows, ~close & (role != wanted))


@rule
def owner_capacity(day: Evidence) -> Looked:
    """Nobody owns more leads than a day's work, and an owner's leads are numbered from 1 without gaps."""
    rows = with_owner(day)
    rows = rows[rows["owner_id"].notna()]
    room = day.tables["core.managers"].drop_duplicates("manager_id").set_index("manager_id")["daily_capacity"]
    wrong = []
    for owner, here in rows.groupby("owner_id"):
        ranks = here.sort_values("rank")["owner_rank"].tolist()
        if len(here) > room.get(owner, 0) or ranks != list(range(1, len(here) + 1)):
            wrong.append(f"owner {owner}")
    return len(rows), wrong


@rule
def owner_found(day: Evidence) -> Looked:
    """No lead is left to the branch's queue while somebody of the list's role is there with room."""
    rows = with_owner(day)
    there = present(day)
    used = rows.groupby("owner_id").size()
    room = (there["daily_capacity"] - used.reindex(there.index).fillna(0)).clip(lower=0)
    free = there[room > 0]
    pairs = set(zip(free["branch_id"], free["role"], strict=True))
    queue = rows[rows["owner_id"].isna()]
    role = queue["list"].map({code: entry["owner"] for code, entry in day.lists.items()})
    pair = pd.Series(list(zip(queue["branch_id"], role, strict=True)), queue.index, dtype=object)
    looked, wrong = judged(queue, pair.isin(pairs))
    return len(rows), wrong


@rule
def withheld(day: Evidence) -> Looked:
    """A withheld or switched-off list has nobody on it anywhere, and nobody was let through for it."""
    states = {each["list"]: each["state"] for each in day.manifest["lists"] if each["state"] in ("withheld", "off")}
    rows = day.decisions[day.decisions["list"].isin(states)]
    rows = rows[~rows["lead_id"].isin(day.kept)]
    return len(states), called(rows[rows["state"].isin(ALLOWED)])
