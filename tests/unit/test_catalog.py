"""A list's entry is checked before a day begins: the file, what was expected and found are named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mingdan import catalog, settings
from mingdan.contract import load_contract
from mingdan.settings import Settings

LIST = "card_cooling"


def entry(**changed: Any) -> catalog.Entry:
    """The list's entry as shipped, but for some fields."""
    shipped = catalog.entries()[LIST]
    return replace(shipped, meta={**shipped.meta, **changed})


def test_the_shipped_entries_hold_together() -> None:
    catalog.validate(settings.load_shipped())
    roles = next(column.values for column in load_contract().tables["core.managers"].columns if column.name == "role")
    assert set(roles) == set(catalog.OWNERS)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (
            "channels",
            ["wechat", "call"],
            "channels: expected some of call, .*; found .*wechat",
        ),
        ("channels", [], r"channels: expected some of call, sms, wecom, visit; found \[\]"),
        ("channels", ["app_push"], "channels: expected some of call, .*; found .*app_push"),
        ("owner", "card", "owner: expected one of wealth, credit"),
        ("purpose", "sales", "purpose: expected one of marketing, service, recovery; found 'sales'"),
    ],
)
def test_a_field_with_a_value_that_nothing_knows_is_named(field: str, value: Any, said: str) -> None:
    with pytest.raises(catalog.CatalogError, match=said) as raised:
        catalog.check(entry(**{field: value}))
    assert f"list_{LIST}" in str(raised.value)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("card_stge = 'cooling'", "found 'card_stge'"),
        ("CARD_STAGE = Card_Stge", "found 'card_stge'"),
        ("card_stage = = 'cooling'", "expected an SQL condition"),
    ],
)
def test_a_score_rule_that_names_nothing_there_is_named_with_its_place(
    monkeypatch: pytest.MonkeyPatch, when: str, said: str
) -> None:
    good = catalog.entries()[LIST].meta["score"]
    broken = entry(score=[good[0], {**good[0], "when": when}])
    monkeypatch.setattr(catalog, "entries", lambda: {LIST: broken})
    with pytest.raises(catalog.CatalogError, match=said) as raised:
        catalog.validate_score()
    assert f"list_{LIST}, score rule 2" in str(raised.value)


@pytest.mark.parametrize(("field", "value"), [("part", "禁话"), ("list", "no_such_list")])
def test_a_talk_track_for_nothing_is_named(field: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = settings.load_shipped()
    rows = shipped.rows("talk_tracks")
    changed = {"talk_tracks": [*rows, {**rows[0], field: value}]}
    monkeypatch.setattr(Settings, "rows", lambda self, name: changed.get(name) or shipped.tables[name])
    with pytest.raises(catalog.CatalogError, match=f"talk_tracks.csv, .*{value}"):
        catalog.validate(shipped)
