"""The bank itself: branches, managers, products, rates, employers, villages and places; alike in every process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from mingdan.sample_bank import names
from mingdan.sample_bank.columns import NO_DATE, LandingPart, day_number, day_of, texts
from mingdan.sample_bank.holidays import day_kind

BANK_NAME = "青禾农商银行"
CITY = "青禾市"
CENTRE = (30.20, 103.60)

# Streams of randomness: each has its own generator, so that drawing more in one changes nothing in another.
BANK, PEOPLE, DAY, MARKET = 1, 2, 3, 4


def generator(*key: int) -> np.random.Generator:
    """The random numbers of one place: the same key gives the same numbers, whatever else was drawn before."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


# code: (name, category, is_core, on sale, risk level, smallest amount in CNY, points, annual margin, may refinance)
PRODUCTS: dict[str, tuple[str, str, bool, bool, str | None, int | None, int, float, bool | None]] = {
    "D01": ("活期储蓄", "demand", True, True, None, None, 5, 0.018, None),
    "T03": ("整存整取三个月", "time", True, True, None, 50, 8, 0.008, None),
    "T06": ("整存整取六个月", "time", True, True, None, 50, 8, 0.008, None),
    "T12": ("整存整取一年", "time", True, True, None, 50, 8, 0.008, None),
    "T24": ("整存整取二年", "time", True, True, None, 50, 8, 0.007, None),
    "T36": ("整存整取三年", "time", True, True, None, 50, 8, 0.006, None),
    "N07": ("七天通知存款", "time", True, True, None, 50_000, 6, 0.010, None),
    "CD36": ("三年期大额存单", "time", True, True, None, 200_000, 10, 0.004, None),
    "W090": ("稳享九十天封闭式理财", "wealth", True, True, "R2", 10_000, 10, 0.006, None),
    "W180": ("稳享半年定开理财", "wealth", True, True, "R2", 10_000, 10, 0.007, None),
    "W365": ("安盈一年封闭式理财", "wealth", True, True, "R3", 10_000, 12, 0.008, None),
    "W000": ("天天盈现金管理", "wealth", True, True, "R1", 1, 6, 0.003, None),
    "F01": ("纯债基金", "fund", False, True, "R2", 100, 8, 0.006, None),
    "F02": ("沪深指数基金", "fund", False, True, "R4", 100, 8, 0.012, None),
    "I05": ("五年期两全保险", "insurance", False, True, "R2", 10_000, 12, 0.020, None),
    "B03": ("三年期储蓄国债", "bond", False, True, "R1", 100, 6, 0.002, None),
    "L10": ("个人住房按揭贷款", "mortgage", False, True, None, 100_000, 15, 0.010, True),
    "L20": ("个人消费贷款", "consumer_loan", True, True, None, 10_000, 12, 0.022, True),
    "L21": ("汽车分期贷款", "consumer_loan", True, True, None, 30_000, 10, 0.020, False),
    "L22": ("助学贷款", "consumer_loan", False, True, None, 2_000, 6, 0.005, False),
    "L23": ("青禾e贷线上贷款", "consumer_loan", True, True, None, 1_000, 12, 0.026, True),
    "L30": ("个人经营贷款", "business_loan", False, True, None, 50_000, 15, 0.024, True),
    "K01": ("标准信用卡", "card", True, True, None, None, 12, 0.030, None),
    "K02": ("白金信用卡", "card", True, True, None, None, 14, 0.032, None),
    "app": ("手机银行", "service", True, True, None, None, 6, 0.0, None),
    "sms": ("短信通知", "service", False, True, None, None, 2, 0.0, None),
    "wallet_binding": ("快捷支付绑卡", "service", False, True, None, None, 4, 0.0, None),
    "collection_code": ("聚合收款码", "service", False, True, None, None, 6, 0.0, None),
    "insurance_agency": ("代收保费", "service", False, True, None, None, 2, 0.0, None),
    "gold": ("积存金", "service", False, True, "R3", 100, 4, 0.0, None),
    "custody": ("银证三方存管", "service", False, True, None, None, 4, 0.0, None),
}  # fmt: skip
PRODUCT_CODES = list(PRODUCTS)
PRODUCT_AT = {code: place for place, code in enumerate(PRODUCT_CODES)}
TERM_PRODUCTS = {3: "T03", 6: "T06", 12: "T12", 24: "T24", 36: "T36"}
TERMS = np.array(list(TERM_PRODUCTS))
# Yearly rates in millionths from each day on: the cuts are what makes a maturity worth a conversation.
RATES: list[tuple[str, dict[str, int]]] = [
    ("2024-01-01", {"D01": 2000, "T03": 12500, "T06": 14500, "T12": 17000, "T24": 19500, "T36": 23500, "N07": 9000, "CD36": 26000}),
    ("2024-07-29", {"D01": 1500, "T03": 11500, "T06": 13500, "T12": 15500, "T24": 17500, "T36": 21000, "N07": 8000, "CD36": 23500}),
    ("2024-10-21", {"D01": 1000, "T03": 9000, "T06": 11000, "T12": 13000, "T24": 14500, "T36": 17500, "N07": 5500, "CD36": 19000}),
    ("2025-05-22", {"D01": 500, "T03": 7500, "T06": 9500, "T12": 11000, "T24": 12000, "T36": 14500, "N07": 4000, "CD36": 15500}),
    ("2026-03-23", {"D01": 500, "T03": 7000, "T06": 9000, "T12": 10500, "T24": 11500, "T36": 14000, "N07": 3500, "CD36": 15000}),
]  # fmt: skip
PRODUCT_TERM = {"D01": 0, "T03": 3, "T06": 6, "T12": 12, "T24": 24, "T36": 36, "N07": 0, "CD36": 36}
# Loan rates, so that the table is not deposits alone.
LOAN_RATES = {"L10": (240, 33000), "L20": (36, 45000), "L21": (36, 42000), "L23": (12, 52000), "L30": (24, 41000)}


