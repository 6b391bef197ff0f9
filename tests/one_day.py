"""One invented day to publish: a few branches and people that are nobody, in the shapes that delivery hands over."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mingdan import catalog, reports, settings
from mingdan.publishing import Day

BUSINESS_DATE, LIST_DATE = date(2026, 6, 30), date(2026, 7, 1)
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈", ("伟", "秀英", "桂兰", "建国", "丽华", "志强", "小红", "海涛")
LISTS = ("deposit_maturity", "deposit_outflow", "tier_upgrade")
TIERS = [
    {"tier": tier, "name_zh": zh, "name_en": en}
    for tier, zh, en in (("basic", "基础", "Basic"), ("growth", "潜力", "Growth"), ("wealth", "财富", "Wealth"),
                         ("platinum", "白金", "Platinum"))
]  # fmt: skip


def facts_of(rng: random.Random) -> dict[str, str | None]:
    """Values for every placeholder of the three lists, as the texts that delivery's JSON carries."""
    amount = f"{rng.randrange(8_000, 900_000)}.00"
    return {
        "maturity_window_amount": amount, "maturity_due_on": "2026-07-03", "rollover_rate_12m": "0.350000",
        "maturity_rate_gap": "0.002500", "churn_drop_slow": "0.412000", "churn_base_avg90_amount": amount,
        "own_name_outflow_90d_amount": amount, "gap_to_next_tier_amount": "4200.00", "tenure_months": "38",
        "aum_change_30d_amount": "15000.00", "matures_90d_amount": None,
    }  # fmt: skip


def leads(branches: int = 3, per_branch: int = 4, seed: int = 1) -> pd.DataFrame:
    rng = random.Random(seed)
    rows = []
    for branch in range(1, branches + 1):
        for rank in range(1, per_branch + 1):
            code = LISTS[(rank + branch) % 2]  # the third list is empty everywhere
            rules = [f"r{number}" for number in range(1, len(catalog.entries()[code].meta["score"]) + 1)]
            number = branch * 100_000 + rank
            rows.append({
                "rank": rank, "lead_id": f"L{number:020x}", "subject_type": "customer",
                "subject_id": f"{number:012d}", "full_name": rng.choice(SURNAMES) + rng.choice(GIVEN),
                "mobile": f"138{number:08d}", "gender": rng.choice("MF"), "age_band": "45-54",
                "value_tier": rng.choice(TIERS)["tier"], "list": code, "purpose": None,
                "priority": Decimal("1234.56") - rank,
                "score": 90 - rank % 80, "rule_ids": ",".join(rng.sample(rules, 3)) + ",",
                "facts": json.dumps(facts_of(rng), ensure_ascii=False),
                "talk_variant": "ahead" if code == LISTS[0] else "critical",
                "offer": catalog.entries()[code].meta["offer"], "stake_amount": Decimal("52000.00") + rank,
                "value_amount": Decimal("520.00"), "due_on": date(2026, 7, 3) if code == LISTS[0] else None,
                "owner_id": f"M{branch:03d}", "owner_name": "何经理", "channel": rng.choice(("call", "wecom")),
                "also_relevant": "tier_upgrade" if rank % 3 == 0 else None, "products_held": "demand,time",
                "products_missing": "wealth,card", "aum_band": "20-50万", "risk_level": 2 if rank % 2 else None,
                "state": "open", "first_listed_on": LIST_DATE, "days_open": 0, "next_contact_on": LIST_DATE,
                "last_contact_on": None, "last_outcome": None, "list_date": LIST_DATE,
                "branch_id": f"{branch:04d}", "branch_name": f"第{branch}支行", "as_of": BUSINESS_DATE,
            })  # fmt: skip
    return pd.DataFrame(rows)


def states(frame: pd.DataFrame, branch_ids: list[str]) -> list[dict[str, Any]]:
    there = set(zip(frame["list"], frame["branch_id"], strict=True)) if len(frame) else set()
    found = [
        {"list": code, "branch_id": branch, "state": "published", "rows": 0, "why": None}
        if (code, branch) in there
        else {"list": code, "branch_id": branch, "state": "empty", "rows": 0, "why": "nobody meets: near the next tier"}
        for code in LISTS
        for branch in branch_ids
    ]
    return [
        *found,
        {"list": "bureau_winover", "branch_id": None, "state": "off", "rows": 0, "why": "switched off in settings"},
    ]


