"""What the documentation says is so: every name in it exists, and every name that exists is in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from mingdan import branch_rows, catalog, dictionary, docs, reasons, settings, warehouse
from mingdan.cli import app
from mingdan.contract import load_contract
from mingdan.settings import DBT_PROJECT, PROJECT

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in PROJECT.glob(pattern)
    if not path.name.startswith(".")
)
ALL = {path: path.read_text(encoding="utf-8") for path in PAGES}
TEXT = "\n".join(ALL.values())
MAKE = set(re.findall(r"^([a-z][a-z-]*):.*## ", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return ALL[PROJECT / name]


def blocks(text: str, language: str | None = None) -> list[str]:
    """Fenced blocks, of one language if given, with their indentation taken away."""
    return [
        re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
        for indent, kind, body in FENCED.findall(text)
        if language is None or kind == language
    ]


def prose(text: str) -> str:
    return FENCED.sub("", text)


def commands(first: str) -> Iterator[tuple[Path, list[str]]]:
    """Every command line in the pages that begins with a word, in fenced blocks and in inline code, as its words."""
    for path, text in ALL.items():
        lines = [line.strip() for block in blocks(text, "") for line in block.splitlines()]
        lines += re.findall(r"`([^`\n]+)`", prose(text))
        for line in lines:
            line = re.sub(r"^(\w+=\S+ )+", "", line)
            if line == first or line.startswith(f"{first} "):
                yield path, line.split()[1:] if line.count('"') % 2 else shlex.split(line, comments=True)[1:]


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def table(text: str, *head: str) -> list[list[str]]:
    """Rows of the first table whose first columns are named so."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if cells(line)[: len(head)] == list(head):
            found = []
            for row in lines[place + 2 :]:
                if not row.startswith("|"):
                    return found
                found.append(cells(row))
            return found
    raise AssertionError(f"no table with the columns {head}")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_there_are_pages() -> None:
    assert {"README.md", "README.zh-CN.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"} <= {
        path.name for path in PAGES
    }
    assert len(PAGES) > 30


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_relative_link_leads_to_a_file_and_a_heading_that_exist(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(ALL[path])):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in anchors(found.read_text(encoding="utf-8")), f"{target}: no such heading"


def test_generated_pages_are_current() -> None:
    assert docs.stale() == [], "run `make docs`"


