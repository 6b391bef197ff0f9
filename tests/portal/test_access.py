"""Who may see what: every route, every role, and nothing of another branch by any way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from mingdan.portal.access import ROOMS
from mingdan.portal.app import PUBLIC, safe_path
from mingdan.portal.identity import Development, IdentityError, TrustedHeader
from mingdan.portal.people import ROLES, PeopleError, Person, read_people

from tests.portal.conftest import BRANCH, OTHER, Desk


def routes(desk: Desk) -> Iterator[tuple[str, str, str]]:
    """(method, path, room) of every route that is not public."""
    found = [route for route in walk(desk.app.routes) if route.path not in PUBLIC]
    for route in found:
        rooms = [each.call.room for each in route.dependant.dependencies if hasattr(each.call, "room")]
        assert len(rooms) == 1, f"{route.path}: expected exactly one room; found {rooms}"
        for method in route.methods:
            yield method, route.path, rooms[0]


def walk(tree: list) -> Iterator[APIRoute]:
    for route in tree:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from walk(getattr(getattr(route, "original_router", None), "routes", []))


def test_the_walk_finds_the_pages(desk: Desk) -> None:
    paths = {path for _, path, _ in routes(desk)}
    assert {"/today", "/leads/{lead_id}", "/leads/{lead_id}/outcome", "/download/{kind}", "/upload", "/audit"} <= paths


@pytest.mark.parametrize("role", ROLES)
def test_a_role_enters_exactly_its_rooms(desk: Desk, role: str) -> None:
    client, tried = desk.of(role), 0
    for method, path, name in routes(desk):
        url = (
            path.replace("{lead_id}", desk.leads[BRANCH][0]["lead_id"])
            .replace("{kind}", "csv")
            .replace("{name}", "maturity_ladder")
            .replace("{customer_id}", desk.leads[BRANCH][0]["customer_id"])
            .replace("{code}", "no_such")
        )
        status = client.request(method, url).status_code
        if role in ROOMS[name]:
            assert status != 401 and (status != 403 or name in ("work", "reveal")), (method, path, status)
        else:
            assert status == 403, (method, path, status)
        tried += 1
    assert tried > 8


def test_nobody_gets_in_without_signing_on(desk: Desk) -> None:
    client = TestClient(desk.app, follow_redirects=False)
    for method, path, _ in routes(desk):
        answer = client.request(method, path.replace("{lead_id}", "L1").replace("{kind}", "csv"))
        if method == "GET":
            assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in"), path
        else:
            assert answer.status_code == 401, path


def test_another_branchs_lead_does_not_exist_by_any_way(desk: Desk) -> None:
    client, stranger = desk.of("branch_manager"), desk.leads[OTHER][0]
    lead_id = stranger["lead_id"]
    ways = [
        client.get(f"/leads/{lead_id}"),
        client.post(f"/leads/{lead_id}/outcome", data={"outcome": "done", "channel_used": "call"}),
        client.post(f"/leads/{lead_id}/claim"),
        client.post(f"/leads/{lead_id}/reveal"),
        client.get("/today", params={"branch": OTHER}),
        client.get(f"/customers/{stranger['customer_id']}"),
        client.post("/who/lead", data={"customer_id": stranger["customer_id"], "list": stranger["list"]}),
        client.get("/download/csv", params={"branch": OTHER}),
        client.get("/download/xlsx", params={"branch": OTHER}),
    ]
    assert [each.status_code for each in ways] == [404] * len(ways)
    assert len(desk.trail("refused")) == len(ways)
    assert lead_id not in client.post("/today", data={"q": stranger["customer_id"]}).text
    assert lead_id not in client.get("/download/csv").text


def test_a_person_without_a_branch_sees_nothing(desk: Desk) -> None:
    assert desk.of("nobody").get("/today").status_code == 404


def test_a_region_sees_its_branches_only(desk: Desk) -> None:
    tree = {"0001": "R1", "0002": "R2", "0003": "R1", "R1": "H", "R2": "H", "H": None}
    region = Person("r", "r", frozenset({"region"}), "R1")
    assert region.branches(tree) >= {"0001", "0003"} and "0002" not in region.branches(tree)
    loop = {"A": "B", "B": "A"}
    assert region.branches(loop) == frozenset()


def test_recovery_and_others_leads_are_kept_from_who_has_no_part_in_them(desk: Desk) -> None:
    queue = [row["lead_id"] for row in desk.leads[BRANCH] if row["owner_id"] is None]
    own = [row["lead_id"] for row in desk.leads[BRANCH] if row["owner_id"]]
    assert queue and own
    first, second = desk.of("rm").get("/today").text, desk.of("second_rm").get("/today").text
    assert all(lead in first for lead in (*own, *queue))
    assert all(lead not in second for lead in own) and all(lead in second for lead in queue)
    assert not any(lead in desk.of("collection").get("/today").text for lead in (*own, *queue))
    assert desk.of("second_rm").get(f"/leads/{own[0]}").status_code == 404


def test_only_a_leads_owner_reveals_and_every_look_is_logged(desk: Desk) -> None:
    row = next(row for row in desk.leads[BRANCH] if row["owner_id"])
    masked = desk.of("rm").get(f"/leads/{row['lead_id']}").text
    assert row["mobile"] not in masked and row["name"] not in masked
    assert desk.of("branch_staff").post(f"/leads/{row['lead_id']}/reveal").status_code == 403
    assert row["mobile"] in desk.of("rm").post(f"/leads/{row['lead_id']}/reveal").text
    assert [json.loads(each.detail)["lead_id"] for each in desk.trail("revealed")] == [row["lead_id"]]


def test_head_office_looks_at_any_branchs_leads_masked_and_does_no_more(desk: Desk) -> None:
    client = desk.of("head_office")
    for branch in (BRANCH, OTHER):
        page = client.get("/today", params={"branch": branch}).text
        shown = [row for row in desk.leads[branch] if row["lead_id"] in page]
        assert shown and all(row["name"] not in page and row["mobile"] not in page for row in shown)
    lead_id = desk.leads[OTHER][0]["lead_id"]
    assert client.get(f"/leads/{lead_id}").status_code == 200
    for way in (f"/leads/{lead_id}/outcome", f"/leads/{lead_id}/claim", f"/leads/{lead_id}/reveal"):
        assert client.post(way, data={"outcome": "done", "channel_used": "call"}).status_code == 403
    assert client.get("/download/csv", params={"branch": OTHER}).status_code == 403
    assert client.get(f"/customers/{desk.leads[OTHER][0]['customer_id']}").status_code == 403
    assert client.get("/today", params={"branch": "no_such"}).status_code == 404


def test_the_audit_trail_and_urls_hold_no_name_and_no_mobile(desk: Desk) -> None:
    client, row = desk.of("branch_manager"), desk.leads[BRANCH][0]
    client.post("/today", data={"q": row["name"]})
    client.get(f"/leads/{row['lead_id']}")
    client.post(f"/leads/{row['lead_id']}/reveal")
    said = "\n".join(desk.app.state.audit.export())
    assert "today" in said
    for each in desk.leads[BRANCH]:
        assert each["name"] not in said and each["mobile"] not in said


def test_no_address_of_a_page_or_form_takes_a_name_or_a_number(desk: Desk) -> None:
    """What is searched for stands in a form's body: not in a gateway's log, a history or a referrer."""
    client, found = desk.of("branch_manager"), 0
    row = desk.leads[BRANCH][0]
    for path in ("/today", "/who"):
        for page in (client.get(path), client.post(path, data={"q": row["name"]})):
            form = next(each for each in page.text.split("<form")[1:] if 'name="q"' in each.split("</form>")[0])
            assert 'method="post"' in form.split(">")[0] and row["lead_id"] in page.text or path == "/who"
            addresses = re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', page.text)
            assert addresses and not any(row["name"] in each or row["mobile"] in each for each in addresses)
            found += 1
    assert found == 4
    assert (
        row["lead_id"] in client.get("/today", params={"q": "nobody of this name"}).text
    )  # an address searches nothing


def test_a_header_is_believed_from_the_gateway_only(desk: Desk) -> None:
    desk.app.state.identity = TrustedHeader("X-Remote-User", ["10.1.0.0/16"])
    gateway = TestClient(desk.app, follow_redirects=False, client=("10.1.2.3", 1))
    other = TestClient(desk.app, follow_redirects=False, client=("10.2.2.3", 1))
    assert gateway.get("/today", headers={"X-Remote-User": "branch_staff"}).status_code == 200
    assert other.get("/today", headers={"X-Remote-User": "branch_staff"}).status_code == 401
    assert gateway.get("/today").status_code == 401
    assert gateway.get("/today", headers={"X-Remote-User": "a_stranger"}).status_code == 403
    twice = [("X-Remote-User", "branch_staff"), ("X-Remote-User", "auditor")]
    assert gateway.get("/today", headers=twice).status_code == 401


def test_what_is_for_development_refuses_production() -> None:
    with pytest.raises(IdentityError, match="development"):
        Development("production")
    with pytest.raises(IdentityError, match="proxies"):
        TrustedHeader("X-Remote-User", [])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("u1,A,rm,,", "branch_id"),
        ("u1,A,king,0001,", "role"),
        (",A,rm,0001,", "user_id"),
        ("u1,A,rm,0001,\nu1,A,lobby,0002,", "one branch"),
    ],
)
def test_a_malformed_people_file_is_named(tmp_path, line: str, said: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text("user_id,name,role,branch_id,employee_id\n" + line + "\n", encoding="utf-8")
    with pytest.raises(PeopleError, match=said):
        read_people(path)


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere(desk: Desk, path: str) -> None:
    assert safe_path(path) == "/"
    answer = TestClient(desk.app, follow_redirects=False).post("/sign-in", data={"user_id": "rm", "next": path})
    assert answer.headers["location"] == "/"
    assert desk.of("rm").get("/language", params={"to": "en", "back": path}).headers["location"] == "/"
