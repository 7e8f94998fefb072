"""What SES publishes of a message that it took, as its event publishing writes it."""

import datetime

from . import delivery

ACCOUNT = "111122223333"

# What becomes of mail to a mailbox of SES's simulator: the events after Send.
LIVES = {
    "success": ["Delivery"],
    "bounce": ["Bounce"],
    "complaint": ["Delivery", "Complaint"],
    "suppressionlist": ["Suppressed"],
    "ooto": ["Delivery", "AutoReply"],
}


def events_of(record: dict, region: str) -> list[dict]:
    """Send, and for each recipient what happens to it, in order."""
    events = [_event(record, region, "Send", "send", {})]
    for recipient in record["recipients"]:
        for step in LIVES[record["simulator"].get(recipient, "success")]:
            events.append(STEPS[step](record, region, recipient))
    return events


def _event(record: dict, region: str, kind: str, member: str, body: dict) -> dict:
    return {"eventType": kind, "mail": _mail(record, region), member: body}


def _mail(record: dict, region: str) -> dict:
    return {
        "timestamp": _moment(record["received_at"]),
        "source": record["mail_from"],
        "sendingAccountId": ACCOUNT,
        "messageId": record["id"],
        "destination": record["recipients"],
        "headersTruncated": False,
        "headers": [{"name": "Subject", "value": record["subject"] or ""}],
        "commonHeaders": {"to": record["recipients"], "messageId": record["id"]},
        "tags": {
            "ses:configuration-set": [record["configuration_set"]],
            **{name: [value] for name, value in record["tags"].items()},
        },
    }


def _delivery(record: dict, region: str, recipient: str) -> dict:
    body = {
        "timestamp": _moment(record["received_at"] + 1),
        "processingTimeMillis": 1000,
        "recipients": [recipient],
        "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": "a8-70.smtp-out.amazonses.com",
    }
    return _event(record, region, "Delivery", "delivery", body)


def _bounce(record: dict, region: str, recipient: str, kind: str, subtype: str, failure: dict) -> dict:
    body = {
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": [{"emailAddress": recipient, **failure}],
        "timestamp": _moment(record["received_at"] + 1),
        "feedbackId": delivery.make_id(region),
    }
    return _event(record, region, "Bounce", "bounce", body)


def _unknown_user(record: dict, region: str, recipient: str) -> dict:
    failure = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    return _bounce(record, region, recipient, "Permanent", "General", failure)


def _suppressed(record: dict, region: str, recipient: str) -> dict:
    failure = {
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": "Amazon SES has suppressed sending to this address because it has a recent history of bouncing.",
    }
    return _bounce(record, region, recipient, "Permanent", "Suppressed", failure)


def _auto_reply(record: dict, region: str, recipient: str) -> dict:
    return _bounce(record, region, recipient, "Transient", "General", {})


def _complaint(record: dict, region: str, recipient: str) -> dict:
    body = {
        "complainedRecipients": [{"emailAddress": recipient}],
        "timestamp": _moment(record["received_at"] + 2),
        "feedbackId": delivery.make_id(region),
        "complaintSubType": None,
        "complaintFeedbackType": "abuse",
    }
    return _event(record, region, "Complaint", "complaint", body)


STEPS = {
    "Delivery": _delivery,
    "Bounce": _unknown_user,
    "Suppressed": _suppressed,
    "AutoReply": _auto_reply,
    "Complaint": _complaint,
}


def _moment(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
