"""Signing on at a provider: the right answer opens a session; every wrong one is refused, logged, and opens none."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OctKey, RSAKey
from mingdan.portal.app import Limits
from mingdan.portal.identity import IdentityError
from mingdan.portal.openid import OpenID

from tests.portal.conftest import Desk, desk_with
from tests.portal.provider import CLIENT, SECRET, Provider

ADDRESS = "http://testserver"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def desk(published, tmp_path, provider: Provider) -> Desk:
    signing_on = OpenID(provider.issuer, CLIENT, SECRET, ADDRESS, "preferred_username", "test")
    return desk_with(signing_on, published, tmp_path / "portal.db")


def browser(desk: Desk) -> TestClient:
    return TestClient(desk.app, follow_redirects=False, raise_server_exceptions=False)


def begun(client: TestClient, then: str = "/today") -> str:
    """The provider's page that the portal sends the browser to."""
    answer = client.get("/sign-in", params={"next": then})
    assert answer.status_code == 303
    return answer.headers["location"]


def is_in(client: TestClient) -> bool:
    return client.get("/today").status_code == 200


def refused(desk: Desk, client: TestClient, **query: str) -> str:
    """The callback is refused: no session, and the trail says why."""
    before = len(desk.trail("sign_on_refused"))
    assert client.get("/sign-in/back", params=query).status_code == 401
    assert not is_in(client) and not desk.trail("signed_in")
    trail = desk.trail("sign_on_refused")
    assert len(trail) == before + 1
    return json.loads(trail[0].detail)["why"]


def test_the_right_answer_signs_on_and_leads_to_the_page_that_was_asked_for(desk: Desk, provider: Provider) -> None:
    client = browser(desk)
    first = client.get("/today")
    assert first.status_code == 303 and first.headers["location"] == "/sign-in?next=/today"
    location = begun(client)
    asked = parse_qs(urlsplit(location).query)
    assert location.startswith(f"{provider.issuer}/authorize?")
    assert asked["redirect_uri"] == [f"{ADDRESS}/sign-in/back"] and len(asked["code_challenge"][0]) == 43
    answer = client.get("/sign-in/back", params=provider.sent_back(location))
    assert answer.status_code == 200 and 'content="0;url=/today"' in answer.text
    assert is_in(client)
    assert [row.user_id for row in desk.trail("signed_in")] == ["rm"]


def test_sign_ons_begun_too_often_from_one_address_are_slowed_down(desk: Desk) -> None:
    client, most = browser(desk), Limits.RATES["sign_on"][0]
    found = [client.get("/sign-in").status_code for _ in range(most + 1)]
    assert found == [303] * most + [429]


def test_cookies_of_a_sign_on_are_out_of_scripts_reach_and_the_sessions_is_strict(
    desk: Desk, provider: Provider
) -> None:
    client = browser(desk)
    waiting = client.get("/sign-in").headers
    assert "HttpOnly" in waiting["set-cookie"] and "SameSite=lax" in waiting["set-cookie"]
    answer = client.get("/sign-in/back", params=provider.sent_back(waiting["location"]))
    (session,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith("mingdan=")]
    assert "HttpOnly" in session and "SameSite=strict" in session
    assert any(each.startswith('mingdan-sign-on="";') for each in answer.headers.get_list("set-cookie"))


