"""The Chinese working calendar: public holidays and make-up working days as the State Council announced them.

2024 to 2026 are the published days. 2027 was not yet published when this was written: its days follow the rule of the
years before. Other years know the fixed-date holidays only."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

# year: (holiday, first day off, last day off, make-up working days), days as MM-DD
ANNOUNCED: dict[int, list[tuple[str, str, str, tuple[str, ...]]]] = {
    2024: [
        ("元旦", "01-01", "01-01", ()),
        ("春节", "02-10", "02-17", ("02-04", "02-18")),
        ("清明节", "04-04", "04-06", ("04-07",)),
        ("劳动节", "05-01", "05-05", ("04-28", "05-11")),
        ("端午节", "06-08", "06-10", ()),
        ("中秋节", "09-15", "09-17", ("09-14",)),
        ("国庆节", "10-01", "10-07", ("09-29", "10-12")),
    ],
    2025: [
        ("元旦", "01-01", "01-01", ()),
        ("春节", "01-28", "02-04", ("01-26", "02-08")),
        ("清明节", "04-04", "04-06", ()),
        ("劳动节", "05-01", "05-05", ("04-27",)),
        ("端午节", "05-31", "06-02", ()),
        ("国庆节、中秋节", "10-01", "10-08", ("09-28", "10-11")),
    ],
    2026: [
        ("元旦", "01-01", "01-03", ("01-04",)),
        ("春节", "02-15", "02-23", ("02-14", "02-28")),
        ("清明节", "04-04", "04-06", ()),
        ("劳动节", "05-01", "05-05", ("05-09",)),
        ("端午节", "06-19", "06-21", ()),
        ("中秋节", "09-25", "09-27", ()),
        ("国庆节", "10-01", "10-07", ("09-20", "10-10")),
    ],
    2027: [
        ("元旦", "01-01", "01-03", ()),
        ("春节", "02-05", "02-12", ("01-31", "02-20")),
        ("清明节", "04-03", "04-05", ()),
        ("劳动节", "05-01", "05-05", ("04-25", "05-08")),
        ("端午节", "06-09", "06-09", ()),
        ("中秋节", "09-15", "09-15", ()),
        ("国庆节", "10-01", "10-07", ("09-26", "10-09")),
    ],
}
FIXED = [("元旦", "01-01", "01-01", ()), ("劳动节", "05-01", "05-01", ()), ("国庆节", "10-01", "10-03", ())]
# New year's day of the lunar calendar: seasons follow it, not the days off.
SPRING_FESTIVAL = {
    2023: date(2023, 1, 22),
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
}


@lru_cache
def special_days(year: int) -> dict[date, tuple[bool, str]]:
    """day -> (is a working day, name) for the days of a year that are not what their weekday says."""
    found: dict[date, tuple[bool, str]] = {}
    for name, first, last, work in ANNOUNCED.get(year, FIXED):
        day, end = date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year}-{last}")
        while day <= end:
            found[day] = (False, name)
            day += timedelta(days=1)
        for each in work:
            found[date.fromisoformat(f"{year}-{each}")] = (True, f"{name}调休上班")
    return found


def day_kind(day: date) -> tuple[bool, str | None]:
    """(is a working day, name of the holiday or make-up day, else None)."""
    return special_days(day.year).get(day, (day.isoweekday() <= 5, None))


def is_working_day(day: date) -> bool:
    return day_kind(day)[0]


def working_day_before(day: date) -> date:
    """The day itself when it is a working day, else the last one before it: pay and pensions come early."""
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


def days_to_spring_festival(day: date) -> int:
    """Days until (negative: since) the nearest lunar new year; 999 outside the known years."""
    known = [(day_ - day).days for year, day_ in SPRING_FESTIVAL.items() if abs(year - day.year) <= 1]
    return min(known, key=abs, default=999)
