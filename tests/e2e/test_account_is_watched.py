"""With rights to ask SES's API the relay goes by what the account tells: its rate, its quota, its standing."""

import math
import smtplib

from support import mail
from support.waiting import until


def send_as_another(site, recipients: int) -> None:
    """Mail of the same account that this relay knows nothing of."""
    with smtplib.SMTP_SSL("localhost", site.ses.tls_port, context=site.keys.trusting()) as client:
        client.login(site.ses.user, site.ses.password)
        addresses = [f"r{number}@example.net" for number in range(recipients)]
        client.sendmail("site@example.com", addresses, mail.plain())


def asked(site) -> int:
    return site.ses.stats()["api_calls"].get("GetAccount", 0)


def ask_again(site) -> None:
    """A reload asks at once; the answer is there when the next one has come too."""
    for _ in range(2):
        before = asked(site)
        site.relay.reload()
        until(lambda: asked(site) > before, "the account to be asked about")


def alerts(site) -> list[str]:
    return [line for line in site.relay.log().splitlines() if "alert=account" in line]


def said(site, words: str) -> int:
    return sum(words in line for line in alerts(site))


def test_the_rate_begins_at_the_accounts_and_goes_no_further(site):
    site.ses.set(max_rate=40.0, daily_quota=1000)
    assert site.relay.metric("upstream_rate_limit") == 2
    site.ses.answer_to(site.relay)
    until(lambda: site.relay.metric("upstream_rate_limit") == 40, "the account's rate")
    assert site.relay.metric("upstream_quota_recipients") == 1000
    for _ in range(60):
        site.send(mail.plain())
    site.relay.await_empty_queue()
    assert site.relay.metric("upstream_throttled_total") == 0
    assert site.relay.metric("upstream_rate_limit") == 40
    site.ses.set(max_rate=10.0)
    ask_again(site)
    assert site.relay.metric("upstream_rate_limit") == 10


def test_the_quota_counts_others_and_parks_mail_before_it_is_refused(site):
    site.ses.set(daily_quota=50)
    send_as_another(site, 44)
    site.ses.answer_to(site.relay)
    until(lambda: site.relay.metric("upstream_sent_24h_recipients") == 44, "what the account has sent")
    until(lambda: said(site, "44 of the 50 recipients") == 1, "the alert")
    mail.await_arrival(site.ses, site.send(mail.plain()).queue_id)
    parked = site.send(mail.plain()).queue_id  # the last tenth is for urgent mail
    until(lambda: site.relay.metric("upstream_sent_24h_recipients") == 45, "the first to be counted")
    assert site.relay.attempts(parked) == 0 and not mail.arrived(site.ses, parked)
    site.ses.set(daily_quota=500)
    site.relay.reload()
    mail.await_arrival(site.ses, parked)
    until(lambda: said(site, "well below its quota") == 1, "the all-clear")
    assert "454" not in site.ses.stats()["replies"]


def test_each_change_of_its_standing_is_told_once(site):
    site.ses.answer_to(site.relay)
    until(lambda: asked(site) > 0, "the account to be asked about")
    site.ses.set(enforcement="PROBATION")
    ask_again(site)
    ask_again(site)
    assert said(site, "under review and may pause it") == 1
    assert site.relay.metric("upstream_account_status", status="under-review") == 1
    site.ses.set(enforcement="HEALTHY", sandbox=True, paused=True)
    ask_again(site)
    assert said(site, "review of the account in eu-central-1 is over") == 1
    assert said(site, "in SES's sandbox") == 1
    assert said(site, "SES has paused sending") == 1
    assert site.relay.metric("upstream_account_status", status="account-paused") == 1
    site.relay.stop()
    site.ses.set(paused=False)
    site.relay.start()
    until(lambda: said(site, "lets the account in eu-central-1 send again") == 1, "the all-clear")
    assert said(site, "in SES's sandbox") == 1  # told before the restart
    assert site.relay.metric("upstream_account_status", status="ses-sandbox") == 1


def test_mail_goes_as_before_where_the_account_may_not_be_asked_about(site):
    site.ses.set(api_denied=["ses:GetAccount"], max_rate=30.0, daily_quota=100)
    site.ses.answer_to(site.relay)
    until(lambda: "add ses:GetAccount to the policy" in site.relay.log(), "the mend")
    ask_again(site)
    assert site.relay.log().count("add ses:GetAccount to the policy") == 1
    mail.await_arrival(site.ses, site.send(mail.plain()).queue_id)
    assert site.relay.metric("upstream_rate_limit") < 30
    assert math.isinf(site.relay.metric("upstream_quota_recipients"))
    assert not alerts(site)
    site.ses.set(api_denied=[])
    ask_again(site)
    assert site.relay.metric("upstream_quota_recipients") == 100
