"""Notices reach the log, a webhook and a mailbox; a target that fails never fails the run, and says so."""

import email
import email.policy
import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from mingdan import notices
from mingdan.notices import Notice
from mingdan.settings import SettingsError

FAILED = Notice("failure", "check_sources", "2026-06-30", "manual__1", ("core.transactions: 缺少余额",))
WARNED = Notice("warning", "prepare", "2026-06-30", "manual__1", ("one", "two"))


@pytest.fixture
def webhook(monkeypatch) -> Iterator[list[dict]]:
    received: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.path == "/hook":
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204 if self.path == "/hook" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MINGDAN_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
    monkeypatch.setenv("BROKEN_WEBHOOK", f"http://127.0.0.1:{server.server_port}/broken?token=s3cret")
    yield received
    server.shutdown()
    server.server_close()


@pytest.fixture
def mailbox() -> Iterator[tuple[str, list[str]]]:
    """The address of a mail server that keeps what it is sent."""
    received: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                match line.split()[0].upper():
                    case "DATA":
                        self.say("354 go on")
                        lines = iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), ".")
                        received.append("\n".join(lines))
                        self.say("250 kept")
                    case "QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 ok")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", received
        server.shutdown()


def test_the_log_tells_failures_as_errors_and_warnings_as_warnings(caplog) -> None:
    assert notices.send(FAILED, [{"to": "log"}]) == []
    assert notices.send(WARNED, [{"to": "log"}]) == []
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert "2026-06-30: check_sources failed" in caplog.text and "缺少余额" in caplog.text
    assert "prepare 2 warning(s)\n- one\n- two\nrun manual__1" in caplog.text


def test_the_webhook_gets_one_json_object(webhook: list[dict]) -> None:
    assert notices.send(FAILED, [{"to": "webhook", "url_env": "MINGDAN_WEBHOOK"}]) == []
    (body,) = webhook
    assert body["level"] == "failure" and body["step"] == "check_sources" and body["as_of"] == "2026-06-30"
    assert body["run_id"] == "manual__1" and body["lines"] == list(FAILED.lines) and "缺少余额" in body["text"]


def test_the_mail_goes_to_every_recipient(mailbox: tuple[str, list[str]]) -> None:
    host, received = mailbox
    people = ["operations@bank.example", "data@bank.example"]
    target = {"to": "email", "host": host, "from": "lists@bank.example", "recipients": people}
    assert notices.send(FAILED, [target]) == []
    message = email.message_from_string(received[0], policy=email.policy.default)
    assert message["To"] == ", ".join(people) and message["From"] == "lists@bank.example"
    assert message["Subject"] == "mingdan lists of business date 2026-06-30: check_sources failed"
    assert "缺少余额" in message.get_content()


def test_a_failing_target_is_named_and_the_others_are_still_told(webhook: list[dict], caplog) -> None:
    targets = [
        {"to": "webhook", "url_env": "BROKEN_WEBHOOK"},
        {"to": "webhook", "url_env": "NOT_SET"},
        {"to": "email", "host": "127.0.0.1:1", "from": "a@bank.example", "recipients": ["b@bank.example"]},
        {"to": "pigeon"},
        {"to": "webhook", "url_env": "MINGDAN_WEBHOOK"},
    ]
    failed = notices.send(FAILED, targets)
    assert len(failed) == 4 and len(webhook) == 1
    assert "webhook: HTTPError" in failed[0] and "NOT_SET" in failed[1] and "pigeon" in failed[3]
    assert "email: ConnectionRefusedError" in failed[2]
    assert all(line[:40] in caplog.text for line in failed)
    assert "s3cret" not in caplog.text + str(failed)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"to": "pigeon"}, "expected `to` one of log, webhook, email; found 'pigeon'"),
        ({"to": "webhook", "url": "https://x"}, "to: webhook: expected url_env; found url"),
        ({"to": "email", "host": "mail"}, "to: email: expected from, host, recipients; found host"),
        ({"to": "log", "level": "info"}, "to: log: expected no further key; found level"),
    ],
)
def test_an_unknown_target_or_key_is_named_with_what_was_expected(target: dict, said: str) -> None:
    notices.check([{"to": "log"}])
    with pytest.raises(SettingsError, match=said):
        notices.check([target])


def test_an_address_that_is_no_web_address_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("MINGDAN_WEBHOOK", "file:///etc/hostname")
    (failed,) = notices.send(FAILED, [{"to": "webhook", "url_env": "MINGDAN_WEBHOOK"}])
    assert "expected an http(s) address" in failed
