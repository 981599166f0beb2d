"""`alerts`: whether a person would be told."""

from __future__ import annotations

import sys

import click

from whisper_enrich.cli.console import complain, step
from whisper_enrich.errors import ConfigurationError
from whisper_enrich.settings import load_settings
from whisper_enrich.watching.notices import TRIAL, DeliveryFailed, targets_of


@click.group()
def alerts() -> None:
    """Messages to a person when runs or checks fail: ALERT_EMAIL_TO, ALERT_WEBHOOK_URL."""


@alerts.command("test")
def test_command() -> None:
    """Send a trial message to everybody whom the settings name. Exit code 1 where one does not go out."""
    targets = targets_of(load_settings())
    if not targets:
        raise ConfigurationError(
            "Nobody is told when runs fail. Set ALERT_WEBHOOK_URL, or ALERT_EMAIL_TO and ALERT_SMTP_HOST, for the daemon too."
        )
    failed = False
    for target in targets:
        try:
            target.send(TRIAL)
        except DeliveryFailed as error:
            failed = True
            complain(str(error))
        else:
            step(f"A trial message went out by {target.name}.")
    if failed:
        sys.exit(1)
