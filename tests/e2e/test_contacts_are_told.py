"""What was refused is told in digests, over a kill -9; what matters is told at once, by mail and by a signed webhook that
nobody can turn against the relay's own network."""

import email
import email.policy

import pytest

from support import mail
from support.hook import Hook, fault
from support.nameservers import Nameservers
from support.relay_process import SHOP_PASSWORD
from support.waiting import until

OPERATOR = {"contact": "ops@example.com", "from": "postern@example.com"}
SECRET = "q8Wc1mV6nT3bR0kL5wZ9sJ2hG7fD4pY1aU6eI3oN8xA="
ZONE = "example.org"
HOUR = 3600


def records(site, *addresses: str) -> list[dict]:
    return [record for record in site.ses.messages() if set(record["recipients"]) <= set(addresses)]


def letters(site, *addresses: str) -> list[email.message.EmailMessage]:
    """What these addresses got, oldest first."""
    read = [mail.delivered(record).read_bytes() for record in records(site, *addresses)]
    return [email.message_from_bytes(octets, policy=email.policy.default) for octets in read]


def refused(site, app: str, octets: bytes) -> str:
    """The reference of the refusal."""
    with site.wire("plain") as wire:
        wire.ehlo()
        wire.login(app, SHOP_PASSWORD)
        return wire.message(octets).reference


@pytest.fixture
def hook(keys):
    hook = Hook(keys.certificate)
    yield hook
    hook.stop()


def webhook(site, hook, **changes) -> dict:
    """The keys of `operator` for this webhook, whose secrets are written."""
    site.relay.write_secret("hook_url", hook.url)
    site.relay.write_secret("hook_secret", SECRET)
    keys = {
        "webhook_url_file": "hook_url",
        "webhook_secret_file": "hook_secret",
        "webhook_tls_ca_file": str(site.keys.authority.certificate),
        "webhook_allow": ["127.0.0.0/8", "::1/128"],
    }
    return OPERATOR | keys | changes


def test_each_contact_gets_one_digest_over_a_kill(site, relay_clock):
    shop = site.relay.config["apps"][0]
    blog = shop | {"name": "blog", "contact": "blog@example.com"}
    site.relay.configure(operator=OPERATOR, apps=[shop, blog])
    site.relay.stop()
    relay_clock.start()
    from_elsewhere = {"From": "Site <site@gmail.com>"}
    of_shop = [refused(site, "shop", mail.plain(**from_elsewhere)) for _ in range(3)]
    of_blog = [refused(site, "blog", mail.plain(**from_elsewhere))]
    until(lambda: site.relay.trace(of_blog[-1]), "the last refusal to be stored")
    site.relay.kill()
    relay_clock(25 * HOUR)
    relay_clock.start()

    until(lambda: len(letters(site, "web@example.com", "blog@example.com", "ops@example.com")) == 3, "the digests")
    site.relay.await_empty_queue()
    site.relay.kill()
    relay_clock.start()
    site.relay.stop()
    relay_clock(50 * HOUR)
    relay_clock.start()
    site.send(mail.plain())
    site.relay.await_empty_queue()

    [to_shop], [to_blog], [to_operator] = (
        letters(site, address) for address in ("web@example.com", "blog@example.com", "ops@example.com")
    )
    assert to_shop["Subject"] == "3 mails of shop were refused"
    assert to_shop["From"] == "Mail relay <postern@example.com>"
    assert to_shop["Auto-Submitted"] == "auto-generated"
    text = to_shop.get_content()
    assert "[from-domain], 3 times" in text and f"postern trace {of_shop[-1]}" in text
    assert of_blog[0] not in text
    assert to_blog["Subject"] == "1 mail of blog was refused"
    assert to_operator["Subject"] == "4 mails were refused"
    assert "shop, 3 times" in to_operator.get_content() and "blog, once" in to_operator.get_content()
    assert site.relay.metric("messages_accepted_total", app="shop", domain="example.com") == 1


