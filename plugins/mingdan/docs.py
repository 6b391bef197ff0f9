"""The generated parts of docs/: lists from their entries, labels, events and segments from the
dictionary, reports from their entries, settings from the shipped defaults.

`python -m mingdan.docs` writes them, `--check` says which are not current. What stands above the mark in a page is
written by hand and kept."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from mingdan import catalog, dictionary, reports
from mingdan.settings import DEFAULTS, PROJECT, TABLES, load_shipped

FOLDER = PROJECT / "docs"
MARK = "<!-- Below: written by `make docs`. Change the entries and settings it comes from, not this text. -->\n"
ASKS_THRESHOLD = re.compile(r"threshold\(\s*'(\w+)'")


def lists_page() -> str:
    """Every list with its rules of selection, score and delivery."""
    found = catalog.entries()
    rows = [
        [f"[{code}](#{code})", entry.title("zh"), entry.title("en"), entry.meta["purpose"], entry.meta["line"]]
        for code, entry in found.items()
    ]
    parts = [table(["code", "名单", "list", "purpose", "line"], rows)]
    for code, entry in found.items():
        meta = entry.meta
        sql = next((catalog.MODELS / "lists").rglob(f"list_{code}.sql")).read_text(encoding="utf-8")
        asked = sorted({*ASKS_THRESHOLD.findall(sql), *filter(None, [meta.get("most_per_branch")])})
        facts = {
            "purpose": meta["purpose"],
            "owner": meta["owner"],
            "branch": meta["branch_rule"],
            "channels, in order": ", ".join(meta["channels"]),
            "offer": meta["offer"],
            "valid": f"{meta['valid_days']} days",
            "cool-down": f"{meta['cool_down_days']} days",
            "base rate × weight": f"{meta['base_rate']} × {meta['weight']}",
            "sources needed": ", ".join(meta["needs"]) or "the required ones",
            "thresholds": ", ".join(f"`{name}`" for name in asked) or "none of its own",
            "success": success(meta["success"]),
        }
        rules = [
            [str(number), str(rule["points"]), f"`{rule['when']}`", rule["reason"]["zh"], rule["reason"]["en"]]
            for number, rule in enumerate(meta["score"], start=1)
        ]
        parts += [
            f"## {code}\n\n**{entry.title('zh')} · {entry.title('en')}**\n\n{entry.description}\n",
            table(["", ""], [[key, str(value)] for key, value in facts.items()]),
            table(["rule", "points", "when", "理由", "reason"], [[f"r{row[0]}", *row[1:]] for row in rules]),
        ]
    return "\n".join(parts)


def success(meta: dict[str, Any]) -> str:
    if "why" in meta:
        return f"none: {meta['why']['en']}"
    kept = " (kept, not won: standing still meets it)" if meta.get("kind") == "kept" else ""
    return f"{meta['event']} within {meta['within_days']} days{kept}: `{meta['when']}`"


def labels_page() -> str:
    """Every label by family."""
    parts = []
    for family, found in by_family(dictionary.labels()).items():
        first = found[0]
        rows = [
            [f"`{item.code}`", item.title_zh, item.title_en, item.type, item.owner, item.privacy, item.definition]
            for item in found
        ]
        title = f"**{first.family_zh} · {first.family_en}.** "
        parts += [f"## {family}\n\n{title}{paragraphs(f'label_{family}')}\n\n{rests(first)}\n"]
        parts += [table(["label", "中文名", "name", "type", "owner", "privacy", "what it says"], rows)]
    return "\n".join(parts)


def events_page() -> str:
    """Every event by origin."""
    parts = [f"{paragraphs('customer_events')}\n"]
    for origin, found in by_family(dictionary.events()).items():
        rows = [
            [f"`{item.code}`", item.title_zh, item.title_en, item.owner, item.privacy, item.definition,
             names(item.sources), names(item.thresholds)]
            for item in found
        ]  # fmt: skip
        head = ["event", "事件", "name", "owner", "privacy", "when", "rests on", "thresholds"]
        parts += [f"## {origin}\n", table(head, rows)]
    return "\n".join(parts)


def segments_page() -> str:
    """Every segment model."""
    rows = [
        [f"`{item.code}`", item.title_zh, item.title_en, item.definition, item.family_definition, item.owner,
         item.privacy, names(item.sources), names(item.thresholds)]
        for item in dictionary.segments()
    ]  # fmt: skip
    head = ["segment", "客群", "name", "who", "what for", "owner", "privacy", "rests on", "thresholds"]
    return table(head, rows)


def reports_page() -> str:
    """Every report: what one row is, its columns, its pictures."""
    found = reports.entries()
    keys = reports.keys()
    rows = [
        [f"[{name}](#{name})", meta["title"]["zh"], meta["title"]["en"], ", ".join(keys[name]),
         "branch" if "branch_id" in keys[name] else "whole bank"]
        for name, meta in found.items()
    ]  # fmt: skip
    parts = [table(["report", "报表", "report in English", "one row per", "rows of"], rows)]
    for name, meta in found.items():
        parts.append(f"## {name}\n\n**{meta['title']['zh']} · {meta['title']['en']}**\n\n{paragraphs(name)}\n")
        titles = [[f"`{column}`", said["zh"], said["en"]] for column, said in (meta.get("columns") or {}).items()]
        parts.append(table(["column", "中文名", "name"], titles))
        views = [
            [view.get("title", meta["title"])["zh"], view.get("title", meta["title"])["en"],
             view.get("chart", "column"), f"`{view['rows']}`", names(reports.figures_of(view))]
            for view in reports.views(meta)
        ]  # fmt: skip
        if views:
            parts.append(table(["图", "picture", "chart", "by", "figures"], views))
    return "\n".join(parts)


def by_family(items: Iterable[dictionary.Item]) -> dict[str, list[dictionary.Item]]:
    found: dict[str, list[dictionary.Item]] = {}
    for item in items:
        found.setdefault(item.family, []).append(item)
    return found


def paragraphs(model: str) -> str:
    return str(catalog.properties().get(model, {}).get("description", "")).strip()


def rests(item: dictionary.Item) -> str:
    return f"Rests on {names(item.sources)}. Thresholds: {names(item.thresholds) or 'none of its own'}."


def names(found: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in found)


def settings_page() -> str:
    """Every key of settings.yml with its default, then every threshold and the other tables."""
    shipped = load_shipped()
    rows = [[f"`{name}`", f"`{value}`", meaning] for name, value, meaning in keys(DEFAULTS, shipped.values)]
    thresholds = [
        [f"`{row['name']}`", row["enter"], row["keep"] or row["enter"], row["unit"], row["reason_en"], row["reason_zh"]]
        for row in shipped.rows("thresholds")
    ]
    others = [
        [f"`{name}.csv`", str(len(shipped.rows(name))), ", ".join(key), "yes" if may_add else "no",
         ", ".join(shipped.rows(name)[0])]
        for name, (key, may_add) in TABLES.items()
    ]  # fmt: skip
    return "\n".join([
        "## Keys of settings.yml\n", table(["key", "default", "meaning"], rows),
        "## Tables\n", table(["file", "rows", "key", "a bank may add rows", "columns"], others),
        "## Thresholds\n", table(["name", "enter", "keep", "unit", "why", "理由"], thresholds),
    ])  # fmt: skip


def keys(path: Path, values: dict[str, Any]) -> Iterable[tuple[str, Any, str]]:
    """Each key of a settings file (a.b for a nested one), its value, and the comment that stands beside it."""
    inside: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        found = re.match(r"(\s*)(\w+):\s*([^#]*?)\s*(?:#\s*(.*))?$", line)
        if not found:
            continue
        indent, key, beside, comment = found.groups()
        inside = [*inside[: len(indent) // 2], key]
        value: Any = values
        for name in inside:
            value = value[name]
        if beside or not isinstance(value, dict):
            shown = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1000)
            yield ".".join(inside), shown.removesuffix("\n...\n").strip(), comment or ""


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


PAGES: dict[str, Callable[[], str]] = {
    "lists.md": lists_page, "labels.md": labels_page, "events.md": events_page, "segments.md": segments_page,
    "settings.md": settings_page, "reports.md": reports_page,
}  # fmt: skip


def page(name: str) -> str:
    """The whole page as it should be: what is written by hand, the mark, what is generated."""
    path = FOLDER / name
    by_hand = path.read_text(encoding="utf-8").split(MARK)[0] if path.exists() else ""
    return f"{by_hand.rstrip()}\n\n{MARK}\n{PAGES[name]().rstrip()}\n"


def stale() -> list[str]:
    """Generated pages that differ from what their sources say now."""
    return [name for name in PAGES if not same(FOLDER / name, page(name))]


def same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m mingdan.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say which pages are not current")
    given = parser.parse_args(arguments)
    found = stale()
    for name in found:
        if given.check:
            sys.stderr.write(f"docs/{name}: not what its sources say now; run `make docs`.\n")
        else:
            (FOLDER / name).write_text(page(name), encoding="utf-8")
    return 1 if found and given.check else 0


if __name__ == "__main__":
    sys.exit(main())
