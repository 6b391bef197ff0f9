"""The 晨会 page of a branch's workbook: what a branch manager reads out in the morning, on one A4 page.

Today's leads by list and owner, follow-ups that are due, the ten leads to begin with, what came of the last working
day, the month so far with a chart, the stars, and the days on which deposits mature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mingdan.branch_rows import Cells, harmless
from mingdan.reasons import SEPARATOR

OVERDUE_DAYS = 7  # a customer who asked to be called again and has heard nothing for a week feels forgotten
LISTS, OWNERS, DUE, FIRST, MANAGERS = 7, 5, 8, 10, 6  # most rows or columns of each part: one page
PROGRESS, MATURITIES = "branch_progress", "maturity_days"  # the reports it reads
WIDTH = 20  # columns of its grid, each CELL characters wide, its rows ROW points high: A4 upright at full size
CELL, ROW = 4.6, 18.5
LINE, TINT, WARM, GREY, STAR = "#C9D1DB", "#E8EEF5", "#FCE8D5", "#6B7280", "#B45F06"
UNKNOWN = "–"

WORDS: dict[str, dict[str, Any]] = {
    "zh": {
        "sheet": "晨会", "weekdays": "一二三四五六日", "weekday": "周", "today": "今日线索", "due": "今日应跟进",
        "overdue": "其中逾期", "last": "上一工作日联系", "won": "上一工作日成交", "month": "本月联系完成率",
        "class": "本月同类网点排名", "by_list": "今日线索：按名单和责任人", "list": "名单", "queue": "待分配",
        "others": "其他", "total": "合计", "due_list": "今日应跟进（超过7天未联系为逾期）", "name": "客户",
        "contact": "上次联系", "outcome": "上次结果", "owner": "责任人", "more": "另有{}条，见“名单”",
        "nothing_due": "今日没有到期的跟进。", "first": "今日前十", "rank": "序号", "reason": "推荐理由",
        "stake": "涉及金额", "due_on": "到期日", "no_leads": "今日本网点没有线索，原因见“说明”。",
        "so_far": "本月进度：按客户经理", "leads": "线索", "contacted": "已联系", "reached": "已接触",
        "wins": "成交", "attained": "完成率", "target": "应联系", "branch": "全网点", "none": "暂无",
        "no_progress": "本月还没有联系记录。",
        "stars": "★ 上一工作日之星：{} 　★ 近7天之星：{} 　★ 本月之星：{}",
        "maturities": "未来两周存款到期", "customers": "客户数", "amount": "金额(万)",
        "peaks": "高峰日：{}，请提前排班、备好接续方案。",
        "no_peak": "未来两周没有到期高峰，按日常排班。", "comma": "、", "unit": 10_000,
    },
    "en": {
        "sheet": "Morning meeting", "weekdays": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "weekday": "",
        "today": "Leads today", "due": "Follow-ups due", "overdue": "overdue", "last": "Contacted last day",
        "won": "Won last day", "month": "Contacts this month", "class": "Place in class", "list": "List",
        "by_list": "Today's leads by list and owner", "queue": "Nobody", "others": "Others", "total": "Total",
        "due_list": "Follow-ups due (overdue after 7 days)", "name": "Customer", "contact": "Last contact",
        "outcome": "Outcome", "owner": "Owner", "more": "{} more: see Leads",
        "nothing_due": "No follow-up is due today.",
        "first": "The first ten", "rank": "Rank", "reason": "Reason", "stake": "Stake", "due_on": "Due on",
        "no_leads": "No leads for this branch today; Notes says why.", "so_far": "This month by manager",
        "leads": "Leads", "contacted": "Contacted", "reached": "Reached", "wins": "Won", "attained": "Of target",
        "target": "Due", "branch": "Whole branch", "none": "nobody yet", "no_progress": "No contacts this month yet.",
        "stars": "★ Star of the last day: {}   ★ of the last 7 days: {}   ★ of the month: {}",
        "maturities": "Deposits maturing in two weeks", "customers": "Customers", "amount": "Amount (k)",
        "peaks": "Peak days: {}. Plan more people and the offers to go on with.",
        "no_peak": "No peak in the next two weeks: the usual staff will do.", "comma": ", ", "unit": 1_000,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Meeting:
    """What one branch's page is made of. leads: codes and dates of its leads, as in leads.parquet; cells: the same as
    the branch reads them. progress, maturities: its rows of the two reports, none where they are not built."""

    leads: Cells
    cells: Cells
    progress: Sequence[Mapping[str, Any]] = ()
    maturities: Sequence[Mapping[str, Any]] = ()


def most(counts: Counter[str], limit: int) -> list[str]:
    return [name for name, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:limit]]


def by_list(cells: Cells, words: Mapping[str, Any]) -> list[list[Any]]:
    """The head and one row per list: leads of each owner and in all; what does not fit stands under others."""
    owners = [owner or words["queue"] for owner in cells["owner_name"]]
    lists = [name or "" for name in cells["list_name"]]
    columns, rows = most(Counter(owners), OWNERS), most(Counter(lists), LISTS)
    pairs = Counter(
        (name if name in rows else words["others"], owner if owner in columns else words["others"])
        for name, owner in zip(lists, owners, strict=True)
    )
    columns += [words["others"]] if any(owner == words["others"] for _, owner in pairs) else []
    rows += [words["others"]] if any(name == words["others"] for name, _ in pairs) else []
    table: list[list[Any]] = [[words["list"], *columns, words["total"]]]
    for name in rows:
        counts = [pairs[name, owner] for owner in columns]
        table.append([name, *(count or None for count in counts), sum(counts)])
    counts = [sum(pairs[name, owner] for name in rows) for owner in columns]
    table.append([words["total"], *counts, sum(counts)])
    return table


def due(leads: Cells, list_date: date) -> list[tuple[int, bool]]:
    """Follow-ups due on the list date, the longest silent first: the lead's place, and whether it is overdue."""
    found = []
    for at, (state, next_on, last_on) in enumerate(
        zip(leads["state"], leads["next_contact_on"], leads["last_contact_on"], strict=True)
    ):
        if state == "follow_up" and (next_on is None or next_on <= list_date):
            silent = (list_date - last_on).days if last_on else 0
            found.append((silent, at))
    return [(at, silent > OVERDUE_DAYS) for silent, at in sorted(found, key=lambda each: (-each[0], each[1]))]


