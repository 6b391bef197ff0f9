"""The branch's workbook: leads to work and fill in, what changed, reports with charts, talk tracks, notes.

Made for Excel and WPS: frozen header, filters, drop-downs, ids as text, dates as dates, one page wide on A4 landscape.
The same content gives the same bytes. Nothing here decides anything: `sheets` takes what publishing hands over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from mingdan import branch_rows, meeting
from mingdan.branch_rows import CHANNELS, COLUMNS, FILL_IN, OUTCOMES, TALK_PARTS, Cells, harmless, word
from mingdan.reports import View
from mingdan.sheets import Sheet

FONT = {"zh": "Microsoft YaHei", "en": "Calibri"}
INK, LINE, HEAD, FILL_HEAD, FILL = "#1F2937", "#C9D1DB", "#1F4E79", "#B45F06", "#FFF8E1"
DAYS_TO_FILL_BACK = 31  # days before the business date from which a contact may still be typed in
PLOT_ROWS = 12  # rows that a chart takes
PAGE_ROWS = 43  # rows of the reports' sheet on one printed page
COLOURS = (HEAD, FILL_HEAD, "#5B8C5A", "#8E7CC3", "#C9A227", "#7F8C8D", "#D17C9B", "#3AA6A6")
LINE_HEIGHT, MOST_LINES = 13.5, 5

WORDS = {
    "zh": {
        "leads": "名单", "changes": "变化", "reports": "报表", "talk": "话术", "notes": "说明",
        "for": "营销名单", "revision": "第{}版", "page": "第&P页 共&N页", "confidential": "内部资料 不得外传",
        "none": "今日本网点没有线索，各名单的原因见“说明”。",
        "list": "名单", "state": "状态", "rows": "线索数", "why": "原因",
        "change": "变化", "before": "原位次", "now": "现位次", "variant": "情形", "part": "环节", "text": "话术内容",
        "version": "版本", "no_changes": "与上一名单日相比没有变化。", "no_rows": "今日没有数据，或数据源未提供：",
        "counts": "与上一名单日相比：", "list_date": "名单日期", "as_of": "数据日期",
        "read_only": "此列由总行生成，请勿修改；请填写右侧橙色列。", "pick": "请从下拉列表中选择。",
        "when": "请输入联系时间，如 2026-07-03 10:30。", "on": "请输入名单日期当天或以后的日期。",
        "sum": "请输入不小于0的金额。", "consent": "客户授权：{}。仅供测试，未取得客户真实授权，不得据此联系客户。",
    },
    "en": {
        "leads": "Leads", "changes": "What changed", "reports": "Reports", "talk": "Talk tracks", "notes": "Notes",
        "for": "leads", "revision": "revision {}", "page": "page &P of &N", "confidential": "internal, do not pass on",
        "none": "No leads for this branch today; Notes says why for each list.", "list": "List", "state": "State",
        "rows": "Leads", "why": "Why", "change": "Change", "before": "Place before", "now": "Place now",
        "variant": "Variant", "part": "Part", "text": "Words", "version": "Version",
        "no_changes": "Nothing changed since the list date before.",
        "no_rows": "No figures today, or the source is not delivered: ",
        "counts": "Since the list date before: ", "list_date": "List date", "as_of": "Data as of",
        "read_only": "Head office fills this column. Please fill in the orange ones.",
        "pick": "Please choose from the list.",
        "when": "A date of contact, such as 2026-07-03 10:30.", "on": "The list date or a later day.",
        "sum": "An amount of 0 or more.",
        "consent": "Consent: {}. For tests only: nobody has consented, so nobody may be contacted on this ground.",
    },
}  # fmt: skip
HOW_TO_READ = {
    "zh": (
        "“名单”按序号从小到大联系，序号已综合成功率、金额与名单权重；“推荐理由”是入单的主要依据，数字为数据日期的值。",
        "怎么说、不能说什么，见“话术”；开场话术、注意事项、评分、已持产品等列默认折叠，可取消隐藏查看。",
        "联系后请填写橙色列：联系结果和联系渠道从下拉列表选择，时间按 2026-07-03 10:30 的格式。填好的文件可直接回传。",
        "可以筛选、排序、调整列宽；其余内容由总行生成，请勿修改，线索编号不能修改。",
        "状态：已发布＝有线索；按规则为空＝规则已运行，没有符合的客户；暂停发布＝检查未通过，不等于没有客户；"
        "未启用＝本行未启用或缺少数据。",
    ),
    "en": (
        "Work the leads from rank 1 down: the rank weighs chance, amount and the list's weight. Reasons say why the "
        "customer is listed; their figures are those of the data date.",
        "What to say, and what not, stands under Talk tracks. Opening words, cautions, scores, products and more are "
        "folded away beside each lead: unhide the columns to see them.",
        "After a contact fill in the orange columns: outcome and channel from the drop-downs, times as "
        "2026-07-03 10:30. The filled-in file can be handed back as it is.",
        "You may filter, sort and widen columns. Head office fills the rest; lead ids cannot be changed.",
        "State: published = there are leads; empty by rule = the rule ran and nobody meets it; withheld = a check "
        "failed, which does not mean that there is nobody; off = switched off, or its data is not delivered.",
    ),
}


@dataclass(frozen=True)
class Content:
    """What one branch's workbook is made of.

    cells: columns as branch_rows.shown returns them. changes: rows of lead, name, list, change, why, before, now.
    reports: views as reports.drawn returns them, those without rows too.
    lists: rows of the manifest's `lists` for this branch. talk_tracks: settings rows of the lists on this branch.
    meeting: what its morning page is made of."""

    branch_id: str
    branch_name: str
    cells: Cells
    changes: Sequence[Mapping[str, Any]] = ()
    reports: Sequence[View] = ()
    lists: Sequence[Mapping[str, Any]] = ()
    talk_tracks: Sequence[Mapping[str, str]] = ()
    meeting: meeting.Meeting | None = None


class Formats:
    """The workbook's cell formats, each made once."""

    ink = HEAD

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._made: dict[tuple[Any, ...], Any] = {}

    def __call__(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format({"valign": "vcenter", "font_color": INK, **properties})
        return self._made[key]

    def body(self, kind: str, **properties: Any) -> Any:
        look = {
            "number": {"num_format": "0", "align": "center"},
            "amount": {"num_format": "#,##0"},
            "priority": {"num_format": "#,##0.00"},
            "rate": {"num_format": "0.0%"},
            "date": {"num_format": "yyyy-mm-dd", "align": "center"},
            "month": {"num_format": "yyyy-mm", "align": "center"},
            "moment": {"num_format": "mm-dd hh:mm", "align": "center"},
            "id": {"num_format": "@"},
        }.get(kind, {"text_wrap": True})
        return self(**{"border": 1, "border_color": LINE, **look, **properties})

    def head(self, colour: str = HEAD) -> Any:
        return self(
            bold=True,
            font_color="#FFFFFF",
            bg_color=colour,
            border=1,
            border_color=LINE,
            text_wrap=True,
            align="center",
        )


def lines(text: Any, width: float) -> int:
    """Lines that a wrapped cell needs; a Chinese character is as wide as two others, as it is two bytes in GB18030."""
    return -(-len(str(text).encode("gb18030", "replace")) // max(1, int(width) - 1)) if isinstance(text, str) else 1


def tallest(values: Iterable[Any], widths: Iterable[float]) -> int:
    """Lines of a row's highest cell."""
    return max(map(lines, values, widths), default=1)


def row_height(count: int) -> float:
    return LINE_HEIGHT * min(MOST_LINES, count) + 4


def write(path: Path, content: Content, day: Mapping[str, Any], revision: int) -> None:
    """Write the workbook. day: the published portal/day.json (see publishing.py)."""
    language = day["language"]
    words = WORDS[language]
    list_date = date.fromisoformat(day["list_date"])
    book = xlsxwriter.Workbook(
        path,
        {
            "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True,
            "default_format_properties": {"font_name": FONT[language], "font_size": 10},
        },
    )  # fmt: skip
    book.worksheet_class = Sheet
    title = f"{content.branch_name} {words['for']} {list_date}"
    book.set_properties({
        "title": title, "comments": day["consent"] or "", "created": datetime.combine(list_date, time()),
    })  # fmt: skip
    formats = Formats(book)
    leads_sheet(book.add_worksheet(words["leads"]), content, day, formats)
    morning = None
    if content.meeting:
        morning = book.add_worksheet(meeting.WORDS[language]["sheet"])
        meeting.draw(book, morning, content.branch_name, content.meeting, day, formats)
    changes_sheet(book.add_worksheet(words["changes"]), content, day, formats)
    reports_sheet(book, book.add_worksheet(words["reports"]), content, day, formats)
    if content.talk_tracks:
        talk_sheet(book.add_worksheet(words["talk"]), content, day, formats)
    notes_sheet(book.add_worksheet(words["notes"]), content, day, revision, formats)
    plain = {
        key: value.replace("&", "&&") for key, value in {"branch": content.branch_name, "id": content.branch_id}.items()
    }
    stamp = f" · {day['consent']}".replace("&", "&&") if day["consent"] else ""
    for sheet in book.worksheets():
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.3, right=0.3, top=0.65, bottom=0.55)
        sheet.set_header(
            f"&L&B{plain['branch']}&B  {plain['id']}&C&B{sheet.get_name()}&B{stamp}"
            f"&R{words['list_date']} {list_date}  {words['revision'].format(revision)}"
        )
        sheet.set_footer(f"&L{words['confidential']}{stamp}&R{words['page']}")
        sheet.hide_gridlines(2)
    if morning:
        morning.set_portrait()
        morning.fit_to_pages(1, 1)
        morning.center_horizontally()
    book.close()


def leads_sheet(sheet: Any, content: Content, day: Mapping[str, Any], formats: Formats) -> None:
    """One row per lead, in a range that may be edited: of a protected sheet Excel sorts only such ranges.

    lead_id is locked and cannot even be selected, yet sorting moves it. The other columns of head office can be
    selected and copied; a validation refuses typing there. Empty cells of folded columns are not written."""
    language, words = day["language"], WORDS[day["language"]]
    all_columns = (*COLUMNS, *FILL_IN)
    height = len(content.cells["lead_id"])
    last = max(height, 1)
    sheet.set_row(0, 32)
    # Data older than it should be must be seen: its column unfolds when one lead stands on such data.
    is_stale = {branch_rows.FLAG[language][0]} & set(content.cells["data_stale"])
    for at, column in enumerate(all_columns):
        filled_in = at >= len(COLUMNS)
        width = 6 if column.name == "data_stale" and is_stale else column.width
        look = formats.body(column.kind, **({"bg_color": FILL} if filled_in else {}), locked=column.name == "lead_id")
        sheet.set_column(at, at, width or 12, None, {"hidden": not width})
        sheet.write_string(0, at, column.title(language), formats.head(FILL_HEAD if filled_in else HEAD))
        if filled_in:
            sheet.write_down(1, at, [None] * height, look, blanks=True)
            continue
        values = content.cells[column.name]
        if column.kind in ("number", "amount", "priority"):
            put = sheet.write_number
        elif column.kind == "date":
            put = sheet.write_datetime
        else:
            sheet.write_down(1, at, values, look, blanks=bool(width))
            continue
        for row, value in enumerate(values, start=1):
            if value is not None:
                put(row, at, value, look)
            elif width:
                sheet.write_blank(row, at, None, look)
    # One height for all rows: sorting moves the leads, not the heights.
    wrapped = [column for column in COLUMNS if column.width and column.kind == "text"]
    high = max((lines(text, column.width) for column in wrapped for text in content.cells[column.name]), default=1)
    for row in range(1, height + 1):
        sheet.set_row(row, row_height(high))
    if not height:
        sheet.write_string(1, 0, words["none"], formats(italic=True))
    place = {column.name: at for at, column in enumerate(all_columns)}
    sheet.freeze_panes(1, place["mobile"])
    sheet.autofilter(0, 0, last, len(all_columns) - 1)
    sheet.repeat_rows(0)
    sheet.print_area(0, 0, last, len(all_columns) - 1)
    sheet.protect("", {
        "sort": True, "autofilter": True, "format_columns": True, "format_rows": True, "format_cells": True,
        "select_locked_cells": False, "select_unlocked_cells": True,
    })  # fmt: skip
    end = xlsxwriter.utility.xl_rowcol_to_cell(last, len(all_columns) - 1)
    sheet.unprotect_range(f"A2:{end}", "leads")
    sheet.data_validation(1, 0, last, len(COLUMNS) - 1, {
        "validate": "custom", "value": "=FALSE", "error_title": words["leads"], "error_message": words["read_only"],
    })  # fmt: skip
    list_date = date.fromisoformat(day["list_date"])
    since = date.fromisoformat(day["business_date"]) - timedelta(days=DAYS_TO_FILL_BACK)
    index = 0 if language == "zh" else 1
    rules: dict[str, dict[str, Any]] = {
        "outcome": {
            "validate": "list",
            "source": [both[index] for both in OUTCOMES.values()],
            "error_message": words["pick"],
        },
        "channel_used": {
            "validate": "list",
            "source": [both[index] for both in CHANNELS.values()],
            "error_message": words["pick"],
        },
        "contacted_at": {"validate": "date", "criteria": ">=", "value": since, "error_message": words["when"]},
        "call_again_on": {"validate": "date", "criteria": ">=", "value": list_date, "error_message": words["on"]},
        "amount": {"validate": "decimal", "criteria": ">=", "value": 0, "error_message": words["sum"]},
    }
    for name, rule in rules.items():
        sheet.data_validation(
            1, place[name], last, place[name], {"error_title": all_columns[place[name]].title(language), **rule}
        )


def table(
    sheet: Any,
    top: int,
    titles: Sequence[str],
    rows: Iterable[Sequence[Any]],
    kinds: Sequence[str],
    widths: Sequence[float],
    formats: Formats,
) -> int:
    """A bordered table from row `top`; returns the row after it."""
    for at, title in enumerate(titles):
        sheet.write_string(top, at, title, formats.head())
    sheet.set_row(top, row_height(tallest(titles, widths)))
    looks = [formats.body(kind) for kind in kinds]
    row = top
    for row, values in enumerate(rows, start=top + 1):
        for at, value in enumerate(values):
            if value is None:
                sheet.write_blank(row, at, None, looks[at])
            elif isinstance(value, (int, float, Decimal)):
                sheet.write_number(row, at, value, looks[at])
            elif isinstance(value, date):
                sheet.write_datetime(row, at, value, looks[at])
            else:
                sheet.write_string(row, at, harmless(str(value)), looks[at])
        if (high := tallest(values, widths)) > 1:
            sheet.set_row(row, row_height(high))
    return row + 1


def columns_of(sheet: Any, widths: Sequence[float]) -> Sequence[float]:
    for at, width in enumerate(widths):
        sheet.set_column(at, at, width)
    return widths


def changes_sheet(sheet: Any, content: Content, day: Mapping[str, Any], formats: Formats) -> None:
    language, words = day["language"], WORDS[day["language"]]
    titles = {column.name: column.title(language) for column in COLUMNS}
    order = {"new": 0, "up": 1, "down": 2, "gone": 3}
    counts = {change: sum(row["change"] == change for row in content.changes) for change in branch_rows.CHANGES}
    said = " · ".join(f"{word('change', change, day)} {count}" for change, count in counts.items())
    sheet.write_string(0, 0, words["counts"] + said if content.changes else words["no_changes"], formats(bold=True))
    sheet.set_row(0, 22)
    widths = columns_of(sheet, (10, 14, 10, 16 if language == "zh" else 26, 9, 9, 30))
    moved = sorted(
        (row for row in content.changes if row["change"] in order),
        key=lambda row: (order[row["change"]], row["now"] or row["before"] or 0, row["lead_id"]),
    )
    heads = (
        words["change"],
        titles["customer_id"],
        titles["name"],
        words["list"],
        words["before"],
        words["now"],
        words["why"],
    )
    rows = (
        (word("change", row["change"], day), row["customer_id"], row["name"], row["list_name"], row["before"],
         row["now"], word("why", row["why"], day) if row["why"] else None)
        for row in moved
    )  # fmt: skip
    end = table(sheet, 2, heads, rows, ("text", "id", "text", "text", "number", "number", "text"), widths, formats)
    sheet.freeze_panes(3, 0)
    sheet.repeat_rows(2)
    if moved:
        sheet.autofilter(2, 0, end - 1, len(heads) - 1)


def reports_sheet(
    book: xlsxwriter.Workbook, sheet: Any, content: Content, day: Mapping[str, Any], formats: Formats
) -> None:
    """Each view: its name, the picture, the figures under it, or before it where both fit across the page.

    Those without rows are named in one line at the end instead of an empty picture each."""
    language = day["language"]
    widths = columns_of(sheet, (18, *[16] * 8))
    top, used, breaks = 0, 0, []
    for view in (view for view in content.reports if view.rows):
        beside = len(view.columns) <= 4 and len(view.rows) < PLOT_ROWS
        above = PLOT_ROWS if view.plotted and not beside else 0
        height = max(2 + above + len(view.rows), PLOT_ROWS if view.plotted else 0) + 1
        own = widths[: len(view.columns)]
        printed = height + sum(tallest(row, own) - 1 for row in (view.columns, *view.rows))
        if top and used + printed > PAGE_ROWS:
            breaks.append(top)
            used = 0
        used += printed
        sheet.write_string(top, 0, view.title, formats(bold=True, font_size=13, font_color=HEAD))
        sheet.set_row(top, 24)
        figures = top + 1 + above
        table(sheet, figures, view.columns, view.rows, view.kinds, own, formats)
        if view.plotted:
            chart = chart_of(book, sheet.get_name(), view, figures, language)
            chart.set_size({"width": 600 if beside else 1060, "height": PLOT_ROWS * 20 - 12})
            at = len(view.columns) if beside else 0
            sheet.insert_chart(top + 1, at, chart, {"object_position": 2, "x_offset": 8, "y_offset": 2})
        top += height
    empty = list(dict.fromkeys(view.title for view in content.reports if not view.rows))
    if empty:
        said = WORDS[language]["no_rows"] + ("、" if language == "zh" else ", ").join(empty)
        sheet.merge_range(top, 0, top, len(widths) - 1, said, formats(italic=True, text_wrap=True))
        sheet.set_row(top, row_height(lines(said, sum(widths))))
    if breaks:
        sheet.set_h_pagebreaks(breaks)


def chart_of(book: xlsxwriter.Workbook, sheet_name: str, view: View, figures: int, language: str) -> Any:
    """A native chart over the table that begins at row `figures`. Rates beside other figures become a line of their
    own scale."""
    kinds = {at: view.kinds[at] for at in view.plotted}
    first = kinds[view.plotted[0]]
    lines_over = [at for at in view.plotted if kinds[at] == "rate" != first]
    columns = [at for at in view.plotted if at not in lines_over]
    subtype = {"subtype": "stacked"} if view.chart == "stacked" else {}
    chart = book.add_chart({"type": "column" if view.chart == "stacked" else view.chart, **subtype})
    last = figures + len(view.rows)

    def series(at: int, number: int) -> dict[str, Any]:
        colour = COLOURS[number % len(COLOURS)]
        look: dict[str, Any] = {"fill": {"color": colour}, "gap": 60}
        if view.chart == "line" or at in lines_over:
            marker = {"type": "circle", "size": 4, "fill": {"color": colour}, "border": {"color": colour}}
            look = {"line": {"color": colour, "width": 2.25}, "marker": marker}
        return {
            "name": [sheet_name, figures, at], "categories": [sheet_name, figures + 1, 0, last, 0],
            "values": [sheet_name, figures + 1, at, last, at], **look,
        }  # fmt: skip

    for number, at in enumerate(columns):
        chart.add_series(series(at, number))
    values = [row[at] for row in view.rows for at in columns if row[at] is not None] or [0]
    figures_axis = {
        "num_format": scale(first, max(values), language),
        "major_gridlines": {"visible": True, "line": {"color": LINE}},
        **({"min": 0} if min(values) >= 0 else {}),
        **({"max": 1} if first == "rate" and 0.6 < max(values) <= 1 else {}),
    }
    names_axis = {
        "text_axis": True, "num_format": {"month": "yyyy-mm", "date": "mm-dd"}.get(view.kinds[0], "General"),
        "label_position": "low", **({"reverse": True} if view.chart == "bar" else {}),
    }  # fmt: skip
    across, up = (figures_axis, names_axis) if view.chart == "bar" else (names_axis, figures_axis)
    chart.set_x_axis(across)
    chart.set_y_axis(up)
    if lines_over:
        over = book.add_chart({"type": "line"})
        for number, at in enumerate(lines_over, start=len(columns)):
            over.add_series({**series(at, number), "y2_axis": True})
        over.set_y2_axis({"num_format": "0%", "min": 0})
        chart.combine(over)
    chart.set_legend({"position": "top" if len(view.plotted) > 1 else "none"})
    chart.set_title({"none": True})
    return chart


def scale(kind: str, most: Any, language: str) -> str:
    """How an axis writes its figures. Excel divides by thousands only; the escaped point before the last digits makes
    that ten thousands (万) or a hundred millions (亿)."""
    if kind == "rate":
        return "0%"
    if kind != "amount":
        return "#,##0"
    if language == "zh":
        return '0\\.00,,"亿"' if most >= 1e9 else '0\\.0,"万"'
    return '#,##0,,"m"' if most >= 1e8 else '#,##0,"k"'


def talk_sheet(sheet: Any, content: Content, day: Mapping[str, Any], formats: Formats) -> None:
    language, words = day["language"], WORDS[day["language"]]
    widths = columns_of(sheet, (16, 14, 16, 90, 8))
    rows = (
        (day["lists"].get(row["list"], {}).get("title", {}).get(language, row["list"]),
         word("variant", row["variant"], day),
         row["part"] if language == "zh" else TALK_PARTS.get(row["part"], row["part"]),
         row[f"text_{language}"], row.get("version"))
        for row in content.talk_tracks
    )  # fmt: skip
    heads = (words["list"], words["variant"], words["part"], words["text"], words["version"])
    table(sheet, 0, heads, rows, ("text",) * 5, widths, formats)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)


