"""Each real client, in each way of connecting: its mail arrives at SES, and both verifiers find it signed."""

import json
import os
import pathlib
import subprocess

import pytest

from support import mail
from support.relay_process import SHOP_PASSWORD
from support.waiting import until

CLIENTS = pathlib.Path(__file__).parent / "clients"
NODE_PATH = os.environ.get("NODE_PATH") or str(CLIENTS / "node_modules")
WAYS = {  # listener: (tls, with AUTH)
    "sidecar": ("none", False),
    "plain": ("none", True),
    "starttls": ("starttls", True),
    "implicit": ("implicit", True),
}


def run(*command, stdin: str = "", **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        list(map(str, command)),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def phpmailer(letter: dict):
    return run("php", CLIENTS / "phpmailer.php", json.dumps(letter))


def symfony(letter: dict):
    return run("php", CLIENTS / "symfony.php", json.dumps(letter))


def smtplib(letter: dict):
    return run("/usr/bin/python3", CLIENTS / "smtplib_client.py", json.dumps(letter))


def nodemailer(letter: dict):
    assert pathlib.Path(
        NODE_PATH, "nodemailer"
    ).is_dir(), f"nodemailer is not in {NODE_PATH}: run tests/run.sh, or `npm install --prefix {CLIENTS}`"
    return run("node", CLIENTS / "nodemailer.js", json.dumps(letter), NODE_PATH=NODE_PATH)


def msmtp(letter: dict):
    switches = {
        "none": ["--tls=off"],
        "starttls": ["--tls=on"],
        "implicit": ["--tls=on", "--tls-starttls=off"],
    }
    command = ["msmtp", f"--host={letter['host']}", f"--port={letter['port']}", f"--from={letter['from']}"]
    command += [*switches[letter["tls"]], f"--tls-trust-file={letter['ca']}", "--timeout=20"]
    if letter["user"]:  # without TLS msmtp wants the mechanism to be named
        way = "plain" if letter["tls"] == "none" else "on"
        command += [
            f"--auth={way}",
            f"--user={letter['user']}",
            f"--passwordeval=echo '{letter['password']}'",
        ]
    header = f"From: {letter['from']}\nTo: {letter['to']}\nSubject: {letter['subject']}\n"
    return run(*command, letter["to"], stdin=f"{header}\n{letter['body']}\n")


def swaks(letter: dict):
    switches = {"none": [], "starttls": ["--tls"], "implicit": ["--tls-on-connect"]}
    command = ["swaks", "--server", letter["host"], "--port", letter["port"], *switches[letter["tls"]]]
    if letter["tls"] != "none":
        command += ["--tls-verify", "--tls-ca-path", letter["ca"]]
    if letter["user"]:
        command += ["--auth", "LOGIN", "--auth-user", letter["user"], "--auth-password", letter["password"]]
    command += ["--from", letter["from"], "--to", letter["to"], "--body", letter["body"]]
    return run(*command, "--header", f"Subject: {letter['subject']}")


@pytest.mark.parametrize("listener", WAYS)
@pytest.mark.parametrize(
    "client", [phpmailer, symfony, smtplib, nodemailer, msmtp, swaks], ids=lambda c: c.__name__
)
def test_the_mail_arrives_signed(shared_site, client, listener):
    relay, ses, keys = shared_site
    tls, authenticated = WAYS[listener]
    letter = {
        "host": "localhost",
        "port": relay.port(listener),
        "tls": tls,
        "ca": str(keys.authority.certificate),
        "user": "shop" if authenticated else "",
        "password": SHOP_PASSWORD if authenticated else "",
        "from": "site@example.com",
        "to": "alice@example.net",
        "subject": f"{client.__name__} over {listener}",
        "body": "Your order has been shipped.\n.\nA dot stood alone above.",
    }
    ran = client(letter)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = until(
        lambda: [record for record in ses.messages() if record["subject"] == letter["subject"]],
        "the mail at ses_sim",
    )
    assert len(found) == 1
    assert (found[0]["mail_from"], found[0]["recipients"]) == (letter["from"], [letter["to"]])
    assert found[0]["configuration_set"] == "drupal" and found[0]["tls"] == "TLSv1.3"
    assert shared_site.faults(found) == {}
    assert b"A dot stood alone above." in pathlib.Path(found[0]["delivered"]).read_bytes()


def test_the_id_in_the_reply_is_what_trace_takes(shared_site):
    reply = shared_site.send(mail.plain())
    mail.await_arrival(shared_site.ses, reply.queue_id)
    assert shared_site.relay.await_event(reply.queue_id, "sent")["event"] == "sent"