def star(progress: Sequence[Mapping[str, Any]], period: str) -> str | None:
    return next((row["unit_name"] for row in progress if row["period"] == period and row["is_star"]), None)


class Page:
    """The empty worksheet as a grid of equal columns, in which a cell spans as many as it needs."""

    def __init__(self, sheet: Any, formats: Any) -> None:
        self.sheet, self.formats, self.ink = sheet, formats, formats.ink
        sheet.set_column(0, WIDTH - 1, CELL)
        sheet.set_default_row(ROW)

    def put(self, row: int, at: int, span: int, value: Any, **look: Any) -> None:
        shape = self.formats(**{"border": 1, "border_color": LINE, "font_size": 9, "shrink": True, **look})
        if span > 1:
            self.sheet.merge_range(row, at, row, at + span - 1, "", shape)
        if value is None:
            self.sheet.write_blank(row, at, None, shape)
        elif isinstance(value, date):
            self.sheet.write_datetime(row, at, value, shape)
        elif isinstance(value, str):
            self.sheet.write_string(row, at, harmless(value), shape)
        else:
            self.sheet.write_number(row, at, value, shape)

    def title(self, row: int, at: int, span: int, text: str) -> None:
        self.put(
            row, at, span, text, bold=True, font_color=self.ink, border=0, bottom=2, bottom_color=self.ink, font_size=11
        )
        self.sheet.set_row(row, 22)

    def head(self, row: int, at: int, span: int, text: str) -> None:
        self.put(row, at, span, text, bold=True, font_color="#FFFFFF", bg_color=self.ink, align="center")

    def aside(self, row: int, at: int, span: int, text: str) -> None:
        self.put(row, at, span, text, border=0, italic=True, font_color=GREY)

    def gap(self, row: int) -> None:
        self.sheet.set_row(row, 8)


def draw(book: Any, sheet: Any, branch_name: str, meeting: Meeting, day: Mapping[str, Any], formats: Any) -> None:
    """Fill `sheet`, an empty worksheet of `book`; `formats` are the workbook's."""
    words = WORDS[day["language"]]
    list_date = date.fromisoformat(day["list_date"])
    page = Page(sheet, formats)
    weekday = f"{words['weekday']}{words['weekdays'][list_date.weekday()]}"
    sheet.set_row(0, 28)
    page.put(
        0, 0, WIDTH, f"{words['sheet']} · {branch_name} · {list_date} {weekday}", bold=True, font_size=16,
        font_color="#FFFFFF", bg_color=page.ink, align="center", border=0,
    )  # fmt: skip
    follow_ups = due(meeting.leads, list_date)
    told_first(page, 1, meeting, follow_ups, words)
    page.gap(3)
    leads_by_list(page, 4, meeting.cells, words)
    due_today(page, 4, meeting.cells, follow_ups, words)
    row = 7 + max(LISTS + 2, DUE + 1)
    page.gap(row - 1)
    first_ten(page, row, meeting, words, SEPARATOR[day["language"]])
    row += 3 + FIRST
    page.gap(row - 1)
    so_far(book, page, row, meeting.progress, words)
    row += 5 + MANAGERS
    page.gap(row - 1)
    maturing(page, row, meeting.maturities, words)
    sheet.print_area(0, 0, row + 4, WIDTH - 1)