def test_a_domain_is_told_of_by_mail_and_signed_webhook(start_site, tmp_path, hook):
    dns = Nameservers(tmp_path, ZONE)
    try:
        site = start_site(dns={"servers": [dns.resolver], "timeout": "2s", "private_servers": True})
        site.ses.identity(ZONE, verified=True)
        site.relay.configure(operator=webhook(site, hook))
        site.relay.reload()
        assert site.relay.command("domain", "add", ZONE, "--app", "shop").returncode == 0
        wanted = site.relay.command("domain", "records", ZONE, "--format", "zone").stdout
        dns.publish(ZONE, wanted.replace(" 3600 ", " 1 "))
        until(lambda: site.relay.command("domain", "verify", ZONE).returncode == 0, "the records to be right", 20)
        [posted] = until(lambda: hook.posted, "the webhook to be told")
        until(lambda: len(letters(site, "web@example.com", "ops@example.com")) == 2, "the alert's mails")
    finally:
        dns.stop()
    assert fault(posted, SECRET) == ""
    assert fault(posted._replace(body=posted.body + b" "), SECRET) == "signed otherwise"
    assert posted.path == "/postern/hunter2" and posted.headers["content-type"] == "application/json"
    said = posted.said
    assert said["id"] == posted.headers["postern-id"]
    assert (said["kind"], said["app"], said["about"]) == ("domain", "", ZONE)
    assert said["sentence"] == f"{ZONE} is verified: mail from it is sent."
    assert {letter["Subject"] for letter in letters(site, "web@example.com", "ops@example.com")} == {
        f"Alert: domain, {ZONE}"
    }
    assert site.faults(records(site, "web@example.com", "ops@example.com")) == {}
    assert site.relay.metric("alerts_total", kind="domain") == 1
    assert site.relay.metric("webhook_posts_total", end="delivered") == 1


def hold_all(site) -> None:
    """Has the upstream refuse the account, of which there is an alert."""
    site.ses.set(paused=True)
    site.send(mail.plain())
    until(lambda: site.relay.metric("alerts_total", kind="account") == 1, "the alert")


def test_nothing_is_posted_to_a_private_address(site, hook):
    site.relay.configure(operator=webhook(site, hook, webhook_allow=["10.0.0.0/8"]))
    site.relay.reload()
    hold_all(site)
    until(lambda: "which is not public: list its network in operator.webhook_allow" in site.relay.log(), "a sentence")
    assert hook.posted == []
    assert "hunter2" not in site.relay.log()
    site.relay.write_secret("hook_url", "https://127.0.0.1:1/hunter2")
    answer = site.relay.check_config()
    assert answer.returncode != 0 and "127.0.0.1 is not a public one" in answer.stdout + answer.stderr
    assert "hunter2" not in answer.stdout + answer.stderr


def test_a_redirect_is_not_followed(site, hook, keys):
    elsewhere = Hook(keys.certificate)
    try:
        hook.answer, hook.location = 307, elsewhere.url
        site.relay.configure(operator=webhook(site, hook))
        site.relay.reload()
        hold_all(site)
        until(lambda: site.relay.metric("webhook_posts_total", end="refused") == 1, "the post to end")
        assert len(hook.posted) == 1 and elsewhere.posted == []
        assert "no redirect is followed" in site.relay.log()
    finally:
        elsewhere.stop()


def test_a_webhook_that_says_nothing_holds_up_neither_mail_nor_a_stop(site, hook):
    hook.silent.set()
    site.relay.configure(operator=webhook(site, hook))
    site.relay.reload()
    hold_all(site)
    until(lambda: hook.posted, "the webhook to be asked")
    site.ses.set(paused=False)
    site.relay.reload()
    queue_id = site.send(mail.plain()).queue_id
    mail.await_arrival(site.ses, queue_id)
    site.relay.stop(10)