def test_a_page_that_is_not_current_is_named_and_written_anew_below_its_mark(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(docs, "FOLDER", tmp_path)
    (tmp_path / "lists.md").write_text(f"# By hand\n\n{docs.MARK}\nwhat it said before\n", encoding="utf-8")
    assert docs.main(["--check"]) == 1
    assert "docs/lists.md" in capsys.readouterr().err
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0
    text = (tmp_path / "lists.md").read_text(encoding="utf-8")
    assert text.startswith("# By hand\n") and "what it said before" not in text and "## idle_funds" in text


def test_every_list_label_segment_setting_and_threshold_stands_in_the_docs() -> None:
    shipped = settings.load_shipped()
    lists, labels, keys = page("docs/lists.md"), page("docs/labels.md"), page("docs/settings.md")
    segments, events = page("docs/segments.md"), page("docs/events.md")
    assert catalog.list_names() and catalog.label_families() and catalog.segment_names()
    assert [code for code in catalog.list_names() if f"\n## {code}\n" not in lists] == []
    assert [family for family in catalog.label_families() if f"\n## {family}\n" not in labels] == []
    assert [name for name in catalog.segment_names() if f"| `{name}` |" not in segments] == []
    assert [code for code in sorted(dictionary.codes_in_sql()) if f"| `{code}` |" not in events] == []
    assert [name for name in shipped.thresholds if f"| `{name}` |" not in keys] == []
    assert [name for name in settings.TABLES if f"`{name}.csv`" not in keys] == []
    for name in leaves(shipped.values):
        assert f"| `{name}` |" in keys or f"| `{name.rpartition('.')[0]}` |" in keys, name
    changelog = page("CHANGELOG.md")
    assert [code for code in catalog.list_names() if code not in changelog] == []


def leaves(values: dict, inside: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{inside}{key}.")
        else:
            yield f"{inside}{key}"


def test_dotted_settings_in_the_docs_exist() -> None:
    nested = {key: set(value) for key, value in settings.load_shipped().values.items() if isinstance(value, dict)}
    found = {f"{key}.{name}" for key, name in re.findall(rf"`({'|'.join(nested)})\.(\w+)`", TEXT)}
    known = {f"{key}.{name}" for key, names in nested.items() for name in names}
    assert found & known
    assert sorted(found - known - set(load_contract().tables)) == []  # a source may be called as a setting is


def test_every_make_verb_stands_in_the_docs_and_every_one_in_the_docs_exists() -> None:
    named = {words[0] for _, words in commands("make") if words and not words[0].startswith("-")}
    assert named >= {"demo", "test"}
    assert sorted(named - MAKE) == []
    assert sorted(MAKE - named) == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_commands_of_the_readme_exist(name: str) -> None:
    first = [shlex.split(line, comments=True) for line in blocks(page(name), "")[0].splitlines()]
    assert first == [["make", "demo"], ["make", "test"]]
    assert {"demo", "test"} <= MAKE


def test_every_verb_of_the_command_line_stands_in_the_docs() -> None:
    root = typer.main.get_command(app)
    verbs = [f"{name} {inner}".strip() for name, command in inside(root).items() for inner in (inside(command) or [""])]
    assert len(verbs) > 5
    text = page("docs/command-line.md")
    for verb in verbs:
        assert f"\n## {verb}\n" in text, verb
        command = find(root, verb.split())[0]
        section = text.split(f"\n## {verb}\n")[1].split("\n## ")[0]
        options = {
            option for each in command.params for option in [*each.opts, *each.secondary_opts] if option[:2] == "--"
        }
        positive = {
            f"--{name.removeprefix('--no-')}" for name in options if name in section and name.startswith("--no-")
        }
        assert sorted(option for option in options - positive if option not in section) == [], verb


def inside(command: Any) -> dict[str, Any]:
    """The commands of a group, by name; none of a single command."""
    return getattr(command, "commands", {})


def find(root: Any, words: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and the words after it."""
    command, rest = root, list(words)
    while inside(command):
        while rest and rest[0].startswith("--"):
            rest.pop(0)
        assert rest and rest[0] in inside(command), f"no such verb in: mingdan {' '.join(words)}"
        command = inside(command)[rest.pop(0)]
    return command, rest


def test_every_mingdan_command_in_the_docs_names_a_real_verb_and_real_options() -> None:
    root = typer.main.get_command(app)
    found = [(path, words) for path, words in commands("mingdan") if words and words[-1] != "…" and "VERB" not in words]
    assert len(found) > 20
    for path, words in found:
        command, rest = find(root, words)
        options = {option: each for each in command.params for option in [*each.opts, *each.secondary_opts]}
        places = sum(each.param_type_name == "argument" for each in command.params)
        where = f"{path.name}: mingdan {' '.join(words)}"
        while rest:
            word = rest.pop(0)
            if word.startswith("--"):
                assert word == "--help" or word in options, f"{where}: no option {word}"
                if word != "--help" and not getattr(options[word], "is_flag", False) and rest:
                    rest.pop(0)
            else:
                places -= 1
        assert places >= 0, f"{where}: too many words"


def test_the_worked_example_of_a_list_is_a_whole_and_valid_list() -> None:
    text = page("docs/add-a-list.md")
    (sql,), (entry_text, *_) = blocks(text, "sql"), blocks(text, "yaml")
    (model,) = yaml.safe_load(entry_text)["models"]
    code = re.search(r"-- list_(\w+)", sql)[1]
    assert model["name"] == f"list_{code}"
    assert code not in catalog.list_names(), "the example has become a list: choose another one"
    entry = catalog.Entry(
        code, DBT_PROJECT / "models" / "lists" / "x.yml", model["description"], model["config"]["meta"]
    )
    catalog.check(entry)
    assert entry.meta["offer"] in {row["offer"] for row in settings.load_shipped().rows("offers")}
    labels = set(catalog.label_columns())
    own = set(re.findall(r"\bas (\w+)", sql)) - {"date"}
    assert set(entry.meta["facts"]) <= own
    reasons.validate(entry.meta, labels | set(entry.meta["facts"]), code)
    used = set(re.findall(r"\b(\w+_\w+|aum)\b", " ".join(rule["when"] for rule in entry.meta["score"])))
    used |= set(entry.meta["baseline"].values())
    body = re.sub(r"--.*|threshold\('\w+'", "", sql)
    used |= set(re.findall(r"\b[a-z]+_\w+", body)) - {"marketing_list", "customer_labels", "customer_id"}
    own |= {"subject_id", "stake_amount", "due_on"}
    assert used - labels - own == set()
    assert not (own & labels), "a fact of the list's own has the name of a label"
    thresholds = set(settings.load_shipped().thresholds) | set(
        re.findall(r"^(\w+),[\d.]+,", "\n".join(blocks(text, "csv")), re.M)
    )
    assert set(re.findall(r"threshold\('(\w+)'", sql)) <= thresholds
    fields = {name for row in table(text, "field", "what it says") for name in re.findall(r"`(\w+)`", row[0])}
    assert set(catalog.REQUIRED) <= fields
    assert set(entry.meta) <= fields


def test_delivery_lists_every_rule_in_the_order_of_the_sql() -> None:
    sql = (DBT_PROJECT / "models" / "delivery" / "screened.sql").read_text(encoding="utf-8")
    dropping = sql.split("as withheld_by")[1].split("as dropped_by")[0]
    rules = re.findall(r"then\s+'([\w<>]+)'", dropping.replace("then pressure.capped_by", "then 'contact_cap_<days>d'"))
    assert len(rules) > 10
    told = [row[1].strip("`") for row in table(page("docs/delivery.md"), "order", "`reason`")]
    assert told == list(dict.fromkeys(rules))


def test_published_files_names_every_column_in_order_and_every_history_table() -> None:
    text = page("docs/published-files.md")
    told = [row[:3] for row in table(text, "name (Parquet)")]
    assert told == [[column.name, column.zh, column.en] for column in branch_rows.COLUMNS]
    assert [
        f"{column.name} {column.zh}" for column in branch_rows.FILL_IN if f"{column.name} {column.zh}" not in text
    ] == []
    assert [row[0].strip("`") for row in table(text, "table", "one row per")] == [
        *warehouse.HISTORY,
        "report_<name>",
    ]


def test_operate_names_every_task_of_the_dag_in_order() -> None:
    code = (PROJECT / "dags" / "daily_lists.py").read_text(encoding="utf-8")
    tasks = re.findall(r"(?:task_id=|step\()\"(\w+)\"", code)
    assert len(tasks) > 5
    assert [row[0].strip("`") for row in table(page("docs/operate.md"), "task", "does")] == tasks


def test_architecture_names_every_module() -> None:
    folder = PROJECT / "plugins" / "mingdan"
    found = {path.stem for path in folder.glob("*.py")} | {
        path.name for path in folder.iterdir() if (path / "__init__.py").exists()
    }
    text = page("docs/architecture.md")
    assert len(found) > 15
    assert sorted(name for name in found - {"__init__"} if f"`{name}`" not in text) == []


def test_every_decision_stands_in_the_index_with_context_choice_and_cost() -> None:
    pages = sorted((PROJECT / "docs" / "decisions").glob("0*.md"))
    index = page("docs/decisions/README.md")
    assert len(pages) > 10
    for number, path in enumerate(pages, start=1):
        assert path.name.startswith(f"{number:04d}-") and f"]({path.name})" in index, path.name
        text = ALL[path]
        assert text.startswith(f"# {number}. ")
        assert all(f"**{part}" in text for part in ("Context.", "Choice.", "What it costs.")), path.name


def test_every_runbook_stands_in_the_index_and_says_what_is_seen_done_and_when_it_is_over() -> None:
    pages = [path for path in PAGES if path.parent.name == "runbooks" and path.name != "README.md"]
    assert len(pages) > 5
    for path in pages:
        assert f"]({path.name})" in page("docs/runbooks/README.md"), path.name
        assert all(f"**{part}" in ALL[path] for part in ("You see.", "Over when.")), path.name


def test_no_page_waits_to_be_filled() -> None:
    waiting = [
        f"{path.name}: {line}" for path, text in ALL.items() for line in re.findall(r"<!-- TO FILL: (.*?) -->", text)
    ]
    assert waiting == []
