"""The workbook as Excel and WPS would read it: what can be filled in, what cannot be broken, what cannot run."""

from __future__ import annotations

import csv
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from mingdan import branch_rows, publishing, settings, sheets
from mingdan.branch_rows import COLUMNS, FILL_IN
from mingdan.stores import Store
from openpyxl.utils import get_column_letter
from xlsxwriter.worksheet import Worksheet

from tests import one_day

ATTACKS = ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =1", '=HYPERLINK("x")']


def published(folder: Path, **changed: Any) -> Path:
    """The branch files of a day, in `folder`."""
    publishing.publish(Store(folder / "published"), one_day.day(folder / "in", **changed), {})
    return folder / "published" / str(one_day.LIST_DATE) / "r001" / "branches"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    return openpyxl.load_workbook(published(tmp_path_factory.mktemp("zh")) / "0001.xlsx")


def place(name: str) -> str:
    return get_column_letter([column.name for column in (*COLUMNS, *FILL_IN)].index(name) + 1)


def test_the_sheets_stand_in_the_order_a_branch_reads_them(book: openpyxl.Workbook) -> None:
    assert book.sheetnames == ["名单", "晨会", "变化", "报表", "话术", "说明"]


def test_quick_sheets_give_the_librarys_own_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain cells, attacks, empty and overlong texts, numbers, dates and merged cells alike."""
    long = {0: "字" * 40_000, 1: "", 2: 'a<b>&"c" \x01 '}
    leads = one_day.day(tmp_path / "in").leads
    leads["full_name"] = [long.get(at, name) for at, name in enumerate(leads["full_name"])]
    made = []
    for quick in (True, False):
        if not quick:
            monkeypatch.setattr(sheets.Sheet, "_write_cell", Worksheet._write_cell)
            monkeypatch.setattr(sheets.Sheet, "write_down", one_by_one)
        folder = published(tmp_path / str(quick), leads=leads, mask=False)
        made.append({path.name: path.read_bytes() for path in folder.glob("*.xlsx")})
    assert len(made[0]) > 1 and made[0] == made[1]


def one_by_one(sheet: Any, top: int, col: int, values: list[Any], look: Any, blanks: bool) -> None:
    for row, value in enumerate(values, start=top):
        if value is not None:
            sheet.write_string(row, col, value, look)
        elif blanks:
            sheet.write_blank(row, col, None, look)


def test_the_header_is_in_the_published_order_with_the_columns_to_fill_in_behind(book: openpyxl.Workbook) -> None:
    header = [cell.value for cell in book["名单"][1]]
    assert header == [column.zh for column in (*COLUMNS, *FILL_IN)]
    assert book["名单"].max_row == 1 + 4


def test_ids_are_text_dates_are_dates_and_amounts_are_numbers(book: openpyxl.Workbook) -> None:
    sheet = book["名单"]
    assert sheet[f"{place('customer_id')}2"].value == "000000100001"
    assert sheet[f"{place('customer_id')}2"].number_format == "@"
    assert sheet[f"{place('branch_id')}2"].value == "0001"
    assert sheet[f"{place('list_date')}2"].value == datetime(2026, 7, 1)
    assert sheet[f"{place('list_date')}2"].is_date
    assert sheet[f"{place('stake_amount')}2"].value == 52001
    assert sheet[f"{place('rank')}2"].value == 1


def test_names_and_mobiles_are_masked_and_codes_are_words(book: openpyxl.Workbook) -> None:
    sheet = book["名单"]
    for row in range(2, 6):
        assert sheet[f"{place('name')}{row}"].value[1:] in ("*", "**")
        assert "****" in sheet[f"{place('mobile')}{row}"].value
        assert sheet[f"{place('gender')}{row}"].value in ("男", "女")
    assert sheet[f"{place('products_held')}2"].value == "活期、定期"


def test_the_header_is_frozen_filtered_and_repeated_on_each_page(book: openpyxl.Workbook) -> None:
    sheet = book["名单"]
    last = get_column_letter(len(COLUMNS) + len(FILL_IN))
    assert sheet.freeze_panes == f"{place('mobile')}2"
    assert sheet.auto_filter.ref == f"A1:{last}5"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.print_area == f"'名单'!$A$1:${last}$5"
    for each in book.worksheets:
        is_meeting = each.title == "晨会"  # the one that must fit one page whole
        assert each.page_setup.paperSize == 9  # A4
        assert each.page_setup.orientation == ("portrait" if is_meeting else "landscape")
        assert each.page_setup.fitToWidth in (None, 1)
        assert each.page_setup.fitToHeight in ((None, 1) if is_meeting else (0,))
        assert each.sheet_properties.pageSetUpPr.fitToPage
        assert "第1支行" in each.oddHeader.left.text
        assert "2026-07-01" in each.oddHeader.right.text and "第1版" in each.oddHeader.right.text


def test_reasons_wrap_and_rows_are_high_enough_for_them(book: openpyxl.Workbook) -> None:
    sheet = book["名单"]
    assert sheet[f"{place('reasons')}2"].alignment.wrap_text
    assert sheet.row_dimensions[2].height >= 17
    assert len({sheet.row_dimensions[row].height for row in range(2, 6)}) == 1  # sorting does not move heights


def test_outcome_and_channel_are_chosen_from_lists_and_dates_and_amounts_are_checked(book: openpyxl.Workbook) -> None:
    rules = {str(rule.sqref): rule for rule in book["名单"].data_validations.dataValidation}
    column = {
        name: f"{place(name)}2:{place(name)}5"
        for name in ("outcome", "channel_used", "contacted_at", "amount", "call_again_on")
    }
    assert rules[column["outcome"]].formula1 == '"' + ",".join(zh for zh, _ in branch_rows.OUTCOMES.values()) + '"'
    assert len(branch_rows.OUTCOMES) == 13
    assert rules[column["channel_used"]].type == "list"
    assert rules[column["contacted_at"]].type == "date"
    assert rules[column["call_again_on"]].type == "date"
    assert rules[column["amount"]].type == "decimal"
    for rule in rules.values():
        assert len(rule.formula1 or "") <= 257  # Excel takes no longer list than 255 characters


def test_only_the_columns_to_fill_in_can_be_typed_in_and_sorting_and_filters_work(book: openpyxl.Workbook) -> None:
    sheet = book["名单"]
    assert sheet.protection.sheet
    for name in ("sort", "autoFilter", "formatColumns", "formatRows"):
        assert getattr(sheet.protection, name) is False, name  # False: not forbidden
    assert sheet.protection.selectLockedCells is True
    for row in range(2, 6):
        assert sheet[f"{place('lead_id')}{row}"].protection.locked
        for column in FILL_IN:
            assert not sheet[f"{place(column.name)}{row}"].protection.locked
    assert not sheet[f"{place('reasons')}2"].protection.locked  # to select and copy; typing is refused below
    facts = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}[
        f"A2:{get_column_letter(len(COLUMNS))}5"
    ]
    assert (facts.type, facts.formula1) == ("custom", "FALSE")


def test_the_whole_table_is_a_range_that_excel_sorts_in_a_protected_sheet(tmp_path: Path) -> None:
    with zipfile.ZipFile(published(tmp_path) / "0001.xlsx") as parts:
        leads = parts.read("xl/worksheets/sheet1.xml").decode()
    last = get_column_letter(len(COLUMNS) + len(FILL_IN))
    assert f'<protectedRange sqref="A2:{last}5" name="leads"/>' in leads


def test_what_changed_names_who_came_and_who_went(book: openpyxl.Workbook) -> None:
    sheet = book["变化"]
    assert sheet["A1"].value == "与上一名单日相比：新增 4 · 保留 0 · 上升 0 · 下降 0 · 移出 1"
    last = [cell.value for cell in sheet[sheet.max_row]]
    assert last == ["移出", "90001", "沈**", "流失预警", 3, None, "已成交"]


def row_of(sheet: Any, first: str) -> list[Any]:
    """The cells of the row that begins with `first`, without the empty ones."""
    return next(
        [cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True) if row[0] == first
    )


def test_the_morning_page_tells_the_day_in_figures(tmp_path: Path) -> None:
    frame = one_day.leads(branches=1, per_branch=30)
    frame["state"] = ["follow_up"] * 3 + ["open"] * 27
    frame["last_contact_on"] = [date(2026, 6, 24), date(2026, 6, 23), date(2026, 6, 30)] + [None] * 27
    frame["next_contact_on"] = [one_day.LIST_DATE] * 2 + [date(2026, 7, 3)] + [one_day.LIST_DATE] * 27
    frame["owner_name"] = ["何经理"] * 20 + ["刘经理"] * 8 + [None] * 2
    frame.loc[1, "purpose"] = "recovery"
    sheet = openpyxl.load_workbook(published(tmp_path, frame=frame, branches=1) / "0001.xlsx")["晨会"]
    assert sheet["A1"].value == "晨会 · 第1支行 · 2026-07-01 周三"
    # due on the list date: two; of a week ago to the day is not overdue, a day more is
    assert [cell.value for cell in sheet[3] if cell.value] == ["30", "2 (其中逾期 1)", "40 / 100", "6", "40%"]
    assert row_of(sheet, "名单")[:5] == ["名单", "何经理", "刘经理", "待分配", "合计"]
    assert row_of(sheet, "合计") == ["合计", 20, 8, 2, 30]
    follow_ups = [
        [cell for cell in row[12:20] if cell] for row in sheet.iter_rows(min_row=7, values_only=True) if row[12]
    ]
    assert [row[1].day for row in follow_ups[:2]] == [23, 24]  # the longest silent first
    ranks = [row[0] for row in sheet.iter_rows(values_only=True) if isinstance(row[0], int)]
    assert ranks == [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]  # who owes is not read out
    assert row_of(sheet, "全网点") == ["全网点", 80, 100, 40, 24, 6, 0.4]
    assert row_of(sheet, "何经理")[:2] == ["何经理", 40]
    assert (
        row_of(sheet, "★ 上一工作日之星：暂无 　★ 近7天之星：暂无 　★ 本月之星：何经理")[1] == "本月同类网点排名 2 / 3"
    )
    assert row_of(sheet, "客户数") == ["客户数", *range(1, 14)]
    assert row_of(sheet, "高峰日：07-14，请提前排班、备好接续方案。")
    assert len(sheet._charts) == 1


def test_a_branch_without_leads_or_reports_has_a_morning_page_that_says_so(tmp_path: Path) -> None:
    folder = published(tmp_path, frame=one_day.leads(branches=1), branches=2, reports={}, language="en")
    sheet = openpyxl.load_workbook(folder / "0002.xlsx")["Morning meeting"]
    said = {str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value}
    assert {"No leads for this branch today; Notes says why.", "No follow-up is due today.",
            "No contacts this month yet."} <= said  # fmt: skip
    assert not sheet._charts
    empty = openpyxl.load_workbook(published(tmp_path / "again", reports={}) / "0001.xlsx")["报表"]
    assert empty.max_row == 1 and empty["A1"].value is None


def test_a_report_without_rows_at_a_branch_is_named_instead_of_drawn(tmp_path: Path) -> None:
    reports = one_day.day(tmp_path / "x").reports
    ladder = reports["maturity_ladder"]
    folder = published(tmp_path, reports={**reports, "maturity_ladder": ladder[ladder["branch_id"] == "0001"]})
    for branch, charts in (("0001", 5), ("0002", 4)):
        sheet = openpyxl.load_workbook(folder / f"{branch}.xlsx")["报表"]
        said = [str(row[0]) for row in sheet.iter_rows(values_only=True) if row[0]]
        assert len(sheet._charts) == charts
        assert ("今日没有数据，或数据源未提供：到期结构视图" in said) == (branch == "0002")


def test_a_report_of_the_whole_bank_is_published_but_stands_in_no_workbook(tmp_path: Path) -> None:
    reports = one_day.day(tmp_path / "x").reports
    bank = reports["maturity_ladder"].drop(columns="branch_id").head(6)
    folder = published(tmp_path, reports={**reports, "maturity_ladder": bank})
    assert (folder.parent / "portal" / "reports" / "maturity_ladder.parquet").exists()
    sheet = openpyxl.load_workbook(folder / "0001.xlsx")["报表"]
    assert "到期结构视图" not in {row[0] for row in sheet.iter_rows(values_only=True)}


def test_reports_have_a_native_chart_above_their_table(book: openpyxl.Workbook) -> None:
    sheet = book["报表"]
    assert len(sheet._charts) == 5
    rows = [row for row in sheet.iter_rows(values_only=True) if row[0]]
    at = next(number for number, row in enumerate(rows) if row[0] == "到期结构视图")
    figures = rows[at + 2 : at + 8]
    assert [row[0].month for row in figures] == [7, 8, 9, 10, 11, 12]
    assert figures[0][1:4] == (2 * 7, 2 * 7 * 810_000, 2 * 7 * 200_000)  # both terms together
    assert ("产品", "持有客户数", "客户数", "渗透率") in [row[:4] for row in sheet.iter_rows(values_only=True)]
    assert ("定期", 48, 160, 0.3) in [row[:4] for row in sheet.iter_rows(values_only=True)]  # all tiers together


def test_notes_tell_published_from_empty_from_withheld_from_off(tmp_path: Path) -> None:
    frame = one_day.leads()
    states = one_day.states(frame, ["0001", "0002", "0003"])
    for row in states:
        if row["list"] == "tier_upgrade" and row["branch_id"] == "0001":
            row.update(state="withheld", why="rank_gap")
    day = one_day.day(tmp_path / "in", frame, lists=states)
    publishing.publish(Store(tmp_path / "published"), day, {})
    folder = tmp_path / "published" / "2026-07-01" / "r001" / "branches"

    def told(branch: str) -> dict[str, tuple[Any, ...]]:
        rows = openpyxl.load_workbook(folder / f"{branch}.xlsx")["说明"].iter_rows(values_only=True)
        return {row[0]: row[1:4] for row in rows if row[0] and isinstance(row[2], int)}

    assert told("0001")["临界提升"] == ("暂停发布", 0, "rank_gap")
    assert told("0002")["临界提升"] == ("按规则为空", 0, "nobody meets: near the next tier")
    assert told("0002")["到期承接"] == ("已发布", 2, None)
    assert told("0002")["征信策反"] == ("未启用", 0, "switched off in settings")


def test_why_a_list_is_empty_is_said_in_words() -> None:
    day = {"language": "zh", "names": {}, "lists": {"idle_funds": {"title": {"zh": "活期沉淀", "en": "Idle funds"}}}}
    said = branch_rows.why_words(
        "dropped: cool_down (3); listed_elsewhere: idle_funds (2); held_out: control_group (1)", day
    )
    assert said == "不宜联系 (冷静期内) 3; 已在其他名单 (活期沉淀) 2; 本期不联系 1"


def test_a_consent_stamp_stands_on_every_page_and_in_the_notes(tmp_path: Path) -> None:
    folder = published(tmp_path, consent_stamp="assumed (test data)")
    book = openpyxl.load_workbook(folder / "0002.xlsx")
    for sheet in book.worksheets:
        assert "assumed (test data)" in sheet.oddHeader.center.text
        assert "assumed (test data)" in sheet.oddFooter.left.text
    assert any("assumed (test data)" in str(cell.value) for row in book["说明"].iter_rows() for cell in row)
    assert book.properties.description == "assumed (test data)"


def test_the_column_of_stale_data_unfolds_when_a_lead_stands_on_such_data(tmp_path: Path) -> None:
    frame = one_day.leads(branches=2).assign(data_stale=[False] * 7 + [True])
    folder = published(tmp_path, frame=frame, branches=2)
    sheets = [openpyxl.load_workbook(folder / f"{branch}.xlsx")["名单"] for branch in ("0001", "0002")]
    at = [column.name for column in COLUMNS].index("data_stale") + 1
    folded = [
        any(each.min <= at <= each.max and each.hidden for each in sheet.column_dimensions.values()) for sheet in sheets
    ]
    assert folded == [True, False]
    assert [sheets[1][f"{place('data_stale')}{row}"].value for row in range(2, 6)] == ["否", "否", "否", "是"]


def test_the_workbook_is_english_when_the_settings_say_so(tmp_path: Path) -> None:
    folder = published(tmp_path, language="en")
    book = openpyxl.load_workbook(folder / "0001.xlsx")
    assert book.sheetnames == ["Leads", "Morning meeting", "What changed", "Reports", "Talk tracks", "Notes"]
    assert [cell.value for cell in book["Leads"][1]] == [column.en for column in (*COLUMNS, *FILL_IN)]
    words = {str(cell.value) for row in book["Leads"].iter_rows(min_row=2, max_col=16) for cell in row}
    assert "Deposits maturing" in words
    assert (folder / "0001.csv").read_text(encoding="utf-8-sig").startswith("Rank,Lead id,Subject type,Customer id")


def test_a_branch_without_leads_gets_a_workbook_that_says_so(tmp_path: Path) -> None:
    frame = one_day.leads(branches=2)
    folder = published(tmp_path, frame=frame, branches=3)
    sheet = openpyxl.load_workbook(folder / "0003.xlsx")["名单"]
    assert sheet["A2"].value == "今日本网点没有线索，各名单的原因见“说明”。"
    assert (folder / "0003.csv").read_text(encoding="utf-8-sig").count("\n") == 1


def test_no_cell_of_a_branch_file_can_run(tmp_path: Path) -> None:
    frame = one_day.leads(branches=1, per_branch=len(ATTACKS))
    for column in ("full_name", "owner_name", "aum_band", "branch_name", "subject_id"):
        frame[column] = ATTACKS
    folder = published(tmp_path, frame=frame, branches=1, mask=False)
    book = openpyxl.load_workbook(folder / "0001.xlsx")
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type != "f" for cell in cells)
    with (folder / "0001.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    for at, attack in enumerate(ATTACKS):
        for column in ("姓名", "责任人", "资产区间", "网点", "客户号"):
            assert rows[at][column] == f"'{attack}"
        shown = book["名单"][f"{place('owner_name')}{at + 2}"].value
        assert shown.replace("_x000D_", "\r") == f"'{attack}"


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王伟", "王*"),
        ("王小伟", "王**"),
        ("欧阳娜娜", "欧***"),
        ("王", "王*"),
        ("Ann Lee", "A***"),
        ("", None),
        (None, None),
    ],
)
def test_a_name_keeps_its_first_character(name: str | None, masked: str | None) -> None:
    assert branch_rows.mask_name(name) == masked


@pytest.mark.parametrize(
    ("mobile", "masked"),
    [("13812345678", "138****5678"), ("+86 138-1234-5678", "138****5678"), ("02112345678", "021****5678"),
     ("87654321", "87****21"), ("12345", "*****"), (None, None)],
)  # fmt: skip
def test_a_mobile_keeps_three_and_four_digits(mobile: str | None, masked: str | None) -> None:
    assert branch_rows.mask_mobile(mobile) == masked


def test_a_company_is_not_masked_and_unmasked_settings_show_people() -> None:
    day = {"language": "zh", "mask": True, "names": {}, "lists": {}}
    cells = {
        "subject_type": ["corporate", "customer"],
        "name": ["无名贸易公司", "王小伟"],
        "mobile": ["13812345678"] * 2,
    }
    assert branch_rows.shown(cells, day)["name"] == ["无名贸易公司", "王**"]
    assert branch_rows.shown(cells, {**day, "mask": False})["mobile"] == ["13812345678"] * 2


def test_the_csv_is_for_excel_bom_crlf_dates_and_full_decimals(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    cells = {column.name: [None] for column in COLUMNS}
    cells |= {
        "due_on": [date(2026, 7, 3)],
        "priority": [Decimal("1234567.80")],
        "reasons": ['到期,"12万"'],
        "rank": [1],
    }
    branch_rows.write_csv(path, cells, "zh")
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and raw.endswith(b"\r\n") and raw.count(b"\r\n") == 2
    assert "2026-07-03" in raw.decode() and "1234567.80" in raw.decode() and '"到期,""12万"""' in raw.decode()


def test_every_variant_of_the_talk_tracks_has_a_name_that_people_read() -> None:
    variants = {row["variant"] for row in settings.load().rows("talk_tracks")}
    assert len(variants) > 40
    assert variants - set(branch_rows.CODES["variant"]) == set()
