"""The engine as the project sets it gives right answers where it is known to give wrong ones otherwise."""

from __future__ import annotations

import duckdb
import yaml
from mingdan.settings import DBT_PROJECT


def test_a_sum_above_a_left_join_with_nothing_is_counted() -> None:
    profile = yaml.safe_load((DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8"))["mingdan"]
    with duckdb.connect() as connection:
        for name, value in profile["outputs"]["duckdb"]["settings"].items():
            if "env_var" not in str(value):
                connection.execute(f"set {name} = '{value}'")
        connection.execute("create table contacts as select i % 7 as customer, i % 3 = 0 as silent from range(90) t(i)")
        connection.execute("create table choices as select i as customer, true as is_refused from range(36) t(i)")
        often = connection.execute(
            "select contacts.customer from contacts left join choices "
            "on contacts.customer = choices.customer and not choices.is_refused "
            "group by contacts.customer having sum(case when not contacts.silent then 1 else 0 end) >= 2"
        ).fetchall()
    assert len(often) == 7
