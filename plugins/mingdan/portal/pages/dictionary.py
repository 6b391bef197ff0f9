"""标签字典 Dictionary: what every label, event, segment, list and report means, rests on, and how it is spread."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response

from mingdan.branch_rows import words
from mingdan.portal import branch_leads
from mingdan.portal.access import room
from mingdan.portal.app import cell, language_of, render
from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
KINDS = {
    "label": ("标签", "label"), "event": ("事件", "event"), "segment": ("客群", "segment"), "list": ("名单", "list"),
    "report": ("报表", "report"),
}  # fmt: skip
WORDS = {
    "definition": ("定义", "Definition"),
    "family": ("类", "Family"),
    "family_definition": ("该类说明", "Of the family"),
    "type": ("类型", "Type"),
    "owner": ("归口", "Owner"),
    "privacy": ("密级", "Privacy"),
    "sources": ("来源", "Sources"),
    "thresholds": ("阈值", "Thresholds"),
    "customer_count": ("客户数", "Customers"),
    "known_count": ("已知客户数", "Known of"),
    "coverage_rate": ("覆盖率", "Coverage"),
    "low": ("低", "Low"),
    "quarter": ("四分之一", "First quarter"),
    "median": ("中位数", "Median"),
    "three_quarters": ("四分之三", "Third quarter"),
    "high": ("高", "High"),
    "from": ("最早", "From"),
    "to": ("最晚", "To"),
    "values": ("不同值", "Different values"),
    "events": ("事件数", "Events"),
    "true": ("是", "yes"),
    "false": ("否", "no"),
}


@router.get("/dictionary")
def index(
    request: Request,
    visit: Annotated[Visit, Depends(room("dictionary"))],
    q: Annotated[str, Query(max_length=60)] = "",
    kind: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    edition = branch_leads.chosen_edition(request, None)
    asked = q.strip().lower()
    found = [
        item
        for item in items(edition)
        if (not kind or item["kind"] == kind)
        and (
            not asked
            or any(asked in str(item[name]).lower() for name in ("code", "title_zh", "title_en", "definition"))
        )
    ]
    return render(request, "dictionary.html", edition=edition, items=found, kinds=KINDS, q=q, kind=kind)


@router.get("/dictionary/{kind}/{code}")
def one(request: Request, kind: str, code: str, visit: Annotated[Visit, Depends(room("dictionary"))]) -> Response:
    edition = branch_leads.chosen_edition(request, None)
    for item in items(edition):
        if (item["kind"], item["code"]) == (kind, code):
            entry = edition.day["lists"].get(code, {}) if kind == "list" else {}
            day = edition.in_language(language_of(request))
            spread = json.loads(item["distribution"]) if item.get("distribution") else {}
            talk = [row for row in edition.day["talk_tracks"] if row["list"] == code] if kind == "list" else []
            return render(
                request,
                "dictionary_item.html",
                edition=edition,
                item=item,
                family=item.get(f"family_{day['language']}") or item.get("family"),
                kinds=KINDS,
                words=WORDS,
                entry=entry,
                talk=talk,
                values={words(code, key, day): figure(key, count, item, day) for key, count in spread.items()},
                shown={
                    key: figure(key, value, item, day) if isinstance(value, int | float) else value
                    for key, value in item.items()
                },
                title=item[f"title_{language_of(request)}"],
            )
    raise HTTPException(404)


MEASURES = ("low", "quarter", "median", "three_quarters", "high")


def figure(key: str, value: Any, item: Mapping[str, Any], day: Mapping[str, Any]) -> str:
    """A figure of the dictionary: of an amount or a rate in its own measure, else how many."""
    if value is None or isinstance(value, str):
        return value or "—"
    kind = item.get("type") if key in MEASURES else "rate" if key == "coverage_rate" else None
    if kind in ("amount", "rate"):
        return cell(value, str(kind), day["language"], day["currency"])
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def items(edition: Edition) -> list[dict[str, Any]]:
    """Every item, those of the built dictionary first, then lists and reports from their entries."""
    found = [*edition.dictionary]
    for kind, entries in (("list", edition.day["lists"]), ("report", edition.day["reports"])):
        for code, entry in sorted(entries.items()):
            if "title" in entry:
                found.append(
                    {"kind": kind, "code": code, "title_zh": entry["title"]["zh"], "title_en": entry["title"]["en"],
                     "definition": entry.get("description", ""), "owner": entry.get("owner", ""), "sources": ""}
                )  # fmt: skip
    return found
