"""Rate, quota, pause: what the account's state makes of a good message."""

from simulator.account import Account
from simulator.header import Message
from simulator.settings import Settings
from support.waiting import until
from test_dialogue import MESSAGE, send

import pytest


def judge(account: Account, recipients: int) -> str:
    names = [f"r{number}@example.net" for number in range(recipients)]
    return account.refusal("site@example.com", names, Message(MESSAGE), MESSAGE)


def test_the_rate_counts_recipients():
    account = Account(Settings(max_rate=0.001, burst=10.0))
    assert judge(account, 6) == ""
    assert judge(account, 6) == "454 Throttling failure: Maximum sending rate exceeded"
    assert judge(account, 4) == ""


def test_the_rate_comes_back_with_time(session, ses):
    ses.set(max_rate=20.0, burst=1.0)
    assert send(session)[0] == 250
    until(lambda: send(session)[0] == 250, "a token")


def test_the_daily_quota_counts_recipients_but_not_the_mailbox_simulator():
    account = Account(Settings(daily_quota=3))
    assert judge(account, 2) == ""
    assert judge(account, 2) == "454 Throttling failure: Daily message quota exceeded"
    simulated = account.refusal(
        "site@example.com", ["success@simulator.amazonses.com"] * 9, Message(MESSAGE), MESSAGE
    )
    assert (simulated, account.sent_in_window) == ("", 2)
    assert judge(account, 1) == ""


@pytest.mark.parametrize(
    "settings, text",
    [
        ({"paused": True}, "Message rejected: Sending paused for this account."),
        (
            {"mail_from_failed": True},
            "MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid.",
        ),
    ],
)
def test_the_account_can_be_stopped_and_started(session, ses, settings, text):
    ses.set(**settings)
    code, said = send(session)
    assert code == 554 and said.startswith(text)
    ses.set(**{name: False for name in settings})
    assert send(session)[0] == 250


def test_a_setting_of_a_wrong_name_or_type_changes_nothing():
    settings = Settings()
    with pytest.raises(ValueError, match="unknown setting 'rate'"):
        settings.update({"paused": True, "rate": 5})
    with pytest.raises(ValueError, match="max_rate takes a float"):
        settings.update({"paused": True, "max_rate": "fast"})
    assert settings == Settings()
