"""Messages to a person: what they say, and how they go out by e-mail or to a Slack-compatible webhook."""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from http.client import HTTPException
from typing import Protocol

from whisper_enrich.errors import EnrichError
from whisper_enrich.settings import Settings
from whisper_enrich.watching.incidents import Change, Turn

SHOWN = 20
"""Incidents told of in one message; of more, only how many there are."""


class DeliveryFailed(EnrichError):
    """A message did not go out. Says nothing of addresses, passwords or the webhook, which is a secret by itself."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: a subject line and a text of plain lines."""

    subject: str
    text: str


def notice_of(changes: Sequence[Change], causes: Mapping[str, str]) -> Notice:
    """One message about everything that changed in one look. ``causes`` say by run why it failed, as far as that is known."""
    opened = [change for change in changes if change.turn is Turn.OPENED]
    what = f"{changes[0].streak.subject} {'fails' if opened else 'has recovered'}"
    if len(changes) > 1:
        what = ", ".join(
            f"{count} {word}"
            for count, word in ((len(opened), "fail"), (len(changes) - len(opened), "recovered"))
            if count
        )
    lines = [line for change in changes[:SHOWN] for line in _lines(change, causes)]
    if len(changes) > SHOWN:
        lines.append(f"... and {len(changes) - SHOWN} more.")
    return Notice(f"whisper_enrich: {what}", "\n".join(lines))


def _lines(change: Change, causes: Mapping[str, str]) -> list[str]:
    streak = change.streak
    times = f"{streak.failures} time{'s' if streak.failures > 1 else ''}"
    since = f"since {streak.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if change.turn is Turn.RECOVERED:
        return [f"RECOVERED: {streak.subject}. It had failed {times} {since}."]
    cause = causes.get(streak.run_id)
    return [
        f"FAILING: {streak.subject} has failed {times} one after the other, {since}.",
        *([f"  {cause}"] if cause else []),
        *([f"  {streak.link}"] if streak.link else []),
    ]


TRIAL = Notice("whisper_enrich: a trial", "This is a trial of `whisper-enrich alerts test`. Alerts reach you here.")


class Target(Protocol):
    """Where messages go. ``name`` is what it is called in logs and in the state that is kept."""

    name: str

    def send(self, notice: Notice) -> None:
        """Raises `DeliveryFailed`."""


@dataclass(frozen=True)
class Webhook:
    """Slack's incoming webhooks, and what takes the same: Mattermost, Rocket.Chat, Discord (the address with /slack)."""

    url: str
    timeout_seconds: float
    name: str = "webhook"

    def send(self, notice: Notice) -> None:
        """One POST; anything but 2xx is a failure."""
        body = json.dumps({"text": f"*{notice.subject}*\n{notice.text}"}).encode()
        request = urllib.request.Request(
            self.url, data=body, headers={"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_seconds):
                return
        except urllib.error.HTTPError as error:
            raise DeliveryFailed(f"The webhook answered {error.code}. Check ALERT_WEBHOOK_URL.") from None
        except (OSError, ValueError, HTTPException) as error:
            raise DeliveryFailed(
                f"The webhook cannot be reached ({type(error).__name__}). Check ALERT_WEBHOOK_URL and the network."
            ) from None


@dataclass(frozen=True)
class Email:
    """A mail by SMTP."""

    host: str
    port: int
    security: str
    sender: str
    recipients: tuple[str, ...]
    timeout_seconds: float
    user: str | None = None
    password: str | None = None
    name: str = "email"

    def send(self, notice: Notice) -> None:
        """One mail to all recipients; one that the server refuses is a failure."""
        try:
            with self._connected() as server:
                if self.user:
                    server.login(self.user, self.password or "")
                refused = server.send_message(self._mail(notice))
        except (OSError, ValueError, smtplib.SMTPException) as error:
            raise DeliveryFailed(
                f"The mail server {self.host}:{self.port} did not take a mail ({type(error).__name__}). Check ALERT_SMTP_HOST, "
                "ALERT_SMTP_PORT, ALERT_SMTP_SECURITY, ALERT_SMTP_USER and ALERT_SMTP_PASSWORD."
            ) from None
        if refused:
            raise DeliveryFailed(f"The mail server refused {len(refused)} of the addresses in ALERT_EMAIL_TO.")

    def _connected(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout_seconds, context=ssl.create_default_context()
            )
        server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)
        if self.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        return server

    def _mail(self, notice: Notice) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = notice.subject.replace("\n", " ")
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.recipients)
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(notice.text)
        return mail


def targets_of(settings: Settings) -> list[Target]:
    """Those that the settings name; none where there is none."""
    found: list[Target] = []
    if settings.alert_email_to:
        password = settings.alert_smtp_password
        found.append(
            Email(
                settings.alert_smtp_host or "", settings.alert_smtp_port, settings.alert_smtp_security,
                settings.alert_email_from or f"whisper-enrich@{socket.getfqdn()}", settings.alert_email_to,
                settings.alert_timeout_seconds, settings.alert_smtp_user,
                password.get_secret_value() if password else None,
            )
        )  # fmt: skip
    if settings.alert_webhook_url is not None:
        found.append(Webhook(settings.alert_webhook_url.get_secret_value(), settings.alert_timeout_seconds))
    return found