def notes_sheet(sheet: Any, content: Content, day: Mapping[str, Any], revision: int, formats: Formats) -> None:
    language, words = day["language"], WORDS[day["language"]]
    widths = columns_of(sheet, (20, 14, 10, 90))
    sheet.write_string(
        0, 0, f"{content.branch_name} ({content.branch_id})", formats(bold=True, font_size=13, font_color=HEAD)
    )
    sheet.set_row(0, 24)
    facts = (
        f"{words['list_date']} {day['list_date']} · {words['as_of']} {day['business_date']} · "
        f"{words['revision'].format(revision)}"
    )
    sheet.write_string(1, 0, facts, formats())
    row = 2
    if day["consent"]:
        warned = formats(bold=True, font_color="#B91C1C", bg_color="#FEE2E2", text_wrap=True)
        sheet.merge_range(row, 0, row, 3, words["consent"].format(day["consent"]), warned)
        sheet.set_row(row, row_height(2))
        row += 1
    for sentence in HOW_TO_READ[language]:
        row += 1
        sheet.merge_range(row, 0, row, 3, sentence, formats(text_wrap=True))
        sheet.set_row(row, row_height(lines(sentence, sum(widths))))
    order = list(branch_rows.CODES["list_state"])
    rows = (
        (day["lists"].get(state["list"], {}).get("title", {}).get(language, state["list"]),
         word("list_state", state["state"], day), state["rows"],
         branch_rows.why_words(state["why"], day))
        for state in sorted(content.lists, key=lambda state: (order.index(state["state"]), state["list"]))
    )  # fmt: skip
    heads = (words["list"], words["state"], words["rows"], words["why"])
    table(sheet, row + 2, heads, rows, ("text", "text", "number", "text"), widths, formats)
