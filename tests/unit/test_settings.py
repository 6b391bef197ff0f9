"""The bank's settings over the shipped ones: overridden by key, unknown keys refused, one digest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from mingdan import settings as settings_module
from mingdan.settings import DBT_PROJECT, SettingsError, load


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return tmp_path


def test_the_project_file_holds_the_shipped_settings() -> None:
    """Plain `dbt build` reads them there; `make docs` writes them."""
    text = (DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["vars"] == yaml.safe_load(settings_module.default_vars_block())["vars"]


def test_a_bank_overrides_by_key_and_keeps_the_rest(bank: Path) -> None:
    (bank / "settings.yml").write_text("currency: CZK\ncontrol: {holdout_share: 0.1}\n")
    (bank / "thresholds.csv").write_text("name,enter\nidle_funds_from,80000\n")
    own, shipped = load(bank), settings_module.load_shipped()
    assert (own.currency, own.control["holdout_share"], own.control["universal_share"]) == ("CZK", 0.1, 0.01)
    assert own.thresholds["idle_funds_from"]["enter"] == 80000
    others = {name: value for name, value in own.thresholds.items() if name != "idle_funds_from"}
    assert others == {name: value for name, value in shipped.thresholds.items() if name != "idle_funds_from"}
    assert own.version != shipped.version


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("settings.yml", "curency: CZK\n", "unknown key 'curency'"),
        ("settings.yml", "control: {holdout: 0.1}\n", "control: unknown key 'holdout'"),
        ("settings.yml", "environment: prod\n", "environment: expected one of test, production; found 'prod'"),
        (
            "settings.yml",
            "environment: production\nconsent: assumed (test data)\n",
            "accepted in environment 'test' only",
        ),
        ("settings.yml", "contact: {reached_7d: 2}\n", "contact: unknown key 'reached_7d'; known keys are caps,"),
        ("settings.yml", "contact: {caps: 2}\n", "contact.caps: expected a list of caps"),
        ("settings.yml", "contact: {caps: [{days: 7, most: 2}]}\n", "expected a cap such as"),
        (
            "settings.yml",
            "contact: {caps: [{days: 7, most: 2, what: reached, channel: sms, list: welcome}]}\n",
            "expected a cap such as",
        ),
        ("settings.yml", "contact: {caps: [{days: 0, most: 2, what: reached}]}\n", "days: expected whole days"),
        ("settings.yml", "contact: {caps: [{days: 7, most: 0, what: reached}]}\n", "most: expected a whole number"),
        ("settings.yml", "contact: {caps: [{days: 7, most: 2, what: calls}]}\n", "expected reached or attempts"),
        (
            "settings.yml",
            "contact: {caps: [{days: 7, most: 2, what: reached, channel: email}]}\n",
            "channel: expected one of call, sms, wecom, visit, app_push; found 'email'",
        ),
        (
            "settings.yml",
            "contact: {caps: [{days: 7, most: 2, what: reached, list: welcom}]}\n",
            "list: expected the code of a list; found 'welcom'",
        ),
        ("settings.yml", "lists_off: [birthday_car]\n", "lists_off: expected codes of lists; found 'birthday_car'"),
        ("settings.yml", "lists_off: birthday_care\n", "lists_off: expected codes of lists; found 'birthday_care'"),
        (
            "settings.yml",
            "control: {holdout_share: 5}\n",
            "control, holdout_share: expected a share from 0 to 1; found 5",
        ),
        (
            "settings.yml",
            "control: {universal_share: -0.1}\n",
            "universal_share: expected a share from 0 to 1; found -0.1",
        ),
        ("settings.yml", "central: {sms: {holdout_share: 5%}}\n", "sms, holdout_share: expected a share from 0 to 1"),
        ("thresholds.csv", "name,enter\nidle_founds,1\n", "unknown or removed key idle_founds"),
        ("thresholds.csv", "name,value\nidle_funds_from,1\n", "expected columns name, enter, keep"),
        ("treshold.csv", "name,enter\n", "no such settings table"),
    ],
)
def test_whatever_a_bank_gets_wrong_is_named(bank: Path, name: str, text: str, said: str) -> None:
    (bank / name).write_text(text)
    with pytest.raises(SettingsError, match=said.replace("(", r"\(").replace(")", r"\)")):
        load(bank)


def test_caps_of_any_length_are_taken_whole(bank: Path) -> None:
    caps = [{"days": 90, "most": 6, "what": "attempts"}, {"days": 1, "most": 1, "what": "reached", "channel": "sms"}]
    caps.append({"days": 14, "most": 1, "what": "reached", "list": "deposit_maturity"})
    (bank / "settings.yml").write_text(yaml.safe_dump({"contact": {"caps": caps}}))
    own = load(bank)
    assert own.contact["caps"] == caps and own.contact["refusals_30d"] == 3


def test_where_things_are_kept_does_not_change_the_version(bank: Path) -> None:
    (bank / "settings.yml").write_text("landing: /elsewhere\nmemory: 8GB\nbuild_ahead: false\n")
    assert load(bank).version == settings_module.load_shipped().version


def test_the_same_settings_give_the_same_seed_files(tmp_path: Path) -> None:
    one = load().write_seeds(tmp_path / "one")
    two = load().write_seeds(tmp_path / "two")
    assert sorted(path.name for path in one.iterdir()) == sorted(path.name for path in two.iterdir())
    assert all((two / path.name).read_bytes() == path.read_bytes() for path in one.iterdir())


def test_every_threshold_is_asked_for_by_a_model() -> None:
    """By its name, by one put together from a prefix: threshold('merchant_' ~ level ~ '_below'), or by an entry."""
    sql = "\n".join(path.read_text(encoding="utf-8") for path in DBT_PROJECT.rglob("*.sql"))
    prefixes = tuple(re.findall(r"'(\w+_)' ~", sql))
    entries = "\n".join(path.read_text(encoding="utf-8") for path in (DBT_PROJECT / "models").rglob("*.yml"))
    sql += "".join(f"'{name}'" for name in re.findall(r"most_per_branch: (\w+)", entries))
    unused = [name for name in load().thresholds if f"'{name}'" not in sql and not name.startswith(prefixes)]
    assert not unused, unused
