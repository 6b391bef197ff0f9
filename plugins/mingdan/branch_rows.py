"""What a branch reads of each lead: the columns of its files, codes as names, masked names and mobiles, harmless cells.

Parquet holds codes and full values under the English names; the csv and the workbook show the same columns through
this module. `day` is the published portal/day.json (see publishing.py): language, mask, names, lists and texts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

Cells = dict[str, list[Any]]


@dataclass(frozen=True)
class Column:
    """One column of the branch's files. kind: id, text, number, amount, priority, date, flag, code or codes.

    width: characters in the workbook (a Chinese character takes two); 0 for a column that is there but folded away."""

    name: str
    zh: str
    en: str
    kind: str
    width: float = 0

    def title(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


COLUMNS = (
    Column("rank", "序号", "Rank", "number", 5),
    Column("lead_id", "线索编号", "Lead id", "id"),
    Column("subject_type", "对象类型", "Subject type", "code"),
    Column("customer_id", "客户号", "Customer id", "id", 13),
    Column("name", "姓名", "Name", "text", 7),
    Column("mobile", "手机号", "Mobile", "id", 12),
    Column("gender", "性别", "Gender", "code"),
    Column("age_band", "年龄段", "Age band", "text"),
    Column("value_tier", "客户层级", "Value tier", "code", 7),
    Column("list", "名单代码", "List", "id"),
    Column("list_name", "名单", "List name", "text", 9),
    Column("origin", "来源", "Origin", "code"),
    Column("purpose", "目的", "Purpose", "code"),
    Column("wave", "波次", "Wave", "text"),
    Column("priority", "优先值", "Priority", "priority"),
    Column("score", "评分", "Score", "number"),
    Column("reasons", "推荐理由", "Reasons", "text", 36),
    Column("offer", "推荐产品", "Offer", "text", 16),
    Column("benefit", "权益", "Benefit", "text", 14),
    Column("talk_track", "开场话术", "Talk track", "text"),
    Column("caution", "注意事项", "Caution", "text"),
    Column("stake_amount", "涉及金额", "Stake amount", "amount", 10),
    Column("due_on", "到期日", "Due on", "date", 10.5),
    Column("owner_id", "责任人工号", "Owner id", "id"),
    Column("owner_name", "责任人", "Owner", "text", 7),
    Column("channel", "建议渠道", "Channel", "code", 8),
    Column("also_relevant", "同时适合", "Also relevant", "codes"),
    Column("products_held", "已持产品", "Products held", "codes"),
    Column("products_missing", "未持产品", "Products missing", "codes"),
    Column("aum_band", "资产区间", "AUM band", "code"),
    Column("risk_level", "风险等级", "Risk level", "number"),
    Column("state", "线索状态", "State", "code"),
    Column("first_listed_on", "首次入单日", "First listed on", "date"),
    Column("days_open", "在单天数", "Days open", "number"),
    Column("next_contact_on", "下次联系日", "Next contact on", "date"),
    Column("last_contact_on", "上次联系日", "Last contact on", "date"),
    Column("last_outcome", "上次结果", "Last outcome", "code"),
    Column("data_stale", "数据滞后", "Data stale", "flag"),
    Column("list_date", "名单日期", "List date", "date"),
    Column("revision", "版次", "Revision", "number"),
    Column("branch_id", "网点号", "Branch id", "id"),
    Column("branch_name", "网点", "Branch name", "text"),
)
FILL_IN = (
    Column("outcome", "联系结果", "Outcome", "code", 10),
    Column("contacted_at", "联系时间", "Contacted at", "moment", 11),
    Column("channel_used", "联系渠道", "Channel used", "code", 7),
    Column("product_code", "办理产品", "Product", "id", 8),
    Column("amount", "办理金额", "Amount", "amount", 9),
    Column("call_again_on", "再联系日", "Call again on", "date", 10.5),
    Column("note", "备注", "Note", "text", 14),
)

# The words for codes, by column. What settings name (tiers, product categories, lists) comes with the day.
OUTCOMES = {
    "not_reached": ("未接通", "not reached"), "call_again": ("再联系", "call again"),
    "not_interested": ("无意向", "not interested"), "interested": ("有意向", "interested"),
    "appointment": ("已预约", "appointment"), "done": ("已办理", "done"), "wrong_person": ("非本人", "wrong person"),
    "not_my_customer": ("非本人客户", "not my customer"), "already_elsewhere": ("已在他行办理", "already elsewhere"),
    "unsuitable": ("不适合", "unsuitable"), "deceased": ("已故", "deceased"), "complaint": ("投诉", "complaint"),
    "do_not_contact": ("拒绝联系", "do not contact"),
}  # fmt: skip
CHANNELS = {
    "call": ("电话", "call"), "visit": ("上门", "visit"), "lobby": ("厅堂", "lobby"), "wecom": ("企微", "WeCom"),
    "sms": ("短信", "SMS"), "app": ("手机银行", "app"),
}  # fmt: skip
TALK_PARTS = {
    "开场": "Opening", "需求探询": "Finding needs", "特点与利益": "Features and benefits", "证据": "Evidence",
    "异议": "Objections", "下一步": "Next step", "禁语": "Never say",
}  # fmt: skip
CHANGES = {
    "new": ("新增", "new"), "kept": ("保留", "kept"), "up": ("上升", "up"), "down": ("下降", "down"),
    "gone": ("移出", "gone"),
}  # fmt: skip
WHY = {
    "entered": ("新入单", "entered"), "unchanged": ("位次不变", "same place"),
    "score": ("评分变化", "score changed"), "value": ("涉及金额变化", "value changed"),
    "others": ("其他客户变化", "others moved"),
    "won": ("已成交", "won"), "lost": ("未成交关闭", "lost"), "expired": ("已过有效期", "expired"),
    "refused": ("客户拒绝", "refused"), "unreachable": ("多次未接通", "unreachable"),
    "superseded": ("转入其他名单", "moved to another list"), "no_longer_true": ("不再符合条件", "no longer true"),
    "became_customer": ("已成为客户", "became a customer"), "reassigned": ("已换责任人", "reassigned"),
    "capacity": ("超出今日可联系数", "beyond today's capacity"),
    "branch_not_at_work": ("网点今日不营业", "branch not at work today"),
    "remote": ("远程银行", "remote bank"), "sms": ("短信", "SMS"), "wecom": ("企业微信", "WeCom"),
    "app_push": ("手机银行推送", "app push"),
    "list_full": ("本名单今日名额已满", "the list's places are taken"),
    "list_off": ("名单已停用", "list switched off"),
    "control_group": ("本期不联系", "not contacted this cycle"),
    "control_family": ("本期不联系", "not contacted this cycle"),
    "universal_control": ("本期不联系", "not contacted this cycle"),
    "explore": ("探索名额", "explore seat"), "priority": ("优先值变化", "priority changed"),
    "deceased": ("客户已故", "deceased"), "staff": ("本行员工", "member of staff"),
    "minor": ("未成年或年龄不详", "under 18, or age unknown"),
    "do_not_contact": ("客户拒绝联系", "asked not to be contacted"),
    "no_marketing_consent": ("无营销授权", "no marketing consent"),
    "profiling_refused": ("客户拒绝画像", "refused profiling"), "no_channel": ("无可用渠道", "no channel allowed"),
    "overdue": ("贷款逾期", "loan overdue"), "product_risk": ("产品风险不匹配", "product risk too high"),
    "open_complaint": ("投诉处理中", "open complaint"), "cool_down": ("冷静期内", "cool-down"),
    "cool_down_refused": ("拒绝后冷静期内", "cool-down after a refusal"),
    "unreachable_pause": ("多次未接通暂停", "pause after missed calls"),
    **{f"contact_cap_{days}d": (f"{days}日内联系已满", f"contact cap of {days} days") for days in range(1, 401)},
    "contact_cap_list": ("本名单联系次数已满", "contact cap of the list"),
    "refusals_pause": ("多次拒绝暂停", "pause after refusals"), "no_open_branch": ("无营业网点", "no open branch"),
}  # fmt: skip
WHY_ZH = {
    "nobody meets the list's Who": "没有符合名单条件的客户", "its SQL failed": "名单计算出错",
    "switched off in settings (lists_off)": "已在设置中停用",
}  # fmt: skip
CODES: dict[str, dict[str, tuple[str, str]]] = {
    "subject_type": {
        "customer": ("客户", "customer"), "prospect": ("潜客", "prospect"), "corporate": ("企业", "corporate"),
    },
    "gender": {"M": ("男", "male"), "F": ("女", "female"), "U": ("未知", "unknown")},
    "origin": {"existing": ("存量", "existing"), "walk_in": ("流量", "walk-in"), "outreach": ("外拓", "outreach")},
    "aum_band": {
        "<1万": ("<1万", "<10k"), "1-5万": ("1-5万", "10k-50k"), "5-20万": ("5-20万", "50k-200k"),
        "20-50万": ("20-50万", "200k-500k"), "50-100万": ("50-100万", "500k-1m"),
        "100-600万": ("100-600万", "1m-6m"), "≥600万": ("≥600万", "≥6m"),
    },
    "purpose": {"marketing": ("营销", "marketing"), "service": ("服务", "service"), "recovery": ("清收", "recovery")},
    "channel": CHANNELS,
    "channel_used": CHANNELS,
    "state": {"open": ("待联系", "open"), "attempted": ("未接通", "attempted"), "reached": ("已接触", "reached"),
              "follow_up": ("跟进中", "follow up"), **WHY},
    "last_outcome": OUTCOMES,
    "outcome": OUTCOMES,
    "change": CHANGES,
    "category": {"loan_product": ("贷款", "loan"), "credit_card": ("信用卡", "credit card")},
    "variant": {
        "default": ("通用", "any"), "ahead": ("到期前", "before maturity"), "matured": ("到期后", "after maturity"),
        "watch": ("关注", "watch"), "warning": ("预警", "warning"), "critical": ("高危", "critical"),
        "pension": ("养老金客户", "pension paid here"), "saver": ("储蓄客户", "saver"),
        "level_2": ("黄色预警", "yellow"), "level_3": ("橙色预警", "orange"), "level_4": ("红色预警", "red"),
        "never": ("从未使用", "never used"), "asleep": ("久未使用", "asleep"),
        "spouse": ("配偶", "spouse"), "parent": ("父母", "parent"), "co_holder": ("账户共有人", "co-holder"),
        "guarantor": ("担保人", "guarantor"), "referrer": ("推荐人", "referrer"), "transfer": ("资金往来", "transfers"),
        "matured_not_renewed": ("到期未续", "matured, not renewed"), "prepaid": ("提前结清", "paid off early"),
        "moved_to_other_bank": ("转往他行", "moved to another bank"), "top_ten": ("网点前十", "the branch's top ten"),
        "opens": ("开放期", "opens for redemption"), "wealth": ("财富及以上", "wealth tier and up"),
        "payroll": ("工资客户", "pay"), "borrower": ("有贷款", "has a loan"), "funded": ("已存入资金", "money came in"),
        "wave_1": ("第1波", "wave 1"), "wave_2": ("第2波", "wave 2"), "wave_3": ("第3波", "wave 3"),
        "wave_4": ("第4波", "wave 4"), "again": ("再次", "once more"), "saving": ("储蓄理财", "saving"),
        "loan": ("贷款", "loan"), "card": ("信用卡", "credit card"), "digital": ("线上使用", "digital"),
        "spend": ("要花的钱", "money to spend"), "protect": ("保障", "protection"),
        "grow": ("生钱的钱", "money to grow"), "preserve": ("保本的钱", "money to preserve"),
        "senior": ("年长客户", "older customer"),
        "deposit_rate_cut": ("存款利率下调", "deposit rates cut"), "loan_rate_cut": ("贷款利率下调", "loan rates cut"),
        "fund_drop_affects": ("基金下跌", "a fund fell"), "break_even_missed": ("未达业绩基准", "benchmark missed"),
        "parents": ("亲子", "parents"), "ladies": ("丽人", "ladies"), "walk_in": ("常到店客户", "often in the hall"),
        "expiring": ("额度将到期", "limit lapses"), "season": ("季节用款", "season of drawing"),
        "studying": ("在读", "studying"), "firm": ("企业端", "for the firm"), "merchant": ("商户", "merchant"),
        "able": ("有还款能力", "able to pay"), "neighbours": ("邻里已用信", "neighbours borrow"),
        "counter": ("门店收款", "takings at the counter"), "elsewhere": ("他行代发", "paid through another bank"),
        "not_activated": ("未激活", "not activated"), "activated_unused": ("激活未用", "activated, unused"),
        "unused": ("久未用卡", "unused for long"), "debit": ("只有借记卡", "debit card only"),
        "credit": ("只有信用卡", "credit card only"), "borderline": ("优质临界", "good but slipping"),
        "branch": ("常跑网点", "often at the branch"), "visitor": ("近期到店", "was at the branch"),
        "new": ("新客", "new customer"), "maturity": ("到期", "maturity"), "idle": ("活期闲置", "idle money"),
        "product": ("缺产品", "a product missing"), "app": ("手机银行", "mobile bank"),
    },
    "why": WHY,
    "decision": {
        "dropped": ("不宜联系", "not to be contacted"), "waiting": ("候补", "waiting"),
        "listed_elsewhere": ("已在其他名单", "on another list"), "held_out": ("本期不联系", "not contacted this cycle"),
        "central_channel": ("由总行渠道联系", "central channel"), "withheld": ("暂停发布", "withheld"),
        "not_a_candidate": ("已不在名单", "no candidate any more"),
    },
    "list_state": {"published": ("已发布", "published"), "empty": ("按规则为空", "empty by rule"),
                   "withheld": ("暂停发布", "withheld"), "off": ("未启用", "off")},
}  # fmt: skip

FLAG = {"zh": ("是", "否"), "en": ("yes", "no")}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe before = + - @ (full-width too), tab and return."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) or text.lstrip(" ").startswith(FORMULA_STARTS) else text


def mask_name(name: str | None) -> str | None:
    """The first character and a star for each further one, at least one and at most three: 王*, 王**, 欧***."""
    if not name or not name.strip():
        return None
    shown = name.strip()
    return shown[0] + "*" * max(1, min(3, len(shown) - 1))


def mask_mobile(mobile: str | None) -> str | None:
    """138****5678; shorter numbers keep two digits at either end at most, very short ones none."""
    if not mobile:
        return None
    digits = "".join(sign for sign in mobile if sign.isdigit())
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) >= 11:
        return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"
    if len(digits) >= 8:
        return f"{digits[:2]}{'*' * (len(digits) - 4)}{digits[-2:]}"
    return "*" * len(digits) or None


def word(column: str, code: str, day: Mapping[str, Any]) -> str:
    """The name of a code in the day's language, or the code itself where it has none."""
    language = day["language"]
    own = CODES.get(column, {}).get(code)
    if own:
        return own[0 if language == "zh" else 1]
    return day["names"].get(column, {}).get(code, {}).get(language) or code