def annual_rate(product: str, day: int) -> int:
    """The rate on sale on a day, in millionths; the oldest known one for days before the table."""
    found = RATES[0][1][product]
    for since, rates in RATES:
        if day_number(date.fromisoformat(since)) <= day:
            found = rates[product]
    return found


ROLES = ("wealth", "credit", "merchant", "lobby", "corporate", "collection", "teller")
ROLE_CAPACITY = {"wealth": 12, "credit": 8, "merchant": 8, "lobby": 20, "corporate": 5, "collection": 10, "teller": 6}


@dataclass
class Manager:
    id: str
    unit: int
    name: str
    role: str
    phase: int  # where in the 97 days between absences
    length: int  # days of an absence
    leaves_on: int  # day number, or a day that never comes
    substitute: int


class Bank:
    """What all customers share, drawn from the seed and the sizes alone."""

    def __init__(self, seed: int, customers: int, branches: int, first_day: int, horizon: int) -> None:
        self.seed, self.customers, self.first_day, self.horizon = seed, customers, first_day, horizon
        rng = generator(seed, BANK)
        self._branches(rng, branches)
        self._managers(rng)
        self._employers(rng)
        self._places(rng)
        self._words(rng)

    # ---- the tree: head, region, branch, outlet ----
    def _branches(self, rng: np.random.Generator, branches: int) -> None:
        regions = int(np.clip(round(branches / 8), 1, 40))
        self.region_codes = [f"9901{number:02d}" for number in range(1, regions + 1)]
        self.region_names = [
            names.COUNTIES[number % len(names.COUNTIES)]
            + ("" if number < len(names.COUNTIES) else str(number // len(names.COUNTIES) + 1))
            for number in range(regions)
        ]
        angle = rng.random(regions) * 2 * np.pi
        reach = 0.15 + 0.5 * rng.random(regions)
        self.region_at = np.column_stack([CENTRE[0] + reach * np.sin(angle), CENTRE[1] + reach * np.cos(angle)])
        rows: list[dict[str, Any]] = [
            {"id": "B0000", "name": f"{BANK_NAME}总行", "parent": None, "level": "head", "region": -1, "at": CENTRE}
        ]
        region_ids = []
        for number in range(regions):
            region_ids.append(f"B{9000 + number}")
            rows.append({"id": region_ids[-1], "name": f"{self.region_names[number]}管辖行", "parent": "B0000", "level": "region", "region": number, "at": tuple(self.region_at[number])})  # fmt: skip
        self.units: list[dict[str, Any]] = []  # the ones with customers
        last_branch: dict[int, str] = {}
        with_closed = branches + (branches >= 4)
        for number in range(with_closed):
            region = number % regions
            is_branch = region not in last_branch or (number // regions) % 4 == 0
            unit_id = f"B{number + 1:04d}" if number < 8999 else f"B1{number + 1:05d}"
            town = names.TOWNS[(number // regions) % len(names.TOWNS)]
            again = number // regions // len(names.TOWNS)
            kind = "支行" if is_branch else "分理处"
            unit = {
                "id": unit_id,
                "name": f"{self.region_names[region]}{town}{'' if not again else again + 1}{kind}",
                "parent": region_ids[region] if is_branch else last_branch[region],
                "level": "branch" if is_branch else "outlet",
                "region": region,
                "town": town,
                "at": tuple(self.region_at[region] + rng.normal(0, 0.05, 2)),
                "capacity": int(rng.integers(25, 61)) if is_branch else int(rng.integers(12, 31)),
                "open": "1234567" if is_branch else ("123456" if rng.random() < 0.5 else "12345"),
                "closed_on": None,
            }
            if is_branch:
                last_branch[region] = unit_id
            self.units.append(unit)
            rows.append(unit)
        self.closed_unit = branches if branches >= 4 else None
        if self.closed_unit is not None:  # one outlet closed during the history: its customers must find a new home
            closed = self.units[self.closed_unit]
            closed["closed_on"] = self.first_day + 200
            closed["successor"] = next(each["id"] for each in self.units if each["region"] == closed["region"])
        self.branch_rows = rows
        self.open_units = branches
        weight = rng.lognormal(0, 0.4, with_closed)
        if self.closed_unit is not None:
            weight[self.closed_unit] *= 0.15
        self.unit_weight = weight / weight.sum()
        self.unit_ids = [each["id"] for each in self.units]
        self.unit_at = np.array([each["at"] for each in self.units])

    def _managers(self, rng: np.random.Generator) -> None:
        self.managers: list[Manager] = []
        self.managers_by: dict[tuple[int, str], list[int]] = {}
        for unit, row in enumerate(self.units):
            roles = (
                ["wealth", "wealth", "credit", "lobby", "teller", "teller"]
                if row["level"] == "branch"
                else ["wealth", "credit", "lobby", "teller"]
            )
            roles += ["merchant"] if row["level"] == "branch" or rng.random() < 0.4 else []
            roles += ["corporate", "collection"] if row["level"] == "branch" else []
            if unit == self.closed_unit:
                roles = ["wealth", "lobby"]
            for role in roles:
                place = len(self.managers)
                self.managers_by.setdefault((unit, role), []).append(place)
                left = self.first_day + int(rng.integers(60, 440)) if rng.random() < 0.03 else 2**30
                name = str(names.person_names(rng, np.array([rng.random() < 0.45]))[0])
                self.managers.append(
                    Manager(
                        f"M{place + 1:05d}",
                        unit,
                        name,
                        role,
                        int(rng.integers(97)),
                        int(rng.integers(1, 11)),
                        left,
                        place,
                    )
                )
        for place, each in enumerate(self.managers):
            same = [m for m in self.managers_by[each.unit, each.role] if m != place]
            others = (
                [m for (unit, _), found in self.managers_by.items() if unit == each.unit for m in found if m != place]
                if not same
                else []
            )
            each.substitute = (same or others or [place])[0]
        self.manager_ids = [each.id for each in self.managers]
        self.wealth_manager = [self.managers_by[unit, "wealth"] for unit in range(len(self.units))]
        self.credit_manager = [self.managers_by.get((unit, "credit"), [-1])[0] for unit in range(len(self.units))]
        self.merchant_manager = [self.managers_by.get((unit, "merchant"), [-1])[0] for unit in range(len(self.units))]

    # ---- who pays wages ----
    def _employers(self, rng: np.random.Generator) -> None:
        here = max(6, len(self.units) * 2)
        kinds = [
            "建材有限公司",
            "服饰有限公司",
            "食品有限公司",
            "电子科技有限公司",
            "中学",
            "人民医院",
            "物流有限公司",
            "农业合作社",
            "水务公司",
            "酒店管理公司",
        ]
        words = [
            "恒达",
            "瑞丰",
            "金禾",
            "华远",
            "盛泰",
            "明德",
            "同心",
            "天成",
            "顺源",
            "永兴",
            "安泰",
            "博远",
            "嘉禾",
            "联创",
        ]
        self.corporates = []
        for number in range(here):
            unit = int(rng.choice(len(self.units), p=self.unit_weight))
            name = f"{self.region_names[self.units[unit]['region']]}{words[number % len(words)]}{'' if number < len(words) else number // len(words) + 1}{kinds[number % len(kinds)]}"
            self.corporates.append(
                {
                    "id": f"G{number + 1:06d}",
                    "name": name,
                    "unit": unit,
                    "industry": names.INDUSTRIES[number % len(names.INDUSTRIES)],
                    "opened": self.first_day - int(rng.integers(200, 5000)),
                    "balance": int(rng.lognormal(14.2, 1.3) * 100),
                    "weight": float(rng.pareto(1.3) + 0.3) * (rng.random() < 0.75),
                    "phase": float(rng.random()),
                }
            )
        self.outside_employers = [
            f"{CITY}{word}{kind}" for word in words[:6] for kind in ("集团有限公司", "劳务派遣公司")
        ]
        weight = np.array([each["weight"] for each in self.corporates] + [0.4] * len(self.outside_employers))
        self.employer_weight = weight / weight.sum()
        self.employers = [each["name"] for each in self.corporates] + self.outside_employers
        self.payday = rng.choice([5, 8, 10, 15, 20, 25, 28], len(self.employers))

    def _places(self, rng: np.random.Generator) -> None:
        self.villages, self.places = [], []
        for unit, row in enumerate(self.units):
            for number in range(3):
                at = np.array(row["at"]) + rng.normal(0, 0.03, 2)
                self.villages.append(
                    {
                        "code": f"{self.region_codes[row['region']]}{unit:04d}{number:02d}",
                        "name": f"{names.VILLAGE_WORDS[(unit * 3 + number) % len(names.VILLAGE_WORDS)]}村",
                        "unit": unit,
                        "households": int(rng.integers(80, 900)),
                        "at": at,
                        "census": self.first_day + int(rng.integers(-300, 300)) if rng.random() < 0.6 else int(NO_DATE),
                    }
                )
            for kind, word in (
                ("market", "农贸市场"),
                ("community", "社区"),
                ("school", "小学"),
                ("company", "产业园"),
            ):
                at = np.array(row["at"]) + rng.normal(0, 0.01, 2)
                self.places.append(
                    {
                        "id": f"Z{unit:05d}{len(self.places) % 4}",
                        "name": f"{row['town']}{word}",
                        "kind": kind,
                        "at": at,
                        "size": int(rng.integers(40, 2500)),
                        "partner": ["none", "contacted", "partner"][int(rng.integers(3))],
                    }
                )

    def _words(self, rng: np.random.Generator) -> None:
        """Names of the other side of a booking; codes are places in the list."""
        words = self.counterparties = names.Words()
        self.employer_word = words.add(*self.employers)
        self.wallet_word = words.add(*names.WALLETS)
        self.spot_word = words.add(*names.SPOTS)
        self.person_word = words.add(*names.person_names(rng, rng.random(names.PERSON_NAMES) < 0.5))
        self.pension_word = words.add(f"{CITY}社会保险事业服务中心")
        self.subsidy_word = words.add(f"{CITY}财政局")
        self.settlement_word = words.add("收单业务清算专户")
        self.utility_word = words.add("国网电力", "自来水公司", "燃气公司")
        self.broker_word = words.add("青云证券", "华山证券")
        self.lender_word = words.add("星河消费金融", "蓝鲸小额贷款", "快易花小贷", "白露借款")
        self.insurer_word = words.add("安禾人寿保险", "平江财产保险")
        self.school_word = words.add("青禾实验学校", "阳光幼儿园")
        self.toll_word = words.add("高速公路联网收费中心")
        self.loan_word = words.add(f"{BANK_NAME}贷款归集户")
        self.card_word = words.add("信用卡还款")
        self.investment_word = words.add("理财产品清算专户")
        self.landlord_word = words.add("安居房屋租赁")
        self.court_word = words.add(f"{CITY}人民法院")
        self.tax_word = words.add(f"{CITY}税务局")
        self.buyer_word = words.add("粮油购销公司", "生猪屠宰公司", "果蔬批发公司")
        self.developer_word = words.add("锦程置业", "恒兴汽车销售")
        self.banks = [*names.OTHER_BANKS, *names.WALLETS, "青云证券"]
        self.memos = ["工资", "养老金", "利息", "转账", "取款", "存款", "消费", "还款", "理财购买", "理财赎回", "收单结算", "惠农补贴", "水电费", "房租", "学费", "保费", "银证转账", "货款", "年终奖", "冲正", "通行费", "售房款", "定期开户", "定期销户", "贷款发放", "报销"]  # fmt: skip
        self.memo_at = {word: place for place, word in enumerate(self.memos)}

    @cached_property
    def employer_is_here(self) -> np.ndarray:
        return np.arange(len(self.employers)) < len(self.corporates)

    # ---- tables that do not depend on customers ----
    def write_snapshots(self, out: LandingPart, day: int, with_slow: bool) -> None:
        """The bank-wide snapshot tables of a day; the slow ones (on change, monthly) only `with_slow`."""
        rows = self.branch_rows
        closed = [each.get("closed_on") for each in rows]
        is_closed = [each is not None and each <= day for each in closed]
        out.write(
            "core.branches",
            day,
            {
                "branch_id": texts(each["id"] for each in rows),
                "branch_name": texts(each["name"] for each in rows),
                "parent_branch_id": texts(each["parent"] for each in rows),
                "level": texts(each["level"] for each in rows),
                "region_code": texts(
                    self.region_codes[each["region"]] if each["region"] >= 0 else None for each in rows
                ),
                "latitude": np.round([each["at"][0] for each in rows], 6),
                "longitude": np.round([each["at"][1] for each in rows], 6),
                "daily_capacity": np.array([each.get("capacity", 0) for each in rows], np.int32),
                "open_weekdays": texts(each.get("open", "12345") for each in rows),
                "closed_on": np.array(
                    [c if gone else NO_DATE for c, gone in zip(closed, is_closed, strict=True)], np.int32
                ),
                "successor_branch_id": texts(
                    each.get("successor") if gone else None for each, gone in zip(rows, is_closed, strict=True)
                ),
            },
        )
        self._write_managers(out, day)
        products = list(PRODUCTS.items())
        out.write(
            "core.products",
            day,
            {
                "product_code": texts(code for code, _ in products),
                "product_name": texts(each[0] for _, each in products),
                "category": texts(each[1] for _, each in products),
                "is_core": np.array([each[2] for _, each in products]),
                "is_on_sale": np.array([each[3] for _, each in products]),
                "risk_level": texts(each[4] for _, each in products),
                "min_amount": np.array(
                    [-(2**63) if each[5] is None else each[5] * 100 for _, each in products], np.int64
                ),
                "penetration_points": np.array([each[6] for _, each in products], np.int32),
                "annual_margin": np.array([round(each[7] * 1_000_000) for _, each in products], np.int64),
                "refinance_allowed": _flags([each[8] for _, each in products]),
            },
        )
        rates = [
            (
                code,
                PRODUCT_TERM[code],
                rate,
                day_number(date.fromisoformat(since)),
                rate + 500 + 250 * (PRODUCT_TERM[code] >= 24),
            )
            for since, table in RATES
            for code, rate in table.items()
        ]
        rates += [
            (code, term, rate, day_number(date(2024, 1, 1)), rate - 1500) for code, (term, rate) in LOAN_RATES.items()
        ]
        rates = [each for each in rates if each[3] <= max(day, day_number(date(2024, 1, 1)))]
        out.write(
            "core.product_rates",
            day,
            {
                "product_code": texts(each[0] for each in rates),
                "term_months": np.array([each[1] for each in rates], np.int32),
                "annual_rate": np.array([each[2] for each in rates], np.int64),
                "valid_from": np.array([each[3] for each in rates], np.int32),
                "competitor_rate": np.array([each[4] for each in rates], np.int64),
            },
        )
        self._write_corporates(out, day)
        self._write_activities(out, day)
        if with_slow:
            self._write_slow(out, day)

    def _write_managers(self, out: LandingPart, day: int) -> None:
        absent_from = [day + (each.phase - day) % 97 for each in self.managers]  # the next absence to begin
        running = [day - (day - each.phase) % 97 for each in self.managers]  # the one that began last
        starts = [
            now if now + each.length - 1 >= day else later
            for each, now, later in zip(self.managers, running, absent_from, strict=True)
        ]
        soon = [start <= day + 14 for start in starts]  # leave is known two weeks ahead
        out.write(
            "core.managers",
            day,
            {
                "manager_id": texts(self.manager_ids),
                "branch_id": texts(self.unit_ids[each.unit] for each in self.managers),
                "manager_name": texts(each.name for each in self.managers),
                "role": texts(each.role for each in self.managers),
                "daily_capacity": np.array([ROLE_CAPACITY[each.role] for each in self.managers], np.int32),
                "is_active": np.array([each.leaves_on > day for each in self.managers]),
                "absent_from": np.array(
                    [s if known else NO_DATE for s, known in zip(starts, soon, strict=True)], np.int32
                ),
                "absent_until": np.array(
                    [
                        s + m.length - 1 if known else NO_DATE
                        for s, m, known in zip(starts, self.managers, soon, strict=True)
                    ],
                    np.int32,
                ),
                "substitute_id": texts(
                    self.manager_ids[m.substitute] if known and self.managers[m.substitute] is not m else None
                    for m, known in zip(self.managers, soon, strict=True)
                ),
            },
        )

    def corporate_balance(self, number: int, day: int) -> int:
        each = self.corporates[number]
        return int(each["balance"] * (1 + 0.25 * np.sin(2 * np.pi * (day / 91 + each["phase"]))))

    def _write_corporates(self, out: LandingPart, day: int) -> None:
        rows = self.corporates
        payroll_people = 0.22 * self.customers
        out.write(
            "crm.corporates",
            day,
            {
                "corporate_id": texts(each["id"] for each in rows),
                "corporate_name": texts(each["name"] for each in rows),
                "branch_id": texts(self.unit_ids[each["unit"]] for each in rows),
                "manager_id": texts(
                    self.manager_ids[self.managers_by[each["unit"], "corporate"][0]]
                    if (each["unit"], "corporate") in self.managers_by
                    else None
                    for each in rows
                ),
                "industry": texts(each["industry"] for each in rows),
                "opened_on": np.array([each["opened"] for each in rows], np.int32),
                "balance": np.array([self.corporate_balance(place, day) for place in range(len(rows))], np.int64),
                "avg_balance_year": np.array([each["balance"] for each in rows], np.int64),
                "legal_rep_customer_id": texts(
                    f"C{self.legal_representative(place):09d}" for place in range(len(rows))
                ),
                "payroll_headcount": np.round(self.employer_weight[: len(rows)] * payroll_people).astype(np.int32),
                "payroll_name_patterns": texts(each["name"] if each["weight"] else None for each in rows),
            },
        )

    def legal_representative(self, corporate: int) -> int:
        """A customer of the first hundred, all of long standing."""
        return corporate * 7 % min(100, self.customers // 2)

    @cached_property
    def activities(self) -> list[dict[str, Any]]:
        """Two activities a quarter at each branch, for the known years; customers come to those that are past."""
        rng = generator(self.seed, BANK, 7)
        found = []
        themes = [
            ("salon", "养老金融"),
            ("class", "亲子财商"),
            ("roadshow", "手机银行"),
            ("salon", "财富沙龙"),
            ("class", "丽人课堂"),
        ]
        for unit in range(self.open_units):
            for quarter in range(8):
                kind, theme = themes[int(rng.integers(len(themes)))]
                found.append(
                    {
                        "id": f"H{unit:05d}{quarter:02d}",
                        "unit": unit,
                        "kind": kind,
                        "theme": theme,
                        "held_on": self.first_day + quarter * 91 + int(rng.integers(10, 85)),
                        "seats": int(rng.integers(15, 61)),
                        "cost": int(rng.integers(8, 60)) * 10_000,
                    }
                )
        return found

    def _write_activities(self, out: LandingPart, day: int) -> None:
        known = [each for each in self.activities if each["held_on"] <= day + 30]  # announced a month ahead
        if not known:
            return
        out.write(
            "crm.activities",
            day,
            {
                "activity_id": texts(each["id"] for each in known),
                "branch_id": texts(self.unit_ids[each["unit"]] for each in known),
                "kind": texts(each["kind"] for each in known),
                "theme": texts(each["theme"] for each in known),
                "held_on": np.array([each["held_on"] for each in known], np.int32),
                "seats": np.array([each["seats"] for each in known], np.int32),
                "cost": np.array([each["cost"] for each in known], np.int64),
            },
        )

    def _write_slow(self, out: LandingPart, day: int) -> None:
        first, last = date(day_of(self.first_day).year - 1, 1, 1), date(day_of(day).year + 1, 12, 31)
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        kinds = [day_kind(each) for each in days]
        out.write(
            "core.calendar",
            day,
            {
                "cal_date": np.array([day_number(each) for each in days], np.int32),
                "is_business_day": np.array([work for work, _ in kinds]),
                "holiday_name": texts(name for _, name in kinds),
            },
        )
        rows = self.villages
        out.write(
            "external.villages",
            day,
            {
                "village_code": texts(each["code"] for each in rows),
                "village_name": texts(each["name"] for each in rows),
                "branch_id": texts(self.unit_ids[each["unit"]] for each in rows),
                "grid_manager_id": texts(
                    self.manager_ids[self.credit_manager[each["unit"]]]
                    if self.credit_manager[each["unit"]] >= 0
                    else None
                    for each in rows
                ),
                "households": np.array([each["households"] for each in rows], np.int32),
                "latitude": np.round([each["at"][0] for each in rows], 6),
                "longitude": np.round([each["at"][1] for each in rows], 6),
                "census_done_on": np.array(
                    [each["census"] if each["census"] <= day else NO_DATE for each in rows], np.int32
                ),
            },
        )
        rows = self.places
        out.write(
            "external.places",
            day,
            {
                "place_id": texts(each["id"] for each in rows),
                "place_name": texts(each["name"] for each in rows),
                "kind": texts(each["kind"] for each in rows),
                "latitude": np.round([each["at"][0] for each in rows], 6),
                "longitude": np.round([each["at"][1] for each in rows], 6),
                "households_or_stalls": np.array([each["size"] for each in rows], np.int32),
                "partner_status": texts(each["partner"] for each in rows),
            },
        )
        year = day_of(day).year
        periods = [str(year)] + [f"{year}Q{quarter}" for quarter in (1, 2, 3, 4)]
        per_unit = self.customers / self.open_units
        metrics = {
            "deposit_avg": 4_500_000,
            "deposit_time_avg": 2_200_000,
            "new_corporate_accounts": 2,
            "loan_balance": 1_800_000,
            "app_active": 25,
        }
        targets = [
            (self.unit_ids[unit], period, metric, int(value * per_unit * self.unit_weight[unit] * self.open_units) if metric != "new_corporate_accounts" else 200 * (4 if len(period) == 4 else 1))
            for unit in range(self.open_units)
            for period in periods
            for metric, value in metrics.items()
        ]  # fmt: skip
        out.write(
            "crm.targets",
            day,
            {
                "branch_id": texts(each[0] for each in targets),
                "period": texts(each[1] for each in targets),
                "metric": texts(each[2] for each in targets),
                "target_value": np.array([each[3] for each in targets], np.int64),
            },
        )

    def write_events(self, out: LandingPart, day: int) -> None:
        """The bank-wide event tables of a day: most days have none."""
        today = day_of(day)
        if today.day == 15:
            self._write_market_share(out, day, (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m"))
        if today.day == 10:
            self._write_pay(out, day, (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m"))
        events: list[tuple[str, str | None, int]] = []
        for (_, before), (since, rates) in zip(RATES, RATES[1:], strict=False):
            if since == today.isoformat():
                events += [
                    ("deposit_rate_cut", code, before[code] - rates[code])
                    for code in rates
                    if before[code] > rates[code]
                ]
        luck = generator(self.seed, MARKET, day).random(4)
        events += [("fund_nav_drop", "F02", 30000 + int(luck[1] * 40000))] if luck[0] < 0.012 else []
        events += [("wealth_break_even_miss", "W365", 2000 + int(luck[1] * 3000))] if luck[2] < 0.004 else []
        events += [("gold_move", "gold", int((luck[1] - 0.45) * 80000))] if luck[3] < 0.02 else []
        if events:
            out.write(
                "external.market_events",
                day,
                {
                    "event_date": np.full(len(events), day, np.int32),
                    "event_type": texts(each[0] for each in events),
                    "product_code": texts(each[1] for each in events),
                    "magnitude": np.array([each[2] for each in events], np.int64),
                },
            )

    def _write_market_share(self, out: LandingPart, day: int, month: str) -> None:
        rng = generator(self.seed, MARKET, day, 1)
        lines = {
            "personal_demand": 1.0,
            "personal_time": 1.9,
            "corporate_deposit": 0.9,
            "personal_loan": 0.8,
            "corporate_loan": 1.1,
        }
        banks = [BANK_NAME, *names.OTHER_BANKS[:5]]
        share = np.array([0.31, 0.19, 0.17, 0.14, 0.11, 0.08])
        rows = [
            (self.region_codes[region], bank, line, int(factor * self.customers * 6_000_000 / len(self.region_codes) * part * (1 + 0.02 * rng.standard_normal())))
            for region in range(len(self.region_codes))
            for line, factor in lines.items()
            for bank, part in zip(banks, share, strict=True)
        ]  # fmt: skip
        out.write(
            "external.market_share",
            day,
            {
                "biz_month": month,
                "region_code": texts(each[0] for each in rows),
                "bank_name": texts(each[1] for each in rows),
                "business_line": texts(each[2] for each in rows),
                "balance": np.array([each[3] for each in rows], np.int64),
            },
        )

    def _write_pay(self, out: LandingPart, day: int, month: str) -> None:
        rng = generator(self.seed, MARKET, day, 2)
        staff = [place for place, each in enumerate(self.managers) if each.leaves_on > day]
        base = np.array(
            [420_000 + 60_000 * (self.managers[place].role in ("wealth", "credit", "corporate")) for place in staff],
            np.int64,
        )
        performance = (base * rng.gamma(2.0, 0.35, len(staff))).astype(np.int64)
        allowances = rng.integers(20_000, 90_000, len(staff)).astype(np.int64)
        gross = base + performance + allowances
        parts = {
            "insurance_employee": gross * 105 // 1000,
            "insurance_employer": gross * 265 // 1000,
            "housing_fund_employee": gross * 12 // 100,
            "housing_fund_employer": gross * 12 // 100,
            "annuity_employee": gross * 4 // 100,
            "annuity_employer": gross * 8 // 100,
        }
        withheld = parts["insurance_employee"] + parts["housing_fund_employee"] + parts["annuity_employee"]
        tax = np.maximum(gross - withheld - 500_000, 0) * 3 // 100
        out.write(
            "hr.staff_pay",
            day,
            {
                "staff_id": texts(self.manager_ids[place] for place in staff),
                "branch_id": texts(self.unit_ids[self.managers[place].unit] for place in staff),
                "pay_month": month,
                "base_pay": base,
                "performance_pay": performance,
                "allowances": allowances,
                **parts,
                "tax": tax,
                "net_pay": gross - withheld - tax,
            },
        )


def _flags(values: list[bool | None]) -> Any:
    import pyarrow as pa

    return pa.array(values, pa.bool_())
