"""Events that SNS posts: taken when SNS signed them for our topic, and refused otherwise whatever their headers say."""

import json
import urllib.error
import urllib.request

import pytest

from support import mail
from support.ports import free_port
from support.relay_process import json_objects
from support.sns_signer import TOPIC, SnsSigner
from support.waiting import until


@pytest.fixture
def signer(tmp_path) -> SnsSigner:
    return SnsSigner(tmp_path)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def posted(start_site, signer, port):
    """A site that takes posts of one topic."""
    address = f"127.0.0.1:{port}"
    return start_site(
        listen={
            "http": [
                {"address": f"127.0.0.1:{free_port()}", "serve": ["health", "metrics"]},
                {"address": address, "serve": ["sns"]},
            ]
        },
        feedback={"sns": {"topic_arns": [TOPIC], "certificate_file": str(signer.certificate)}},
    )


def post(port: int, body: bytes, path: str = "/feedback/sns") -> int:
    headers = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def bounce_of(site, queue_id: str) -> str:
    record = next(each for each in site.ses.messages() if each["tags"]["postern_id"] == queue_id)
    event = {
        "eventType": "Bounce",
        "mail": {
            "timestamp": "2026-09-14T09:30:15.482Z",
            "messageId": record["id"],
            "destination": record["recipients"],
            "tags": {name: [value] for name, value in record["tags"].items()},
        },
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": record["recipients"][0], "status": "5.1.1"}],
            "timestamp": "2026-09-14T09:30:16.482Z",
            "feedbackId": "feedback-" + queue_id,
        },
    }
    return json.dumps(event)


def feed_of(relay) -> dict:
    """What the doctor says of the feed."""
    findings = json_objects(relay.command("doctor", "--json").stdout)
    return next(finding for finding in findings if finding["check"] == "feed")


def test_a_signed_post_is_booked_once_and_a_forged_one_has_no_effect(posted, signer, port):
    queue_id = posted.send(mail.plain()).queue_id
    mail.await_arrival(posted.ses, queue_id)
    posted.relay.await_empty_queue()
    event = bounce_of(posted, queue_id)
    assert post(port, signer.notification(event, Message=event.replace("Permanent", "Transient"))) == 403
    assert post(port, signer.notification(event, topic=TOPIC + "-of-a-stranger")) == 403
    assert post(port, signer.notification(event, SigningCertURL="https://evil.example/key.pem")) == 403
    assert post(port, event.encode()) == 403
    assert posted.relay.metric("feedback_discarded_total", cause="unverified") == 4
    assert posted.relay.metric("suppressed_addresses") == 0
    assert feed_of(posted.relay)["grade"] == "warn"  # nothing has come yet
    signed = signer.notification(event)
    assert [post(port, signed), post(port, signed)] == [200, 200]
    posted.relay.await_event(queue_id, "bounced")
    assert posted.relay.metric("events_total", app="shop", type="Bounce") == 1
    assert feed_of(posted.relay)["what"].startswith("the last event came ")
    until(lambda: posted.send(mail.plain()).reason == "suppressed", "the address to be suppressed")


def test_a_subscription_elsewhere_is_refused_before_anything_is_asked(posted, signer, port):
    """Without access to AWS the answer is 503 where the relay would confirm: so far come posts of SNS for our topic."""
    elsewhere = "https://sns.eu-central-1.amazonaws.com.evil.example/?Action=ConfirmSubscription"
    assert post(port, signer.subscription_confirmation(TOPIC + "-of-a-stranger")) == 403
    assert post(port, signer.subscription_confirmation(SubscribeURL=elsewhere)) == 403
    assert post(port, signer.subscription_confirmation(Token="another0")) == 403
    assert posted.relay.metric("feedback_discarded_total", cause="unverified") == 3
    assert post(port, signer.subscription_confirmation()) == 503
    assert posted.relay.metric("feedback_discarded_total", cause="unverified") == 3


def test_the_port_of_sns_serves_nothing_else(posted, port):
    assert post(port, b"{}", "/api/v1/reload") == 404
    assert post(port, b"{}") == 403
    assert post(port, b"x" * 400_000) == 413
