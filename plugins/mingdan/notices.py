"""Who is told when a run fails or warns: the log, a webhook, an e-mail. A target that fails never fails the run.

Targets stand in settings.yml:

    notices:
      - {to: log}
      - {to: webhook, url_env: MINGDAN_WEBHOOK}        # the address is a secret: only the variable's name stands here
      - {to: email, host: "mail.bank.example:25", from: lists@bank.example, recipients: [operations@bank.example]}

Notices carry dates, tables, counts and error texts of our own, never a customer's values.
"""

from __future__ import annotations

import json
import logging
import smtplib
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from typing import Any

from mingdan import settings as bank_settings
from mingdan.settings import SettingsError

log = logging.getLogger("mingdan.notices")
TIMEOUT = 10  # seconds a target may take
NEEDS = {"log": set(), "webhook": {"url_env"}, "email": {"host", "from", "recipients"}}


@dataclass(frozen=True)
class Notice:
    """What happened in one step of one run. `level` is 'failure' or 'warning'; `lines` are whole sentences."""

    level: str
    step: str
    as_of: str
    run_id: str
    lines: tuple[str, ...]

    @property
    def title(self) -> str:
        said = "failed" if self.level == "failure" else f"{len(self.lines)} warning(s)"
        return f"mingdan lists of business date {self.as_of}: {self.step} {said}"

    @property
    def text(self) -> str:
        return "\n".join([self.title, *(f"- {line}" for line in self.lines), f"run {self.run_id}"])


def check(targets: Sequence[dict[str, Any]]) -> None:
    """Raises SettingsError naming the first target that is unknown or lacks a key."""
    for target in targets:
        kind = target.get("to")
        if kind not in NEEDS:
            raise SettingsError(f"settings.yml, notices: expected `to` one of {', '.join(NEEDS)}; found {kind!r}.")
        if set(target) != NEEDS[kind] | {"to"}:
            expected = ", ".join(sorted(NEEDS[kind])) or "no further key"
            found = ", ".join(sorted(set(target) - {"to"})) or "none"
            raise SettingsError(f"settings.yml, notices, to: {kind}: expected {expected}; found {found}.")


def send(notice: Notice, targets: Sequence[dict[str, Any]]) -> list[str]:
    """Tell every target; returns (and logs) one sentence for each that could not be told. Never raises."""
    failed = []
    for target in targets:
        try:
            check([target])
            {"log": to_log, "webhook": to_webhook, "email": to_email}[target["to"]](notice, target)
        except Exception as error:  # whatever it is, the run goes on
            # An address may carry a secret, and an error its address: only our own errors are quoted.
            why = str(error) if isinstance(error, SettingsError) else type(error).__name__
            failed.append(f"The notice could not be sent to {target.get('to')}: {why}")
            log.error("%s. It said: %s", failed[-1].rstrip("."), notice.text)
    return failed


def to_log(notice: Notice, _: dict[str, Any]) -> None:
    log.log(logging.ERROR if notice.level == "failure" else logging.WARNING, notice.text)


def to_webhook(notice: Notice, target: dict[str, Any]) -> None:
    """One JSON object by POST: level, step, as_of, run_id, lines, title, text."""
    url = bank_settings.secret(target["url_env"])
    if not url.startswith(("https://", "http://")):
        raise SettingsError(f"environment variable {target['url_env']}: expected an http(s) address.")
    body = json.dumps({**asdict(notice), "title": notice.title, "text": notice.text}, ensure_ascii=False)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers), timeout=TIMEOUT):
        pass  # urlopen raises for every status that is no success


def to_email(notice: Notice, target: dict[str, Any]) -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = notice.title, target["from"]
    message["To"] = ", ".join(target["recipients"])
    message.set_content(notice.text, cte="quoted-printable")
    with smtplib.SMTP(target["host"], timeout=TIMEOUT) as server:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls()
        server.send_message(message)