def of_branch(progress: Sequence[Mapping[str, Any]], period: str) -> Mapping[str, Any] | None:
    return next((row for row in progress if row["unit"] == "branch" and row["period"] == period), None)


def told_first(
    page: Page, top: int, meeting: Meeting, follow_ups: Sequence[tuple[int, bool]], words: Mapping[str, Any]
) -> None:
    """Five figures in a row."""
    late = sum(is_late for _, is_late in follow_ups)
    last, month = of_branch(meeting.progress, "1_day"), of_branch(meeting.progress, "month")
    rate = month["attained_rate"] if month else None
    tiles = (
        (words["today"], str(len(meeting.leads["lead_id"]))),
        (words["due"], f"{len(follow_ups)}" + (f" ({words['overdue']} {late})" if late else "")),
        (words["last"], f"{last['contacted_count']} / {last['target_count']}" if last else UNKNOWN),
        (words["won"], str(last["won_count"]) if last else UNKNOWN),
        (words["month"], f"{float(rate):.0%}" if rate is not None else UNKNOWN),
    )
    page.sheet.set_row(top + 1, 24)
    for number, (what, value) in enumerate(tiles):
        page.put(top, number * 4, 4, what, font_color=GREY, bg_color=TINT, align="center", bottom=0)
        page.put(top + 1, number * 4, 4, value, bold=True, font_size=15, bg_color=TINT, align="center", top=0)


def leads_by_list(page: Page, top: int, cells: Cells, words: Mapping[str, Any]) -> None:
    page.title(top, 0, 11, words["by_list"])
    head, *rows, total = by_list(cells, words)
    for at, text in enumerate(head):
        page.head(top + 1, 0 if at == 0 else 3 + at, 4 if at == 0 else 1, text)
    for number, row in enumerate((*rows, total), start=top + 2):
        look = {"bg_color": TINT, "bold": True} if row is total else {}
        page.put(number, 0, 4, row[0], **look)
        for at, count in enumerate(row[1:], start=4):
            page.put(number, at, 1, count, align="center", **look)


def due_today(
    page: Page, top: int, cells: Cells, follow_ups: Sequence[tuple[int, bool]], words: Mapping[str, Any]
) -> None:
    page.title(top, 12, 8, words["due_list"])
    if not follow_ups:
        page.aside(top + 1, 12, 8, words["nothing_due"])
        return
    for at, text in ((12, "name"), (14, "contact"), (16, "outcome"), (18, "owner")):
        page.head(top + 1, at, 2, words[text])
    for row, (lead, is_late) in enumerate(follow_ups[:DUE], start=top + 2):
        tint = {"bg_color": WARM} if is_late else {}
        page.put(row, 12, 2, cells["name"][lead], **tint)
        page.put(row, 14, 2, cells["last_contact_on"][lead], num_format="mm-dd", align="center", **tint)
        page.put(row, 16, 2, cells["last_outcome"][lead], **tint)
        page.put(row, 18, 2, cells["owner_name"][lead], **tint)
    if len(follow_ups) > DUE:
        page.aside(top + 2 + DUE, 12, 8, words["more"].format(len(follow_ups) - DUE))


def first_ten(page: Page, top: int, meeting: Meeting, words: Mapping[str, Any], separator: str) -> None:
    """The first leads of the day. Who owes is nobody's business but the collector's, and is not read out."""
    page.title(top, 0, WIDTH, words["first"])
    chosen = [at for at, purpose in enumerate(meeting.leads["purpose"]) if purpose != "recovery"][:FIRST]
    if not chosen:
        page.aside(top + 1, 0, WIDTH, words["no_leads"])
        return
    places: tuple[tuple[str, int, str, dict[str, Any]], ...] = (
        ("rank", 1, "rank", {"align": "center"}), ("name", 2, "name", {}), ("list", 3, "list_name", {}),
        ("reason", 8, "reasons", {}), ("stake", 2, "stake_amount", {"num_format": "#,##0"}),
        ("due_on", 2, "due_on", {"num_format": "mm-dd", "align": "center"}), ("owner", 2, "owner_name", {}),
    )  # fmt: skip
    at = 0
    for text, span, column, look in places:
        page.head(top + 1, at, span, words[text])
        for row, lead in enumerate(chosen, start=top + 2):
            value = meeting.cells[column][lead]
            shown = value.split(separator)[0] if column == "reasons" and value else value
            page.put(row, at, span, shown, **look)
        at += span