def words(column: str, value: str, day: Mapping[str, Any]) -> str:
    """A label's codes as names: one, several joined by commas or +, or the two of a grid (a/b)."""
    said = re.sub(r"[^,+/]+", lambda code: word(column, code[0], day), value)
    return said.replace(",", "、") if day["language"] == "zh" else said.replace(",", ", ")


COUNTED = re.compile(r"(\w+): (\w+) \((\d+)\)")


def why_words(why: str | None, day: Mapping[str, Any]) -> str | None:
    """The manifest's `why` of a list in the language: "dropped: cool_down (3)" in words, other texts as they are."""

    def said(found: re.Match[str]) -> str:
        decision, reason = word("decision", found[1], day), word("why", found[2], day)
        reason = day["lists"].get(found[2], {}).get("title", {}).get(day["language"], reason)
        return f"{decision}{'' if reason == decision else f' ({reason})'} {found[3]}"

    return why and COUNTED.sub(said, WHY_ZH.get(why, why) if day["language"] == "zh" else why)


def shown(cells: Cells, day: Mapping[str, Any]) -> Cells:
    """The columns as a branch reads them: numbers and dates as they are, everything else harmless text or None.

    cells: column → values, one per lead, under the Parquet's names; columns that are absent become empty."""
    height = len(next(iter(cells.values()), []))
    person = [kind != "corporate" for kind in cells.get("subject_type", [])] or [True] * height
    found: Cells = {}
    for column in COLUMNS:
        values = cells.get(column.name, [None] * height)
        if column.name in ("name", "mobile") and day["mask"]:
            mask = mask_name if column.name == "name" else mask_mobile
            values = [mask(value) if hide else value for value, hide in zip(values, person, strict=True)]
        found[column.name] = [None if value is None else value for value in map(reader(column, day), values)]
    return found


