"""Upstreams other than SES: a folder that keeps the mail, and a smarthost that knows no header of SES's."""

import json
import pathlib

from support import mail
from support.waiting import until


def test_capture_keeps_what_would_have_been_sent_from_others(site):
    site.relay.stop()
    site.relay.config["upstream"] = {"kind": "capture", "directory": "kept/captured"}
    site.relay.write_config()
    site.relay.start()
    queue_id = site.send(mail.plain(subject="Kept"), recipients=["a@example.net", "b@example.net"]).queue_id
    site.relay.await_event(queue_id, "sent")
    kept = site.relay.home / "kept" / "captured"
    assert kept.stat().st_mode & 0o007 == 0
    assert sorted(path.name for path in kept.iterdir()) == [f"{queue_id}.eml", f"{queue_id}.json"]
    envelope = json.loads((kept / f"{queue_id}.json").read_text())
    assert envelope["rcpt_to"] == ["a@example.net", "b@example.net"] and envelope["app"] == "shop"
    message = kept / f"{queue_id}.eml"
    assert b"Subject: Kept" in message.read_bytes()
    assert site.faults([{"delivered": str(message)}]) == {}
    assert site.ses.messages() == []


def test_a_folder_made_by_the_operator_stays_as_open_as_it_is(site):
    open_to_all = site.relay.home / "captured"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    site.relay.stop()
    site.relay.config["upstream"] = {"kind": "capture", "directory": str(open_to_all)}
    site.relay.write_config()
    site.relay.start()
    site.relay.await_event(site.send(mail.plain()).queue_id, "sent")
    assert open_to_all.stat().st_mode & 0o777 == 0o755


def test_another_smarthost_gets_signed_mail_without_the_headers_of_ses(site):
    ses = site.relay.config["upstream"]
    site.relay.stop()
    site.relay.config["upstream"] = {
        "kind": "smtp",
        **{name: ses[name] for name in ("host", "port", "tls_ca_file", "username_file", "password_file")},
    }
    site.relay.write_config()
    site.relay.start()
    site.relay.await_event(site.send(mail.plain(subject="Elsewhere")).queue_id, "sent")
    record = until(site.ses.messages, "the mail at the smarthost")[0]
    received = pathlib.Path(record["received"]).read_bytes()
    assert b"Subject: Elsewhere" in received
    assert not [name for name in mail.header_names(received) if name.startswith("x-ses-")]
    assert site.faults([record]) == {}
