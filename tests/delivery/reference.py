"""Delivery as docs/delivery.md tells it, one candidate after the other: slow and plain, to compare the SQL with.

A world is what delivery's models read: table name → rows (dicts). `deliver` gives what became of each candidacy and
lead, by (list, subject)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any

World = dict[str, list[dict[str, Any]]]
Key = tuple[str, str]

OPEN = ("open", "attempted", "reached", "follow_up")
REFUSALS = ("not_interested", "refused", "complaint", "do_not_contact")
CENTRAL = {"remote": "call", "sms": "sms", "wecom": "wecom", "app_push": "app_push"}


class Delivery:
    """One list date of one world."""

    def __init__(self, world: World, policy: dict[str, Any], as_of: date, list_date: date) -> None:
        self.world, self.policy, self.as_of, self.today = world, policy, as_of, list_date
        self.cycle = f"{list_date.year}Q{(list_date.month + 2) // 3}"
        self.cycle_start = date(list_date.year, (list_date.month - 1) // 3 * 3 + 1, 1)
        self.rules = {row["list"]: row for row in world["list_rules"]}
        self.subjects = {row["subject_id"]: row for row in world["subjects"]}
        self.branches = {row["branch_id"]: row for row in world["stg_core__branches"]}
        self.memory = {(row["list"], row["subject_id"]): row for row in world["lead_memory"]}
        self.present = {
            row["manager_id"]: row
            for row in world["stg_core__managers"]
            if row["is_active"] and not self.is_absent(row)
        }
        self.contacts = self.contacts_by_subject()
        self.rows: dict[Key, dict[str, Any]] = {}

    def deliver(self) -> dict[Key, dict[str, Any]]:
        self.find_candidates()
        for row in self.rows.values():
            self.screen(row)
        for subject in self.subjects:
            self.choose(subject)
        forwarded = [row for row in self.rows.values() if row.get("forward")]
        for row in forwarded:
            self.place(row)
        for branch in {row["branch_id"] for row in forwarded}:
            self.seat(branch, [row for row in forwarded if row["branch_id"] == branch])
        for channel in CENTRAL:
            self.hand_over(channel, [row for row in forwarded if row.get("handed_to") == channel])
        self.rank(forwarded)
        self.name_leads()
        for branch in self.branches:
            self.own([r for r in forwarded if r["state"] == "listed" and r["branch_id"] == branch])
        return self.rows

    # --- 1. candidates -------------------------------------------------------------------------------------------

    def find_candidates(self) -> None:
        worth: dict[Key, Fraction] = {}
        members = {}
        for member in self.world["list_members"]:
            key = (member["list"], member["subject_id"])
            lead = self.memory.get(key)
            is_open = lead is not None and lead["lead_state"] in OPEN
            if member["is_entry"] or is_open:
                members[key] = (member, lead if is_open else None)
                worth[key] = self.uncapped(member)
        for key, (member, lead) in members.items():
            code, subject_id = key
            rule, subject = self.rules[code], self.subjects[subject_id]
            on_list = sorted(value for (other, _), value in worth.items() if other == code)
            cap = on_list[ceil(Fraction(99, 100) * len(on_list)) - 1]
            value = min(worth[key], cap)
            p = exact(rule["base_rate"]) * (50 + member["score"]) / 100
            marketing = rule["purpose"] == "marketing"
            tested = marketing and subject["value_tier"] != "private"
            drawn = tested and self.draw(
                f"holdout|{subject_id}|{code}|{self.cycle}", self.policy["control"]["holdout_share"]
            )
            central = rule["central_channel"]
            self.rows[key] = {
                "list": code, "subject_id": subject_id, "member": member, "rule": rule, "lead": lead,
                "value_amount": value, "p": p, "priority": cents(p * value * exact(rule["weight"])),
                "is_ghost": lead["is_ghost"] if lead else drawn,
                "is_central_ghost": tested and central in CENTRAL and self.draw(
                    f"central|{subject_id}|{central}|{self.cycle}", self.policy["central"][central]["holdout_share"]
                ),
                "is_universal": marketing and self.draw(
                    f"universal|{subject_id}|{self.today.year}", self.policy["control"]["universal_share"]
                ),
                "is_explore": marketing and self.draw(
                    f"explore|{subject_id}|{code}|{self.cycle}", self.policy["control"]["explore_share"]
                ),
                "channel": next(
                    (c for c in rule["channels"].split(",") if self.may(subject, c, rule["purpose"])), None
                ),
                "central_channel": central
                if central in CENTRAL and self.may(subject, CENTRAL[central], rule["purpose"])
                else None,
                "first_listed_on": lead["first_listed_on"] if lead else None,
            }  # fmt: skip

    def uncapped(self, member: dict[str, Any]) -> Fraction:
        rule = self.rules[member["list"]]
        if rule["annual_margin"] is not None and member["stake_amount"] is not None:
            return cents(max(exact(member["stake_amount"]), Fraction(0)) * exact(rule["annual_margin"]))
        return cents(exact(rule["value_per_success"] or 0))

    @staticmethod
    def draw(text: str, share: float) -> bool:
        return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) < share * 2**32

    def may(self, subject: dict[str, Any], channel: str, purpose: str) -> bool:
        """Contact data is there, the channel is not refused, and its caps are not full."""
        told = self.contacts[subject["subject_id"]]
        if any(self.stands(c, subject["subject_id"]) and c["refused_channel"] == channel for c in told):
            return False
        if any(self.is_full(cap, subject["subject_id"]) for cap in self.caps() if cap.get("channel") == channel):
            return False
        if channel == "app_push":
            refused = any(
                row["customer_id"] == subject["subject_id"] and row["channel"] == channel and row["is_refused"]
                for row in self.world["stg_crm__channel_preferences"]
            )
            return "app" in (subject["products_held"] or "").split(",") and not refused
        return bool(subject[f"can_{channel}_{'marketing' if purpose == 'marketing' else 'service'}"])

    # --- 2. screened ---------------------------------------------------------------------------------------------

    def contacts_by_subject(self) -> dict[str, list[dict[str, Any]]]:
        """Every contact of every system that was made and recorded by the business date."""
        leads = {row["lead_id"]: row for row in self.world["published_decisions"]}
        found = defaultdict(list)
        for row in self.world["stg_crm__contacts"]:
            lead = leads.get(row["lead_id"], {"list": None, "subject_id": None, "subject_type": "customer"})
            lead_subject = lead["subject_id"] if lead["subject_type"] != "customer" else None
            subject = row["customer_id"] or row["subject_id"] or lead_subject
            if subject and max(row["contacted_at"].date(), row["recorded_at"].date()) <= self.as_of:
                found[subject].append({**row, "list": lead["list"], "on": row["contacted_at"].date()})
        for row in self.world["stg_crm__outside_contacts"]:
            if row["contacted_at"].date() <= self.as_of:
                found[row["customer_id"]].append(
                    {**row, "list": None, "refused_channel": None, "on": row["contacted_at"].date()}
                )
        return found

    def stands(self, contact: dict[str, Any], subject_id: str) -> bool:
        """Whether this asks not to be contacted, and nothing of a later day takes it back: consent given anew, or for
        a channel its preference."""
        if contact["outcome"] != "do_not_contact":
            return False
        if contact["refused_channel"] is None:
            said = [
                row["consent_updated_on"] for row in self.world["stg_core__customers"]
                if row["customer_id"] == subject_id and row["marketing_consent"] and row["do_not_contact"] is False
            ]  # fmt: skip
        else:
            said = [
                row["updated_on"] for row in self.world["stg_crm__channel_preferences"]
                if (row["customer_id"], row["channel"]) == (subject_id, contact["refused_channel"])
                and row["is_refused"] is False
            ]  # fmt: skip
        return not any(on is not None and on > contact["on"] for on in said)

    def caps(self) -> list[dict[str, Any]]:
        return self.policy["contact"]["caps"]

    def is_full(self, cap: dict[str, Any], subject_id: str) -> bool:
        days = {self.today - timedelta(days=back) for back in range(cap["days"])}
        counted = [c for c in self.contacts[subject_id] if c["on"] in days]
        if cap["what"] == "reached":
            counted = [c for c in counted if c["outcome"] != "not_reached"]
        for key in ("channel", "list"):
            if key in cap:
                counted = [c for c in counted if c[key] == cap[key]]
        return len(counted) >= cap["most"]

    def runs(self, since: date | None, days: int) -> bool:
        return since is not None and since + timedelta(days=days) >= self.today

    def screen(self, row: dict[str, Any]) -> None:
        """The state and reason of whoever goes no further."""
        for verdict in self.world["verdicts"]:
            if verdict["list"] == row["list"]:
                row.update(state="withheld", reason=verdict["check_name"])
                return
        reason = self.dropped_by(row)
        if reason:
            row.update(state="dropped", reason=reason)

    def dropped_by(self, row: dict[str, Any]) -> str | None:
        subject, rule = self.subjects[row["subject_id"]], row["rule"]
        marketing = rule["purpose"] == "marketing"
        told, contact = self.contacts[row["subject_id"]], self.policy["contact"]
        lead = self.memory.get((row["list"], row["subject_id"])) or dict.fromkeys(
            ("lead_state", "valid_until", "closes_on", "refused_on", "was_open")
        )
        state = lead["lead_state"]
        if subject["is_deceased"] is not False or any(c["outcome"] == "deceased" for c in told):
            return "deceased"
        if subject["is_staff"] is not False:
            return "staff"
        if marketing and subject["is_minor"] is not False:
            return "minor"
        if subject["is_do_not_contact"] is not False or any(
            self.stands(c, row["subject_id"]) and c["refused_channel"] is None for c in told
        ):
            return "do_not_contact"
        if marketing and subject["has_marketing_consent"] is not True:
            return "no_marketing_consent"
        if marketing and subject["is_profiling_refused"] is not False:
            return "profiling_refused"
        if row["channel"] is None:
            return "no_channel"
        if marketing and (subject["is_overdue"] is not False or subject["is_npl"] is not False):
            return "overdue"
        if (rule["product_risk"] or 0) > 1 and (subject["max_product_risk"] or 0) < rule["product_risk"]:
            return "product_risk"
        if any(
            each["customer_id"] == row["subject_id"] and (each["closed_on"] is None or each["closed_on"] > self.as_of)
            for each in self.world["stg_crm__complaints"]
        ) or any(c["outcome"] == "complaint" and self.runs(c["on"], contact["complaint_pause_days"]) for c in told):
            return "open_complaint"
        if row["is_universal"]:
            return "universal_control"
        if state in ("won", "lost", "reassigned") and self.runs(lead["valid_until"], 0):
            return "already_worked"
        if state == "unreachable" and self.runs(lead["closes_on"], contact["unreached_pause_days"]):
            return "unreachable_pause"
        if marketing and self.runs(lead["refused_on"], contact["refused_cool_down_days"]):
            return "cool_down_refused"
        if (
            marketing
            and state in ("won", "lost", "reassigned", "expired", "superseded", "no_longer_true")
            and self.runs(lead["closes_on"], rule["cool_down_days"])
        ):
            return "cool_down"
        for cap in self.caps():
            if not cap.keys() & {"channel", "list"} and self.is_full(cap, row["subject_id"]):
                return f"contact_cap_{cap['days']}d"
        if any(cap.get("list") == row["list"] and self.is_full(cap, row["subject_id"]) for cap in self.caps()):
            return "contact_cap_list"
        last_30 = {self.today - timedelta(days=back) for back in range(30)}
        if sum(c["outcome"] in REFUSALS and c["on"] in last_30 for c in told) >= contact["refusals_30d"]:
            return "refusals_pause"
        if state not in (None, *OPEN) and lead["was_open"]:
            return "already_worked"  # it ends today, and its end is published before another opens
        return None

    # --- 3. contenders -------------------------------------------------------------------------------------------

    def choose(self, subject_id: str) -> None:
        mine = [row for row in self.rows.values() if row["subject_id"] == subject_id and "state" not in row]
        ratio = exact(self.policy["takeover_ratio"])
        mine.sort(key=lambda r: (-(ratio if r["lead"] else 1) * r["priority"], *since(r), r["list"]))
        ghosts = [
            (self.rules[code]["product_family"], code)
            for (code, subject), lead in self.memory.items()
            if subject == subject_id and lead["held_out_on"] and lead["held_out_on"] >= self.cycle_start
            and code in self.rules
        ]  # fmt: skip
        closed: set[str] = set()
        winner, also = None, []
        for row in mine:
            family, marketing = row["rule"]["product_family"], row["rule"]["purpose"] == "marketing"
            held = family in closed or any(f == family and code != row["list"] for f, code in ghosts)
            held = held and marketing
            if row["is_ghost"] and not held:
                closed.add(family)
            if winner:
                row.update(state="listed_elsewhere", reason=winner["list"])
                if not row["is_ghost"] and not held:
                    also.append(row["list"])
            elif held:
                row.update(state="dropped", reason="control_family")
            else:
                row["forward"] = True
                if not row["is_ghost"]:
                    winner = row
        for row in mine:
            row["also_relevant"] = ",".join(sorted(also)) or None

    # --- 4. placed -----------------------------------------------------------------------------------------------

    def is_standing(self, branch_id: str | None) -> bool:
        branch = self.branches.get(branch_id or "")
        return bool(
            branch
            and branch["level"] in ("branch", "outlet")
            and (branch["closed_on"] is None or branch["closed_on"] > self.today)
        )

    def worked_at(self, branch_id: str | None) -> str | None:
        """The branch itself, the first of three successors that stands, else the unit above."""
        at = branch_id
        for _ in range(4):
            if self.is_standing(at):
                return at
            at = self.branches[at]["successor_branch_id"] if at in self.branches else None
        above = self.branches[branch_id]["parent_branch_id"] if branch_id in self.branches else None
        return above if self.is_standing(above) else None

    def is_at_work(self, branch_id: str | None) -> bool:
        if not self.is_standing(branch_id):
            return False
        weekday = str(self.today.isoweekday())
        made_up = weekday in "67" and any(
            row["cal_date"] == self.today and row["is_business_day"] for row in self.world["stg_core__calendar"]
        )
        return made_up or weekday in (self.branches[str(branch_id)]["open_weekdays"] or "12345")

    def is_absent(self, manager: dict[str, Any]) -> bool:
        start = manager["absent_from"]
        return start is not None and start <= self.today <= (manager["absent_until"] or self.today)

    def capacity(self, branch_id: str | None) -> int:
        if not self.is_at_work(branch_id):
            return 0
        figure = self.branches[str(branch_id)]["daily_capacity"]
        managers = [m for m in self.world["stg_core__managers"] if m["is_active"] and m["branch_id"] == branch_id]
        if not managers:
            return figure if figure is not None else self.policy["default_branch_capacity"]
        there = sum(m["daily_capacity"] for m in managers if not self.is_absent(m))
        return min(there, figure) if figure is not None else there

    def place(self, row: dict[str, Any]) -> None:
        subject, how = self.subjects[row["subject_id"]], row["rule"]["branch_rule"]
        branch, manager = None, None
        if how == "nearest":
            branch = subject["nearest_branch_id"]
        elif how == "loan":
            loans = [loan for loan in self.world["stg_lending__loans"] if loan["customer_id"] == row["subject_id"]]
            loans.sort(key=lambda loan: loan["loan_id"])
            loans.sort(key=lambda loan: loan["opened_on"], reverse=True)
            loans.sort(key=lambda loan: loan["status"] not in ("performing", "overdue", "npl"))
            if loans:
                branch, manager = loans[0]["branch_id"], loans[0]["manager_id"]
        elif how == "merchant":
            shops = {m["merchant_id"]: m for m in self.world["stg_acquiring__merchants"]}
            for label in self.world["label_merchant"]:
                if label["customer_id"] == row["subject_id"] and label["merchant_id"] in shops:
                    shop = shops[label["merchant_id"]]
                    branch, manager = shop["branch_id"], shop["manager_id"]
        row["wanted_branch_id"] = branch or subject["home_branch_id"]
        row["wanted_manager_id"] = manager or subject["manager_id"]
        row["branch_id"] = self.worked_at(row["wanted_branch_id"]) or self.worked_at(subject["home_branch_id"])
        lead = row["lead"]
        row["with_centre"] = bool(lead and lead["is_with_centre"] and row["central_channel"])

    def seat(self, branch_id: str | None, rows: list[dict[str, Any]]) -> None:
        if branch_id is None:
            for row in rows:
                row.update(state="dropped", reason="no_open_branch")
            return
        for row in [row for row in rows if row["with_centre"]]:
            row.update(state="central_channel", reason=row["central_channel"])
            rows.remove(row)
        capacity = self.capacity(branch_id)
        for code in {row["list"] for row in rows}:
            before = 0
            for row in sorted((r for r in rows if r["list"] == code), key=order):
                row["minimum"] = before < (row["rule"]["min_per_branch"] or 0)
                most = row["rule"]["most_per_branch"]
                row["full"] = most is not None and before >= most
                before += not row["is_ghost"]
        seats = ceil(capacity * exact(self.policy["control"]["explore_share"]))
        before = 0
        for row in sorted((r for r in rows if r["is_explore"]), key=self.explore_order):
            row["explore_seat"] = before < seats and not row["full"]
            before += not row["is_ghost"] and not row["full"]
        shown = 0
        for row in sorted(rows, key=lambda r: (not r["minimum"], not r.get("explore_seat", False), *order(r))):
            if row["full"] or shown >= capacity:
                why = "list_full" if row["full"] else "capacity"
                row.update(state="waiting", reason=why if self.is_at_work(branch_id) else "branch_not_at_work")
                if not row["is_ghost"] and not row["lead"]:
                    row["handed_to"] = row["central_channel"]
            elif row["is_ghost"]:
                row.update(state="held_out", reason="control_group")
            else:
                row.update(state="listed", reason="explore" if row.get("explore_seat") else "priority")
                shown += 1

    def explore_order(self, row: dict[str, Any]) -> tuple:
        text = f"explore|{row['subject_id']}|{row['list']}|{self.cycle}"
        return row["lead"] is None, hashlib.md5(text.encode()).hexdigest(), row["list"], row["subject_id"]

    def hand_over(self, channel: str, rows: list[dict[str, Any]]) -> None:
        taken = 0
        for row in sorted(rows, key=order):
            if taken >= self.policy["central"][channel]["capacity"]:
                return
            if row["is_central_ghost"]:
                row.update(state="held_out", reason="control_group", is_ghost=True)
            else:
                row.update(state="central_channel", reason=channel)
                taken += 1

    def rank(self, forwarded: list[dict[str, Any]]) -> None:
        places: dict[tuple, int] = defaultdict(int)
        for row in sorted(forwarded, key=order):
            where = row["reason"] if row["state"] == "central_channel" else row["branch_id"]
            name = {"listed": "branch_rank", "waiting": "waiting_rank", "central_channel": "central_rank"}.get(
                row["state"]
            )
            if name and not row["with_centre"]:
                places[name, where] += 1
                row[name] = places[name, where]

    # --- 5 and 6. decisions, leads -------------------------------------------------------------------------------

    def name_leads(self) -> None:
        shown = {r["subject_id"] for r in self.rows.values() if r["state"] in ("listed", "central_channel")}
        for (code, subject_id), row in self.rows.items():
            former = self.memory.get((code, subject_id))
            if row["lead"]:
                over = row["reason"] == "control_family" or (row["state"] == "listed_elsewhere" and subject_id in shown)
                row["lead_id"] = row["lead"]["lead_id"]
                row["lead_state"] = "superseded" if over else row["lead"]["lead_state"]
            elif row["state"] in ("listed", "held_out", "central_channel"):
                text = f"{code}|{subject_id}|{self.today}"
                row["lead_id"] = "L" + hashlib.md5(text.encode()).hexdigest()[:20]
                row["lead_state"], row["first_listed_on"] = "open", self.today
            elif former and former["was_open"]:
                row["lead_id"], row["lead_state"] = former["lead_id"], former["lead_state"]
                row["first_listed_on"] = former["first_listed_on"]
                row["is_ghost"] = former["is_ghost"]  # it closes in the arm that it had
        for key, lead in self.memory.items():
            if lead["was_open"] and key not in self.rows:
                state = "no_longer_true" if lead["lead_state"] in OPEN and lead["is_list_on"] else lead["lead_state"]
                self.rows[key] = {
                    "state": "not_a_candidate", "reason": state if lead["is_list_on"] else "list_off",
                    "lead_id": lead["lead_id"], "lead_state": state, "first_listed_on": lead["first_listed_on"],
                    "is_ghost": lead["is_ghost"], "branch_id": lead["last_branch_id"],
                }  # fmt: skip

    # --- 7. owner ------------------------------------------------------------------------------------------------

    def own(self, leads: list[dict[str, Any]]) -> None:
        """Whose lead each of a branch's leads is."""
        load: dict[str, int] = defaultdict(int)
        left_over = []
        for row in sorted(leads, key=lambda r: r["branch_rank"]):
            wanted = self.wanted_owner(row)
            if wanted and load[wanted] < self.present[wanted]["daily_capacity"]:
                row["owner_id"] = wanted
                load[wanted] += 1
            else:
                left_over.append(row)
        for row in left_over:
            free = [
                name
                for name, manager in self.present.items()
                if manager["branch_id"] == row["branch_id"]
                and manager["role"] == row["rule"]["owner_role"]
                and load[name] < manager["daily_capacity"]
            ]
            if free:
                row["owner_id"] = min(free, key=lambda name: (load[name], name))
                load[row["owner_id"]] += 1
        counted: dict[str, int] = defaultdict(int)
        for row in sorted(leads, key=lambda r: r["branch_rank"]):
            if row.get("owner_id"):
                counted[row["owner_id"]] += 1
                row["owner_rank"] = counted[row["owner_id"]]

    def wanted_owner(self, row: dict[str, Any]) -> str | None:
        managers = {m["manager_id"]: m for m in self.world["stg_core__managers"] if m["is_active"]}
        own, theirs = row["wanted_manager_id"], self.subjects[row["subject_id"]]["manager_id"]
        substitutes = [managers[name]["substitute_id"] for name in (own, theirs) if name in managers]
        for name in (own, theirs, *substitutes):
            manager = self.present.get(name or "")
            here = manager and manager["branch_id"] == row["branch_id"]
            if here and (row["rule"]["purpose"] != "recovery" or manager["role"] == row["rule"]["owner_role"]):
                return name
        return None


def exact(number: Any) -> Fraction:
    return Fraction(str(number))


def cents(amount: Fraction) -> Fraction:
    return Fraction(floor(amount * 100), 100)


def since(row: dict[str, Any]) -> tuple[bool, date]:
    """Who was listed first comes first among equals; who is new, last."""
    return row["first_listed_on"] is None, row["first_listed_on"] or date.min


def order(row: dict[str, Any]) -> tuple:
    lead = row["lead"]
    first = lead["first_listed_on"] if lead else None
    return -row["priority"], first is None, first or date.min, row["list"], row["subject_id"]
