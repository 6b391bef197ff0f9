"""What the bank sells, and at which rates."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np

from mingdan.sample_bank.columns import day_number

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
RATED = ["D01", "T03", "T06", "T12", "T24", "T36", "N07", "CD36"]
# Yearly rates in millionths from each day on: the cuts are what makes a maturity worth a conversation.
RATES: list[tuple[int, dict[str, int]]] = [
    (day_number(date.fromisoformat(since)), dict(zip(RATED, rates, strict=True)))
    for since, rates in [
        ("2024-01-01", [2000, 12500, 14500, 17000, 19500, 23500, 9000, 26000]),
        ("2024-07-29", [1500, 11500, 13500, 15500, 17500, 21000, 8000, 23500]),
        ("2024-10-21", [1000, 9000, 11000, 13000, 14500, 17500, 5500, 19000]),
        ("2025-05-22", [500, 7500, 9500, 11000, 12000, 14500, 4000, 15500]),
        ("2026-03-23", [500, 7000, 9000, 10500, 11500, 14000, 3500, 15000]),
    ]
]
PRODUCT_TERM = {"D01": 0, "T03": 3, "T06": 6, "T12": 12, "T24": 24, "T36": 36, "N07": 0, "CD36": 36}
# Loan rates, so that the table is not deposits alone.
LOAN_CODES = {"mortgage": "L10", "consumer": "L20", "business": "L30", "online": "L23", "student": "L22", "auto": "L21"}
LOAN_RATES = {"L10": (240, 33000), "L20": (36, 45000), "L21": (36, 42000), "L23": (12, 52000), "L30": (24, 41000)}


def annual_rate(product: str, day: int) -> int:
    """The rate on sale on a day, in millionths; the oldest known one for days before the table."""
    found = RATES[0][1][product]
    for since, rates in RATES:
        if since <= day:
            found = rates[product]
    return found


@lru_cache
def rates_on_sale(day: int) -> np.ndarray:
    """Yearly rates of the deposit products on a day, in millionths, by place of the product; 0 for other products."""
    return np.array([annual_rate(code, day) if code in RATED else 0 for code in PRODUCT_CODES])
