"""Messages go out: over real SMTP and HTTP."""

import json

import pytest
from click.testing import CliRunner

from whisper_enrich.cli import main
from whisper_enrich.errors import ConfigurationError
from whisper_enrich.settings import load_settings
from whisper_enrich.watching.notices import DeliveryFailed, Notice, Webhook, targets_of
from whisper_enrich_tests.watching.listening import mail_server, webhook

NOTICE = Notice(
    "whisper_enrich: enrich_bot_day for elena fails", "FAILING: enrich_bot_day for elena.\n  http://ui/runs/1"
)


def email_settings(port, **others):
    return load_settings(
        alert_email_to="anna@example.org, ben@example.org", alert_smtp_host="127.0.0.1", alert_smtp_port=port,
        alert_smtp_security="none", alert_email_from="worker@example.org", **others,
    )  # fmt: skip


def test_a_mail_reaches_all_recipients_as_plain_text():
    with mail_server() as server:
        (email,) = targets_of(email_settings(server.port))
        email.send(NOTICE)
    (mail,) = server.bodies
    head, _, body = mail.partition("\n\n")
    assert "Subject: whisper_enrich: enrich_bot_day for elena fails" in head
    assert "To: anna@example.org, ben@example.org" in head
    assert "Auto-Submitted: auto-generated" in head
    assert body.strip() == NOTICE.text


def test_a_mail_that_the_server_refuses_is_a_failure_that_names_the_settings():
    with mail_server() as server:
        server.status = 550
        (email,) = targets_of(email_settings(server.port))
        with pytest.raises(DeliveryFailed, match="ALERT_SMTP_HOST"):
            email.send(NOTICE)


def test_a_webhook_gets_what_slack_takes():
    with webhook() as hook:
        (target,) = targets_of(load_settings(alert_webhook_url=f"http://127.0.0.1:{hook.port}/services/SECRET"))
        target.send(NOTICE)
    assert json.loads(hook.bodies[0]) == {"text": f"*{NOTICE.subject}*\n{NOTICE.text}"}


@pytest.mark.parametrize("path", ["/services/SECRET", "/other/SECRET"])
def test_a_webhook_that_fails_or_is_not_there_is_told_without_its_address(path):
    with webhook() as hook:
        hook.status = 500
        with pytest.raises(DeliveryFailed, match="answered 500") as refused:
            Webhook(f"http://127.0.0.1:{hook.port}{path}", 5.0).send(NOTICE)
    with pytest.raises(DeliveryFailed, match="cannot be reached") as gone:
        Webhook(f"http://127.0.0.1:{hook.port}{path}", 5.0).send(NOTICE)
    assert "SECRET" not in f"{refused.value} {gone.value}"


def test_recipients_without_a_mail_server_are_a_mistake_in_the_settings():
    with pytest.raises(ConfigurationError, match="ALERT_SMTP_HOST"):
        load_settings(alert_email_to="anna@example.org")


def test_the_trial_goes_to_everybody_and_says_what_did_not_go_out(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(main, ["alerts", "test"])
    assert run.exit_code == 1
    with webhook() as hook, mail_server() as server:
        monkeypatch.setenv("ALERT_WEBHOOK_URL", f"http://127.0.0.1:{hook.port}/x")
        for name, value in (
            ("EMAIL_TO", "a@b.org"),
            ("SMTP_HOST", "127.0.0.1"),
            ("SMTP_PORT", server.port),
            ("SMTP_SECURITY", "none"),
        ):
            monkeypatch.setenv(f"ALERT_{name}", str(value))
        assert CliRunner().invoke(main, ["alerts", "test"]).exit_code == 0
        hook.status = 404
        assert CliRunner().invoke(main, ["alerts", "test"]).exit_code == 1
    assert (len(hook.bodies), len(server.bodies)) == (1, 2)
