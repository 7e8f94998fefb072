"""What somebody does who has a bare Debian 12 with PHP: the package, one edited file, mail by mail() and by PHPMailer."""

import json
import re
import shutil
import subprocess

import pytest
from machine import PROJECT
from support.ses_process import PROGRAM as SES_SIM
from support.waiting import until

USER, PASSWORD = "AKIAIOSFODNN7EXAMPLE", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
SENDER = "shop@example.com"
SENDMAILS = ["/usr/bin/postern sendmail", "/usr/libexec/postern/postern-sendmail"]


@pytest.fixture(scope="module")
def ses(machine, tmp_path_factory):
    """ses_sim on the machine's network: what it says of where it listens, and where it keeps mail."""
    folder = tmp_path_factory.mktemp("ses")
    options = ["--save", folder / "mail", "--tls-dir", folder / "tls", "--set", '{"identities": ["example.com"]}']
    started = subprocess.Popen(
        machine.on_its_network(SES_SIM, *options), stdout=subprocess.PIPE, text=True
    )
    yield {**json.loads(started.stdout.readline()), "mail": folder / "mail"}
    started.terminate()
    started.communicate(timeout=10)


@pytest.fixture(scope="module")
def relay(machine, ses):
    """Installed; the packaged file edited as its comments say."""
    machine.inside("apt-get", "install", "-y", "-q", "/root/first.deb")
    shutil.copy(ses["ca"], machine.root / "etc/postern/ca.pem")
    for name, secret in {"ses_user": USER, "ses_password": PASSWORD}.items():
        machine.put(f"etc/postern/{name}", secret + "\n", 0o640)
    machine.inside("chgrp", "postern", "/etc/postern/ses_user", "/etc/postern/ses_password")
    edit(machine, "kind: capture", "kind: ses")
    edit(machine, "directory: /var/lib/postern/captured", "region: eu-central-1")
    edit(machine, "#host: email-smtp.eu-central-1.amazonaws.com", "host: localhost")
    edit(machine, "#port: 465", f"port: {ses['tls_port']}")
    edit(machine, "#tls_ca_file: roots.pem", "tls_ca_file: ca.pem")
    edit(machine, "#username_file: ses_user", "username_file: ses_user")
    edit(machine, "#password_file: ses_password", "password_file: ses_password")
    assert "good" in machine.inside("postern", "check-config", "/etc/postern/postern.yml").stdout
    machine.inside("systemctl", "restart", "postern")
    machine.await_relay()
    yield machine
    machine.inside("dpkg", "-P", "postern")


def edit(machine, old: str, new: str) -> None:
    file = machine.root / "etc/postern/postern.yml"
    text = file.read_text()
    assert text.count(f"  {old}\n") == 1, old
    file.write_text(text.replace(f"  {old}\n", f"  {new}\n"))


def send_by_mail(relay, sendmail: str, recipient: str, sender: str):
    """PHP's mail(), as a site's user calls it."""
    code = f"""exit((int) !mail("{recipient}", "Your order", "Thank you.", "From: {sender}", "-f{sender}"));"""
    web = ["runuser", "-u", "www-data", "--"]
    return relay.inside(*web, "php", "-d", f"sendmail_path={sendmail} -t -i", "-r", code, check=False)


def send_by_phpmailer(relay, recipient: str, sender: str) -> None:
    shutil.copy(PROJECT / "tests/e2e/clients/phpmailer.php", relay.root / "root" / "phpmailer.php")
    to_relay = {"host": "127.0.0.1", "port": 2525, "tls": "none", "ca": "", "user": "", "password": ""}
    mail = {"from": sender, "to": recipient, "subject": "Your bill", "body": "Thank you."}
    relay.inside("php", "/root/phpmailer.php", json.dumps({**to_relay, **mail}))


def test_mail_by_the_sendmail_command_and_by_phpmailer(relay, ses):
    recipients = {"by-command@example.net", "by-static@example.net", "by-phpmailer@example.net"}
    for sendmail, recipient in zip(SENDMAILS, ["by-command@example.net", "by-static@example.net"]):
        sent = send_by_mail(relay, sendmail, recipient, SENDER)
        assert sent.returncode == 0, sent.stdout
    send_by_phpmailer(relay, "by-phpmailer@example.net", SENDER)

    def received() -> set[str]:
        records = [json.loads(file.read_text()) for file in ses["mail"].glob("*.json")]
        return {recipient for record in records for recipient in record["recipients"]}

    until(lambda: received() == recipients, "the mails at SES")
    for eml in ses["mail"].glob("*.received.eml"):
        assert re.search(r"(?m)^DKIM-Signature:", eml.read_text()) and "d=example.com" in eml.read_text()
    for recipient in recipients:
        until(lambda r=recipient: "sent" in relay.inside("postern", "trace", r).stdout, f"sent to {recipient}")
    metrics = relay.beside("curl", "-fsS", "http://127.0.0.1:8525/metrics")
    counted = r'(?m)^postern_messages_accepted_total\{app="shop",domain="example.com"\} (\d+)$'
    assert re.findall(counted, metrics) == [str(len(recipients))]


@pytest.mark.parametrize("sendmail", SENDMAILS)
def test_a_mail_that_is_refused_says_why_to_php(relay, sendmail):
    refused = send_by_mail(relay, sendmail, "alice@example.net", "shop@other.example")
    assert refused.returncode == 1 and "may not be used as sender" in refused.stdout


def test_doctor_finds_nothing_bad_and_says_what_is_missing(relay):
    looked_at = relay.inside("postern", "doctor")
    lines = looked_at.stdout.splitlines()
    well = {line.split()[1].rstrip(":") for line in lines if line.startswith("ok ")}
    assert {"relay", "upstream", "certificate", "credentials", "listener", "domains", "permissions", "disk"} <= well
    missing = [line for line in lines if not line.startswith("ok ")]
    assert any(line.startswith("warn feed:") for line in missing)  # this SES is asked by SMTP alone
    assert all(line.startswith("warn ") and " -> " in line for line in missing), looked_at.stdout


def test_a_test_message_goes_to_ses(relay):
    sent = relay.inside("postern", "send-test", "--app", "shop", "--from", SENDER, "--to", "success@simulator.amazonses.com")
    assert re.search(r"(?m)\bsent\b", sent.stdout), sent.stdout