SPOILED = {
    "wrong nonce": lambda claims: claims.update(nonce="another"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "wrong audience": lambda claims: claims.update(aud="another client"),
    "no audience": lambda claims: claims.pop("aud"),
    "for another, presented by us": lambda claims: claims.update(aud=["another client"], azp=CLIENT),
    "meant for another": lambda claims: claims.update(aud=[CLIENT, "another client"], azp="another client"),
    "wrong issuer": lambda claims: claims.update(iss="http://127.0.0.1:1"),
    "expired": lambda claims: claims.update(exp=int(time.time()) - 3600, iat=int(time.time()) - 7200),
    "no end": lambda claims: claims.pop("exp"),
    "not yet": lambda claims: claims.update(nbf=int(time.time()) + 3600),
    "from the future": lambda claims: claims.update(iat=int(time.time()) + 3600),
    "no user": lambda claims: claims.pop("preferred_username"),
    "a user that is no text": lambda claims: claims.update(preferred_username=["rm"]),
    "an empty user": lambda claims: claims.update(preferred_username=" "),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_a_token_that_is_not_as_it_must_be_signs_nobody_on(desk: Desk, provider: Provider, fault: str) -> None:
    provider.spoil = SPOILED[fault]
    client = browser(desk)
    refused(desk, client, **provider.sent_back(begun(client)))


def test_a_token_signed_by_another_key_signs_nobody_on(desk: Desk, provider: Provider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    client = browser(desk)
    refused(desk, client, **provider.sent_back(begun(client)))


def test_a_token_signed_with_the_clients_own_secret_signs_nobody_on(desk: Desk, provider: Provider) -> None:
    provider.algorithm, provider.signs_with = "HS256", OctKey.import_key(SECRET)
    client = browser(desk)
    refused(desk, client, **provider.sent_back(begun(client)))


def test_keys_that_the_provider_has_changed_are_fetched_anew(desk: Desk, provider: Provider) -> None:
    for kid in ("one", "two"):
        provider.key = provider.signs_with = RSAKey.generate_key(2048, {"kid": kid})
        client = browser(desk)
        client.get("/sign-in/back", params=provider.sent_back(begun(client)))
        assert is_in(client), kid


def test_a_user_who_is_not_among_the_people_is_refused_and_logged(desk: Desk, provider: Provider) -> None:
    provider.user = "a_stranger"
    client = browser(desk)
    answer = client.get("/sign-in/back", params=provider.sent_back(begun(client)))
    assert answer.status_code == 403 and not is_in(client)
    assert [row.user_id for row in desk.trail("unknown_person")] == ["a_stranger"]


def test_an_answer_counts_once(desk: Desk, provider: Provider) -> None:
    client = browser(desk)
    location = begun(client)
    waiting = client.cookies["mingdan-sign-on"]
    client.get("/sign-in/back", params=provider.sent_back(location))
    assert is_in(client)
    again = browser(desk)
    again.cookies.set("mingdan-sign-on", waiting)
    assert again.get("/sign-in/back", params=provider.sent_back(location)).status_code == 401
    assert not is_in(again) and len(desk.trail("signed_in")) == 1


def test_an_answer_to_another_browser_or_question_signs_nobody_on(desk: Desk, provider: Provider) -> None:
    mine, theirs = browser(desk), browser(desk)
    answer = provider.sent_back(begun(theirs))
    assert "nobody" in refused(desk, mine, **answer)  # signing somebody on as oneself, without their browser's part
    begun(mine)
    assert "state" in refused(desk, mine, **answer)
    assert "nobody" in refused(desk, mine, **answer), "one try only"


def test_an_answer_that_is_late_or_brings_no_code_signs_nobody_on(desk: Desk, provider: Provider) -> None:
    client = browser(desk)
    answer = provider.sent_back(begun(client))
    desk.at += timedelta(minutes=11)
    assert "late" in refused(desk, client, **answer)
    state = provider.sent_back(begun(client))["state"]
    assert "code" in refused(desk, client, state=state, error="access_denied")
    state = provider.sent_back(begun(client))["state"]
    refused(desk, client, state=state, code="never given out")


def test_nobody_is_sent_elsewhere_after_signing_on(desk: Desk, provider: Provider) -> None:
    for path in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        client = browser(desk)
        answer = client.get("/sign-in/back", params=provider.sent_back(begun(client, path)))
        assert answer.status_code == 200 and 'content="0;url=/"' in answer.text and "evil" not in answer.text


def test_the_redirect_is_the_settings_address_whatever_host_was_asked(desk: Desk) -> None:
    client = browser(desk)
    location = client.get("/sign-in", headers={"host": "evil.example"}).headers["location"]
    assert parse_qs(urlsplit(location).query)["redirect_uri"] == [f"{ADDRESS}/sign-in/back"]


def test_signing_out_ends_here_and_at_the_provider(desk: Desk, provider: Provider) -> None:
    client = browser(desk)
    client.get("/sign-in/back", params=provider.sent_back(begun(client)))
    cookie = client.cookies["mingdan"]
    csrf = client.get("/today").text.split('name="csrf" content="')[1].split('"')[0]
    answer = client.post("/sign-out", headers={"x-csrf-token": csrf})
    assert answer.status_code == 200 and f"{provider.issuer}/end?" in answer.text and csrf not in answer.text
    client.cookies.set("mingdan", cookie)
    assert not is_in(client)
    assert client.get("/signed-out").status_code == 200


def test_a_provider_that_does_not_answer_or_calls_itself_otherwise_is_said(desk: Desk, provider: Provider) -> None:
    provider.describe = lambda described: described.update(issuer="http://127.0.0.1:1")
    assert browser(desk).get("/sign-in").status_code == 503
    provider.describe = lambda described: described.pop("jwks_uri")
    assert browser(desk).get("/sign-in").status_code == 503
    provider.describe = lambda described: None
    assert browser(desk).get("/sign-in").status_code == 303
    client = browser(desk)
    answer = provider.sent_back(begun(client))
    provider.stop()
    assert client.get("/sign-in/back", params=answer).status_code == 503
    assert browser(desk).get("/health").status_code == 200


@pytest.mark.parametrize("missing", ["issuer", "client_id", "address", "claim"])
def test_what_is_missing_or_open_is_named(missing: str) -> None:
    whole = {"issuer": "https://id.bank.example", "client_id": "m", "client_secret": "s",
             "address": "https://list.bank.example", "claim": "preferred_username"}  # fmt: skip
    OpenID(**whole, environment="production")
    with pytest.raises(IdentityError, match="user" if missing == "claim" else missing):
        OpenID(**{**whole, missing: ""}, environment="production")
    if missing in ("issuer", "address"):
        with pytest.raises(IdentityError, match="https"):
            OpenID(**{**whole, missing: "http://bank.example"}, environment="production")
