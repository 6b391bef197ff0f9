"""How far is delivery's greedy order from the best that could be done? An exact solver (HiGHS) over a built day.

    python -m mingdan.optimum        (after a day was built in MINGDAN_HOME)

Every candidacy that no rule dropped, ghosts left out, may be shown at its branch: one a customer, the branch's
capacity, each list's least and most per branch; the sum of priorities is to be the greatest. What learning or promises
fix is fixed in both: explore seats, and open leads that are shown."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd


def candidacies(warehouse: Path, placed_sql: str) -> pd.DataFrame:
    """A row per candidacy that may be shown: subject_id, list, branch_id, priority, least and most of its list there,
    the branch's capacity, is_listed (delivery's choice) and is_fixed. The branch is the one that the SQL of `placed`
    finds when everything goes forward, not the best of each customer alone."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as built (read_only); attach ':memory:' as mingdan")
        connection.execute("set threads = 2")
        for (name,) in connection.execute(
            "select distinct table_name from duckdb_columns() where database_name = 'built' and schema_name = 'main'"
        ).fetchall():
            if f'"main"."{name}"' in placed_sql and name != "contenders":
                connection.execute(f'create view mingdan.main."{name}" as select * from built.main."{name}"')
        connection.execute("""
            create table mingdan.main.contenders as
            select * replace (case when is_control_family then outcome else 'forward' end as outcome)
            from built.main.contenders
            where not is_ghost
        """)
        return connection.execute(f"""
            with everywhere as ({placed_sql})
            select
                everywhere.subject_id, everywhere.list, everywhere.branch_id,
                cast(contenders.priority as double) as priority,
                coalesce(contenders.min_per_branch, 0) as least, contenders.most_per_branch as most,
                coalesce(capacity.capacity, 0) as capacity,
                coalesce(shown.state = 'listed', false) as is_listed,
                coalesce(
                    shown.state = 'listed' and (shown.has_explore_seat or contenders.open_lead_id is not null), false
                ) as is_fixed
            from everywhere
            inner join built.main.contenders as contenders
                on everywhere.list = contenders.list and everywhere.subject_id = contenders.subject_id
            left join built.main.placed as shown
                on everywhere.list = shown.list and everywhere.subject_id = shown.subject_id
            left join built.main.branch_capacity as capacity on everywhere.branch_id = capacity.branch_id
            where not contenders.is_control_family and not contenders.is_with_centre
                and everywhere.branch_id is not null
            order by everywhere.subject_id, everywhere.list
        """).df()


def best(rows: pd.DataFrame) -> np.ndarray:
    """Which rows an exact solver shows."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    size = len(rows)
    at = np.arange(size)

    def sums(*keys: str) -> tuple[coo_array, pd.DataFrame]:
        """A matrix that adds rows up by key, and the first row of each key."""
        groups = rows.groupby(list(keys), sort=True)
        number = groups.ngroup().to_numpy()
        return coo_array((np.ones(size), (number, at)), shape=(groups.ngroups, size)), groups.first()

    one, people = sums("subject_id")
    of_branch, branches = sums("branch_id")
    of_list, lists = sums("branch_id", "list")
    shown = rows.assign(shown=rows["is_listed"]).groupby(["branch_id", "list"], sort=True)["shown"].sum()
    least = np.minimum(lists["least"].to_numpy(float), shown.to_numpy(float))
    most = lists["most"].astype(float).fillna(np.inf).to_numpy()
    found = milp(
        -rows["priority"].to_numpy(),
        integrality=np.ones(size),
        bounds=Bounds(rows["is_fixed"].to_numpy(float), np.ones(size)),
        constraints=[
            LinearConstraint(one.tocsr(), -np.inf, np.ones(len(people))),
            LinearConstraint(of_branch.tocsr(), -np.inf, branches["capacity"].to_numpy(float)),
            LinearConstraint(of_list.tocsr(), least, most),
        ],
        options={"mip_rel_gap": 1e-6},
    )
    if found.x is None:
        raise RuntimeError(f"no optimum found: {found.message}")
    return found.x > 0.5


def compared(rows: pd.DataFrame) -> tuple[float, pd.Series]:
    """The greedy total as a share of the optimum: of the bank, and of each branch's own best day.

    A branch's best is solved for the branch alone with the customers that delivery left to it: those of its candidacies
    that were not shown at another branch."""
    chosen = best(rows)
    total = rows.loc[rows["is_listed"], "priority"].sum() / rows.loc[chosen, "priority"].sum()
    elsewhere = rows[rows["is_listed"]].set_index("subject_id")["branch_id"]
    shown_at = rows["subject_id"].map(elsewhere)
    shares = {}
    for branch, own in rows[shown_at.isna() | (shown_at == rows["branch_id"])].groupby("branch_id"):
        optimum = own.loc[best(own), "priority"].sum()
        if optimum:
            shares[branch] = own.loc[own["is_listed"], "priority"].sum() / optimum
    return float(total), pd.Series(shares, dtype=float)


def tell(warehouse: Path, compiled: Path) -> None:
    rows = candidacies(warehouse, (compiled / "delivery" / "placed.sql").read_text(encoding="utf-8"))
    total, shares = compared(rows)
    sys.stdout.write(
        f"greedy / optimum: {total:.4f} of the bank ({len(rows)} candidacies, {rows['is_listed'].sum()} places); "
        f"of {len(shares)} branches least {shares.min():.4f}, "
        f"median {shares.median():.4f}\n"
    )


if __name__ == "__main__":
    from mingdan import settings
    from mingdan.warehouse import Warehouse

    here = Warehouse(settings.home(), settings.load())
    tell(here.path, here.compiled)