def so_far(book: Any, page: Page, top: int, progress: Sequence[Mapping[str, Any]], words: Mapping[str, Any]) -> None:
    """The month by manager, those with leads, and its chart; the branch; the stars under them."""
    page.title(top, 0, WIDTH, words["so_far"])
    managers = [row for row in progress if (row["unit"], row["period"]) == ("manager", "month") and row["lead_count"]]
    managers.sort(key=lambda row: (-row["won_count"], -row["reached_count"], -row["lead_count"], row["manager_id"]))
    managers = managers[:MANAGERS]
    month = of_branch(progress, "month")
    for at, text in ((0, "owner"), (3, "leads"), (4, "target"), (5, "contacted"), (6, "reached"), (7, "wins"),
                     (8, "attained")):  # fmt: skip
        page.head(top + 1, at, 3 if at == 0 else 1, words[text])
    for number, row in enumerate([*managers, *([month] if month else [])], start=top + 2):
        look = {"bold": True, "bg_color": TINT} if row is month else {}
        page.put(number, 0, 3, words["branch"] if row is month else row["unit_name"], **look)
        for at, column in enumerate(("lead", "target", "contacted", "reached", "won"), start=3):
            page.put(number, at, 1, row[f"{column}_count"], align="center", **look)
        rate = row["attained_rate"]
        page.put(number, 8, 1, None if rate is None else float(rate), num_format="0%", align="center", **look)
    if managers:
        chart = book.add_chart({"type": "column"})
        name, first, last = page.sheet.get_name(), top + 2, top + 1 + len(managers)
        for at, colour in ((5, page.ink), (6, "#5B8C5A"), (7, "#B45F06")):
            chart.add_series({
                "name": [name, top + 1, at], "categories": [name, first, 0, last, 0],
                "values": [name, first, at, last, at], "fill": {"color": colour}, "gap": 70,
            })  # fmt: skip
        chart.set_y_axis({"min": 0, "num_format": "0", "major_gridlines": {"visible": True, "line": {"color": LINE}}})
        chart.set_legend({"position": "top", "font": {"size": 8}})
        chart.set_title({"none": True})
        chart.set_size({"width": 410, "height": 204})
        page.sheet.insert_chart(top + 1, 9, chart, {"object_position": 2, "x_offset": 6, "y_offset": 2})
    else:
        page.aside(top + 3, 0, 9, words["no_progress"])
    stars = [star(progress, period) or words["none"] for period in ("1_day", "7_days", "month")]
    low = top + 2 + MANAGERS + 1
    page.put(low, 0, 15, words["stars"].format(*stars), bold=True, font_color=STAR, border=0)
    if month:
        place = f"{words['class']} {month['class_rank']} / {month['class_branch_count']}"
        page.put(low, 15, 5, place, bold=True, font_color=page.ink, border=0, align="right")


def maturing(page: Page, top: int, maturities: Sequence[Mapping[str, Any]], words: Mapping[str, Any]) -> None:
    """The next two weeks as a strip, peak days tinted."""
    page.title(top, 0, WIDTH, words["maturities"])
    days = sorted(maturities, key=lambda row: row["matures_on"])[:14]
    for number, text in enumerate(("due_on", "customers", "amount"), start=top + 1):
        page.put(number, 0, 3, words[text], bold=True, bg_color=TINT)
    for at, row in enumerate(days, start=3):
        look = {"align": "center", **({"bg_color": WARM, "bold": True} if row["is_peak"] else {})}
        colour = GREY if row["matures_on"].weekday() > 4 else page.ink
        page.put(top + 1, at, 1, row["matures_on"], num_format="mm-dd", font_color=colour, **look)
        page.put(top + 2, at, 1, row["customer_count"] or None, num_format="#,##0", **look)
        amount = float(row["maturing_amount"]) / words["unit"]
        page.put(top + 3, at, 1, amount or None, num_format="#,##0", **look)
    peaks = [f"{row['matures_on']:%m-%d}" for row in days if row["is_peak"]]
    if peaks:
        said = words["peaks"].format(words["comma"].join(peaks))
        page.put(top + 4, 0, WIDTH, said, border=0, bold=True, font_color=STAR)
    else:
        page.aside(top + 4, 0, WIDTH, words["no_peak"])