def reader(column: Column, day: Mapping[str, Any]) -> Callable[[Any], Any]:
    """How one value of this column is shown."""
    language = day["language"]
    if column.kind in ("number", "amount", "priority", "date"):
        return lambda value: value
    if column.kind == "flag":
        yes, no = FLAG[language]
        return lambda value: None if value is None else yes if value else no
    if column.kind == "code":
        known: dict[str, str] = {}
        return lambda value: (
            None
            if value is None
            else known.get(value) or known.setdefault(value, harmless(word(column.name, str(value), day)))
        )
    if column.kind == "codes":
        comma = "、" if language == "zh" else ", "
        return lambda value: (
            None
            if not value
            else harmless(
                comma.join(word(column.name, code.strip(), day) for code in str(value).split(",") if code.strip())
            )
        )
    return lambda value: None if value is None else harmless(str(value))


def cell_text(value: Any) -> str:
    """One csv cell: dates as 2026-07-03, decimals in full, nothing for an unknown value."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def write_csv(path: Path, cells: Cells, language: str, columns: Sequence[Column] = COLUMNS) -> None:
    """The leads as csv for Excel and WPS: UTF-8 with BOM, CRLF, header in the language; cells as `shown` gives them."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([column.title(language) for column in columns])
        writer.writerows(zip(*[map(cell_text, cells[column.name]) for column in columns], strict=True))
