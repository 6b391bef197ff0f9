"""The portal's store on PostgreSQL: made where it is not, a day's work kept, a trail that refuses to be changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from mingdan.portal.identity import Development
from mingdan.portal.store import create_database, outcomes

from tests.portal.conftest import BRANCH, desk_with, published_day
from tests.services.native import Postgres, services

SAID = {"outcome": "interested", "channel_used": "call", "contacted_at": "2026-07-01 09:30"}


def test_a_days_work_is_kept_and_the_trail_refuses_change(postgres: Postgres, env_file: Path, tmp_path: Path) -> None:
    url = services(env_file)["portal"]["environment"]["MINGDAN_PORTAL_STORE"]
    assert "@postgres:5432/portal" in url
    url = url.replace("postgres:5432", f"127.0.0.1:{postgres.port}")
    for _ in range(2):
        create_database(url)
    published = published_day(tmp_path)
    desk = desk_with(Development("test"), published, url)
    client, lead = desk.of("branch_manager"), desk.leads[BRANCH][0]["lead_id"]
    for _ in range(2):  # said twice, it is there once
        assert client.post(f"/leads/{lead}/outcome", data=SAID).status_code == 303
    assert client.post(f"/leads/{lead}/outcome", data={**SAID, "note": "a\0b"}).status_code == 422
    assert client.get("/leads/L%00").status_code == 404
    assert client.post("/today", data={"q": "\0"}).status_code == 422
    assert client.get("/today").status_code == 200
    assert client.get("/download/xlsx").status_code == 200
    engine: sa.Engine = desk.app.state.engine
    with engine.connect() as connection:
        assert [row.lead_id for row in connection.execute(sa.select(outcomes))] == [lead]
    for change in ("update audit set what = 'nothing'", "delete from audit", "truncate audit"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
            connection.exec_driver_sql(change)
    assert len(desk.trail("outcome")) == 1 and desk.app.state.audit.check() == []
    again = desk_with(Development("test"), published, url)  # a second process finds the same store
    assert "有意向" in again.of("branch_staff").get("/today").text
    engine.dispose()
    again.app.state.engine.dispose()
