"""What branches and central channels make of a published day: outcomes, kept by the portal's store."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from mingdan.portal import outcomes

WORKED = 0.6  # of a branch's leads; the rest is left for another day
WORKED_CENTRALLY = 0.9
TOLD_NEXT_DAY = 0.1  # of the outcomes: typed in the morning after
# Weights as in the contacts of the sample bank, and refusals, complaints and deaths often enough to be met in a week.
OUTCOMES = {
    "not_reached": 34, "call_again": 11, "not_interested": 15, "interested": 11, "appointment": 6, "done": 11,
    "wrong_person": 1, "not_my_customer": 1, "already_elsewhere": 3, "unsuitable": 1, "complaint": 2,
    "do_not_contact": 3, "deceased": 1,
}  # fmt: skip


def work(engine: Any, leads: list[dict[str, Any]], list_date: date, seed: int) -> list[dict[str, Any]]:
    """Work a share of the leads, each by its own lot: what was told of which lead, in the order of the day."""
    told = []
    for number, lead in enumerate(sorted(leads, key=lambda each: each["lead_id"])):
        lot = random.Random(f"{seed}|{list_date}|{lead['lead_id']}")
        if lot.random() < (WORKED_CENTRALLY if lead["central_channel"] else WORKED):
            told.append(one_contact(engine, lead, list_date, number, lot))
    return told


def one_contact(engine: Any, lead: dict[str, Any], list_date: date, number: int, lot: random.Random) -> dict[str, Any]:
    (outcome,) = lot.choices(list(OUTCOMES), list(OUTCOMES.values()))
    contacted_at = datetime.combine(list_date, time(9)) + timedelta(seconds=20 * number + lot.randrange(20))
    late = timedelta(days=1) if lot.random() < TOLD_NEXT_DAY else timedelta(minutes=5)
    given: dict[str, Any] = {"outcome": outcome, "channel_used": lead["channel"], "contacted_at": contacted_at}
    if outcome in outcomes.NEEDS_A_DAY:
        given["call_again_on"] = list_date + timedelta(days=lot.randint(1, 7))
    if outcome == "done":
        given["amount"] = 10_000 * lot.randint(1, 30)
    if outcome == "do_not_contact" and lot.random() < 0.5:
        given["refused_channel"] = lead["channel"]
    recorded_at = contacted_at + late
    said = outcomes.checked(given, list_date, recorded_at)
    with engine.begin() as connection:
        outcomes.write(connection, lead, said, lead["owner_id"] or "queue", recorded_at, "page")
    return given | {
        "lead_id": lead["lead_id"], "subject_id": lead["customer_id"], "recorded_on": recorded_at.date(),
        "late": recorded_at.date() > list_date,
    }  # fmt: skip


def counted(told: list[dict[str, Any]]) -> Counter[str]:
    """How often each outcome was told."""
    return Counter(each["outcome"] for each in told)
