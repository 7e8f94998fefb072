"""Whoever answers in the place of SES without its certificate gets nothing: no credentials, no mail."""

import pytest

from simulator import certificates
from support import mail
from support.waiting import until


@pytest.fixture(params=["unknown authority", "another name"])
def wrong_certificate(request, keys, tmp_path):
    if request.param == "another name":
        return certificates.make_certificate(keys.authority, "elsewhere", ["DNS:elsewhere.example"])
    return certificates.make_certificate(certificates.make_authority(tmp_path), "server", ["DNS:localhost"])


def test_mail_waits_until_the_certificate_is_right(site, wrong_certificate):
    site.ses.stop()
    site.ses.start(
        "--certificate", wrong_certificate.certificate, "--private-key", wrong_certificate.private_key
    )
    queue_id = site.send(mail.plain()).queue_id
    detail = site.relay.await_event(queue_id, "deferred")["detail"]
    assert "certificate" in detail.lower(), detail
    stats = site.ses.stats()
    assert (stats["messages"], stats["authentications"], stats["auth_failures"]) == (0, 0, 0)
    assert stats["connections"] >= 1

    site.ses.stop()
    site.ses.start()
    mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    until(lambda: site.ses.stats()["messages"] == 1, "the one copy")
