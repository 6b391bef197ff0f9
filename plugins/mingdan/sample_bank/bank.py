"""The bank itself: branches, managers, employers, villages and places; alike in every process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mingdan.sample_bank import names
from mingdan.sample_bank.columns import NO_DATE, texts

BANK_NAME = "青禾农商银行"
CITY = "青禾市"
CENTRE = np.array([30.20, 103.60])
NEVER = 2**30  # a day that does not come

# Streams of randomness: each has its own generator, so that drawing more in one changes nothing in another.
BANK, PEOPLE, DAY, MARKET = 1, 2, 3, 4


def generator(*key: int) -> np.random.Generator:
    """The random numbers of one place: the same key gives the same numbers, whatever else was drawn before."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


@dataclass
class Manager:
    id: str
    unit: int
    name: str
    role: str
    absence_phase: int  # where in the days between absences
    absence_days: int
    leaves_on: int
    substitute: int = -1  # place of another manager; none where -1


class Bank:
    """What all customers share, drawn from the seed and the sizes alone. Units are the branches with customers."""

    def __init__(self, seed: int, customers: int, branches: int, first_day: int, horizon: int) -> None:
        self.seed, self.customers, self.first_day, self.horizon = seed, customers, first_day, horizon
        rng = generator(seed, BANK)
        self._draw_branches(rng, branches)
        self._draw_managers(rng)
        self._draw_employers(rng)
        self._draw_places(rng)
        self._name_counterparties(rng)

    def _draw_branches(self, rng: np.random.Generator, branches: int) -> None:
        """A head office, regions, and below each region branches with outlets."""
        regions = int(np.clip(round(branches / 8), 1, 40))
        counties, towns = names.COUNTIES, names.TOWNS
        self.region_codes = [f"9901{number:02d}" for number in range(1, regions + 1)]
        self.region_names = [counties[number % len(counties)] + again(number, counties) for number in range(regions)]
        angle, reach = rng.random(regions) * 2 * np.pi, 0.15 + 0.5 * rng.random(regions)
        region_at = CENTRE + np.column_stack([reach * np.sin(angle), reach * np.cos(angle)])
        head = {"id": "B0000", "name": f"{BANK_NAME}总行", "level": "head", "at": CENTRE}
        middle: list[dict[str, Any]] = []
        for number, name in enumerate(self.region_names):
            office = {"id": f"B90{number:02d}", "name": f"{name}管辖行", "parent": "B0000", "level": "region"}
            middle.append(office | {"region": number, "at": region_at[number]})
        self.open_units = branches
        self.closed_unit = branches if branches >= 4 else None  # one more outlet, closed during the history
        self.units: list[dict[str, Any]] = []
        branch_of: dict[int, str] = {}
        for number in range(branches + (self.closed_unit is not None)):
            region, row = number % regions, number // regions
            is_branch = region not in branch_of or row % 4 == 0
            town = towns[row % len(towns)]
            name = f"{self.region_names[region]}{town}{again(row, towns)}{'支行' if is_branch else '分理处'}"
            unit: dict[str, Any] = {
                "id": f"B{number + 1 + 90_000 * (number >= 8999):04d}",
                "name": name,
                "region": region,
                "town": town,
            }
            unit |= {
                "level": "branch" if is_branch else "outlet",
                "parent": middle[region]["id"] if is_branch else branch_of[region],
            }
            unit["class"] = "business" if is_branch else ("community", "rural", "market", "campus")[row % 4]
            unit["at"] = region_at[region] + rng.normal(0, 0.05, 2)
            unit["capacity"] = int(rng.integers(25, 61)) if is_branch else int(rng.integers(12, 31))
            unit["open"] = "1234567" if is_branch else "123456" if rng.random() < 0.5 else "12345"
            if is_branch:
                branch_of[region] = unit["id"]
            self.units.append(unit)
        weight = rng.lognormal(0, 0.4, len(self.units))
        if self.closed_unit is not None:
            closed = self.units[self.closed_unit]
            successor = next(each["id"] for each in self.units if each["region"] == closed["region"])
            closed |= {"closed_on": self.first_day + 200, "successor": successor}
            weight[self.closed_unit] *= 0.15
        self.unit_weight = weight / weight.sum()
        self.branch_rows = [head, *middle, *self.units]
        self.unit_ids = [each["id"] for each in self.units]
        self.unit_id_array = texts(self.unit_ids)
        self.unit_at = np.array([each["at"] for each in self.units])

    def _draw_managers(self, rng: np.random.Generator) -> None:
        self.managers: list[Manager] = []
        self.managers_of: list[dict[str, list[int]]] = []  # by unit and role
        for unit, row in enumerate(self.units):
            roles = ["wealth", "credit", "lobby", "teller"]
            if row["level"] == "branch":
                roles += ["wealth", "teller", "merchant", "corporate", "collection"]
            elif rng.random() < 0.4:
                roles.append("merchant")
            found: dict[str, list[int]] = {}
            for role in roles if unit != self.closed_unit else ["wealth", "lobby"]:
                place = len(self.managers)
                found.setdefault(role, []).append(place)
                leaves = self.first_day + int(rng.integers(60, 440)) if rng.random() < 0.03 else NEVER
                phase, days = int(rng.integers(97)), int(rng.integers(1, 11))
                self.managers.append(Manager(f"M{place + 1:05d}", unit, "", role, phase, days, leaves))
            for places in found.values():
                others = [place for other in found.values() for place in other]
                for place in places:
                    same = [each for each in places if each != place]
                    self.managers[place].substitute = (same or [each for each in others if each != place])[0]
            self.managers_of.append(found)
        for each, name in zip(
            self.managers, names.person_names(rng, rng.random(len(self.managers)) < 0.45).tolist(), strict=True
        ):
            each.name = name
        self.manager_ids = [each.id for each in self.managers]
        self.wealth_managers = [found["wealth"] for found in self.managers_of]
        # One manager of the role for each unit, -1 where it has none.
        self.credit_manager, self.merchant_manager, self.corporate_manager = (
            np.array([found.get(role, [-1])[0] for found in self.managers_of])
            for role in ("credit", "merchant", "corporate")
        )

    def _draw_employers(self, rng: np.random.Generator) -> None:
        """Corporates here, most of which pay wages through the bank, some through another one, and other banks' own."""
        words, kinds, trades = names.EMPLOYER_WORDS, names.EMPLOYER_KINDS, names.INDUSTRIES
        self.corporates: list[dict[str, Any]] = []
        for number in range(max(6, len(self.units) * 2)):
            unit = int(rng.choice(len(self.units), p=self.unit_weight))
            county = self.region_names[self.units[unit]["region"]]
            name = f"{county}{words[number % len(words)]}{again(number, words)}{kinds[number % len(kinds)]}"
            row: dict[str, Any] = {
                "id": f"G{number + 1:06d}",
                "name": name,
                "unit": unit,
                "industry": trades[number % len(trades)],
            }
            row["opened"] = self.first_day - int(rng.integers(200, 5000))
            row["balance"] = int(rng.lognormal(14.2, 1.3) * 100)
            row["weight"] = float(rng.pareto(1.3) + 0.3) * (rng.random() < 0.75)
            row["pays_elsewhere"] = number % 8 == 5  # keeps its account here and pays wages through another bank
            row["weight"] = 1.5 if row["pays_elsewhere"] else row["weight"]
            row["phase"] = float(rng.random())
            self.corporates.append(row)
        outside = [f"{CITY}{word}{kind}" for word in words[:6] for kind in ("集团有限公司", "劳务派遣公司")]
        self.employers = [each["name"] for each in self.corporates] + outside
        self.employer_is_here = np.arange(len(self.employers)) < len(self.corporates)
        self.pays_elsewhere = np.array([each["pays_elsewhere"] for each in self.corporates] + [False] * len(outside))
        weight = np.array([each["weight"] for each in self.corporates] + [0.4] * len(outside))
        self.employer_weight = weight / weight.sum()
        self.payday = rng.choice([5, 8, 10, 15, 20, 25, 28], len(self.employers))

    def _draw_places(self, rng: np.random.Generator) -> None:
        """Three villages and four places around each unit."""
        self.villages: list[dict[str, Any]] = []
        self.places: list[dict[str, Any]] = []
        kinds = [("market", "农贸市场"), ("community", "社区"), ("school", "小学"), ("company", "产业园")]
        for unit, row in enumerate(self.units):
            for number in range(3):
                name = names.VILLAGE_WORDS[(unit * 3 + number) % len(names.VILLAGE_WORDS)] + "村"
                village = {
                    "code": f"{self.region_codes[row['region']]}{unit:04d}{number:02d}",
                    "name": name,
                    "unit": unit,
                }
                village |= {"households": int(rng.integers(80, 900)), "at": row["at"] + rng.normal(0, 0.03, 2)}
                village["census"] = self.first_day + int(rng.integers(-300, 300)) if rng.random() < 0.6 else NO_DATE
                self.villages.append(village)
            for number, (kind, word) in enumerate(kinds):
                place = {
                    "id": f"Z{unit:05d}{number}",
                    "name": f"{row['town']}{word}",
                    "kind": kind,
                    "at": row["at"] + rng.normal(0, 0.01, 2),
                }
                place |= {
                    "size": int(rng.integers(40, 2500)),
                    "partner": str(rng.choice(["none", "contacted", "partner"])),
                }
                self.places.append(place)

    def _name_counterparties(self, rng: np.random.Generator) -> None:
        """Names of the other side of a booking; a code is a place in the list."""
        words = self.counterparties = names.Words()
        self.employer_word = words.add(*self.employers)
        self.wallet_word = words.add(*names.WALLETS)
        self.spot_word = words.add(*names.SPOTS)
        self.person_word = words.add(*names.person_names(rng, rng.random(names.PERSON_NAMES) < 0.5).tolist())
        self.pension_word = words.add(f"{CITY}社会保险事业服务中心")
        self.subsidy_word = words.add(f"{CITY}财政局")
        self.settlement_word = words.add("收单业务清算专户")
        self.utility_word = words.add("国网电力", "自来水公司", "燃气公司")
        self.broker_word = words.add("青云证券")
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
        self.shopping_word = words.add("青猫月付")
        self.mortgage_word = words.add("个人贷款归还专户")
        self.lessor_word = words.add("恒驰融资租赁")
        self.banks = [*names.OTHER_BANKS, *names.WALLETS, "青云证券"]

    def legal_representative(self, corporate: int) -> int:
        """The customer number of a corporate's representative, one of the first hundred, all of long standing."""
        return corporate * 7 % min(100, self.customers // 2)

    @cached_property
    def activities(self) -> list[dict[str, Any]]:
        """An activity a quarter at each open unit, for two years."""
        rng = generator(self.seed, BANK, 7)
        themes = [
            ("salon", "养老金融"),
            ("class", "亲子财商"),
            ("roadshow", "手机银行"),
            ("salon", "财富沙龙"),
            ("class", "丽人课堂"),
        ]
        found = []
        for unit in range(self.open_units):
            for quarter in range(8):
                kind, theme = themes[int(rng.integers(len(themes)))]
                day = self.first_day + quarter * 91 + int(rng.integers(10, 85))
                if unit < len(themes) and abs(day - self.horizon - 20) < 30:
                    continue  # the one below is its next
                row = {"id": f"H{unit:05d}{quarter:02d}", "unit": unit, "kind": kind, "theme": theme, "held_on": day}
                found.append(row | {"seats": int(rng.integers(15, 61)), "cost": int(rng.integers(8, 60)) * 10_000})
        # one of each theme ten days after the day of the planted cases, at the first units
        for unit, (kind, theme) in enumerate(themes[: self.open_units]):
            row = {"id": f"H{unit:05d}99", "unit": unit, "kind": kind, "theme": theme, "held_on": self.horizon + 10}
            found.append(row | {"seats": 60, "cost": 200_000})
        return found


def again(number: int, words: list[str]) -> str:
    """Nothing on the first round through a word list, then 2, 3, …"""
    return "" if number < len(words) else str(number // len(words) + 1)