def day(folder: Path, frame: pd.DataFrame | None = None, branches: int = 3, **changed: Any) -> Day:
    """A day that publishes; `folder` gets its decisions and waterfall."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = leads(branches) if frame is None else frame
    branch_ids = [f"{number:04d}" for number in range(1, branches + 1)]
    central = frame.get("central_channel")
    decisions = frame[["list", "subject_id", "lead_id", "branch_id", "list_date", "first_listed_on"]].assign(
        state="listed" if central is None else central.map(lambda each: "central_channel" if each else "listed"),
        reason="priority", lead_state="open", branch_rank=frame["rank"], central_channel=central, central_rank=None,
    )  # fmt: skip
    pq.write_table(pa.Table.from_pandas(decisions, preserve_index=False), folder / "decisions.parquet")
    pq.write_table(
        pa.table({"list": ["*"], "state": ["listed"], "customer_count": [len(frame)]}), folder / "waterfall.parquet"
    )
    ladder = pd.DataFrame([
        {"branch_id": branch, "matures_month": date(2026, month, 1), "term_months": term, "deposit_count": month,
         "maturing_amount": Decimal("810000.00") * month, "at_risk_amount": Decimal("200000.00") * month,
         "as_of": BUSINESS_DATE}
        for branch in branch_ids for month in range(7, 13) for term in (3, 12)
    ])  # fmt: skip
    gone = pd.DataFrame([
        {"branch_id": branch, "lead_id": f"Lgone{branch}", "list": LISTS[1], "subject_id": f"9{branch}",
         "full_name": "沈阳光", "change": "gone", "why": "won", "rank_now": None, "rank_before": 3}
        for branch in branch_ids
    ])  # fmt: skip
    held = pd.DataFrame([
        {"branch_id": branch, "value_tier": tier["tier"], "category": category, "held": held, "held_count": 12,
         "customer_count": 40, "penetration_rate": Decimal("0.300000"), "as_of": BUSINESS_DATE}
        for branch in branch_ids for tier in TIERS for category, held in (("time", "yes"), ("app", "yes"), ("*", "2"))
    ])  # fmt: skip
    progress = pd.DataFrame([
        {"branch_id": branch, "manager_id": manager, "unit": "branch" if manager == "*" else "manager",
         "unit_name": "何经理", "branch_class": "rural", "period": period, "lead_count": 40 * share,
         "contacted_count": 20 * share, "reached_count": 12 * share, "won_count": 3 * share,
         "target_count": 50 * share, "target_basis": "capacity", "attained_rate": Decimal("0.400000"),
         "is_star": manager != "*" and period == "month", "class_rank": 2 if manager == "*" else None,
         "class_branch_count": 3 if manager == "*" else None, "as_of": BUSINESS_DATE}
        for branch in branch_ids for period in ("1_day", "7_days", "month", "quarter")
        for manager, share in (("*", 2), (f"M{branch[1:]}", 1))
    ])  # fmt: skip
    progress = progress.astype({"class_rank": "Int32", "class_branch_count": "Int32"})
    maturities = pd.DataFrame([
        {"branch_id": branch, "matures_on": LIST_DATE + timedelta(days=number), "deposit_count": number,
         "customer_count": number, "maturing_amount": Decimal("70000.00") * number,
         "at_risk_amount": Decimal("20000.00") * number, "is_peak": number == 13, "as_of": BUSINESS_DATE}
        for branch in branch_ids for number in range(14)
    ])  # fmt: skip
    new = frame.assign(change="new", why="entered", rank_now=frame["rank"], rank_before=None)
    changes = pd.concat([new[list(gone.columns)], gone], ignore_index=True)
    tables = settings.load()
    values: dict[str, Any] = {
        "business_date": BUSINESS_DATE, "list_date": LIST_DATE, "leads": frame,
        "decisions": folder / "decisions.parquet", "waterfall": folder / "waterfall.parquet",
        "lists": states(frame, branch_ids),
        "entries": {
            **{code: catalog.entries()[code].meta for code in LISTS},
            "bureau_winover": {"title": {"zh": "征信策反", "en": "Bureau win-over"}},
            **reports.entries(),
        },
        "branches": pd.DataFrame(
            {"branch_id": branch_ids, "branch_name": [f"第{int(branch)}支行" for branch in branch_ids]}
        ),
        "changes": changes,
        "checks": [{"suite": "leads", "verdict": "passed", "failed": []}],
        "sources": [{"source": "core", "table": "customers", "biz_date": BUSINESS_DATE, "rows": 12, "version": 1}],
        "code_version": "0.1.0", "settings_version": "abc", "environment": "test",
        "reports": {
            "maturity_ladder": ladder, "product_penetration": held, "branch_progress": progress,
            "maturity_days": maturities,
        },
        "names": catalog.code_names(tables),
        **{name: tables.rows(name) for name in ("talk_tracks", "offers", "benefits")},
    }  # fmt: skip
    return Day(**{**values, **changed})
