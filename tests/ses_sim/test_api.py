"""SES's API: signatures, identities and their states, rights, rate."""

import base64
import hashlib
import hmac
import http.client
import json
import time

import pytest
from simulator import sigv4
from simulator.request import Request
from support.waiting import until
from test_dialogue import send

OWN_KEY = {
    "DomainSigningSelector": "postern202611",
    "DomainSigningPrivateKey": base64.b64encode(b"\x30\x82\x04\xbe" + bytes(64)).decode(),
}


def signed_by_hand(method, target, headers, body, secret, region, service) -> str:
    """The signature as AWS documents it, apart from the simulator's own code. No query."""
    names = sorted(headers)
    canonical = f"{method}\n{target.replace('%', '%25')}\n\n"
    canonical += "".join(f"{name}:{headers[name]}\n" for name in names)
    canonical += f"\n{';'.join(names)}\n{hashlib.sha256(body).hexdigest()}"
    day = headers["x-amz-date"][:8]
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{day}/{region}/{service}/aws4_request\n"
    text += hashlib.sha256(canonical.encode()).hexdigest()
    key = b"AWS4" + secret.encode()
    for part in (day, region, service, "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


@pytest.fixture
def call(ses):
    """Asks the API; returns status, error type and answer. `body` is octets, or made JSON; the rest changes what is
    signed with."""

    def ask(
        method, target, body=b"", *, user=None, secret=None, region="eu-central-1", at=None, token="", tamper=b""
    ):
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if at is None else at))
        headers = {"host": f"127.0.0.1:{ses.api_port}", "x-amz-date": moment}
        if token:
            headers["x-amz-security-token"] = token
        signature = signed_by_hand(
            method, target, headers, octets, secret or ses.api_secret, region, "ses"
        )
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={user or ses.user}/{moment[:8]}/{region}/ses/aws4_request, "
            f"SignedHeaders={';'.join(sorted(headers))}, Signature={signature}"
        )
        return exchange(ses, method, target, octets + tamper, headers)

    return ask


def exchange(ses, method, target, octets, headers):
    connection = http.client.HTTPConnection("127.0.0.1", ses.api_port, timeout=10)
    try:
        connection.request(method, target, octets, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("x-amzn-ErrorType", ""), json.load(answer)
    finally:
        connection.close()


def test_both_signatures_are_the_one_that_aws_documents_for_its_example():
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    documented = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    key = sigv4.Key("AKIDEXAMPLE", secret, "", "us-east-1", "service")
    assert sigv4.signature(Request("GET", "/", "", headers, b""), sorted(headers), key) == documented
    assert signed_by_hand("GET", "/", headers, b"", secret, "us-east-1", "service") == documented


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"secret": "another"}, "InvalidSignatureException"),
        ({"user": "AKIDUNKNOWN"}, "UnrecognizedClientException"),
        ({"region": "us-east-1"}, "InvalidSignatureException"),
        ({"at": time.time() - 3600}, "InvalidSignatureException"),
        ({"at": time.time() + 3600}, "InvalidSignatureException"),
        ({"tamper": b" "}, "InvalidSignatureException"),
        ({"token": "unasked"}, "UnrecognizedClientException"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_signed_otherwise_is_refused(call, ses, change, kind):
    status, refused, _ = call("GET", "/v2/email/identities/example.com", **change)
    assert (status, refused) == (403, kind)
    assert ses.stats()["api_calls"] == {}


def test_an_unsigned_request_is_refused(ses):
    status, kind, _ = exchange(ses, "GET", "/v2/email/identities/example.com", b"", {})
    assert (status, kind) == (403, "MissingAuthenticationTokenException")


def test_temporary_keys_need_their_session_token(call, ses):
    ses.set(api_session_token="temporary")
    assert call("GET", "/v2/email/identities/example.com")[:2] == (403, "UnrecognizedClientException")
    assert call("GET", "/v2/email/identities/example.com", token="temporary")[0] == 200


def test_a_security_token_that_is_not_signed_is_refused():
    headers = {
        "host": "x",
        "x-amz-date": "20150830T123600Z",
        "x-amz-security-token": "temporary",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKID/20150830/eu-central-1/ses/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
    }
    key = sigv4.Key("AKID", "secret", "temporary", "eu-central-1", "ses")
    with pytest.raises(sigv4.Refused, match="must be signed"):
        sigv4.check(Request("GET", "/", "", headers, b""), key, 1440938160.0)


def test_an_identity_of_the_settings_is_an_easy_dkim_one_in_order(call):
    status, _, identity = call("GET", "/v2/email/identities/Example.com")
    assert status == 200
    assert identity["VerifiedForSendingStatus"] is True
    dkim = identity["DkimAttributes"]
    assert (dkim["Status"], dkim["SigningAttributesOrigin"]) == ("SUCCESS", "AWS_SES")
    assert len(set(dkim["Tokens"])) == 3
    assert identity["MailFromAttributes"] == {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
    assert call("GET", "/v2/email/identities/example.com")[2] == identity


def test_an_unknown_identity_and_an_unknown_operation_are_404_of_two_kinds(call):
    assert call("GET", "/v2/email/identities/example.net")[:2] == (404, "NotFoundException")
    assert call("GET", "/v2/email/identities/sub.example.com")[:2] == (404, "NotFoundException")
    assert call("DELETE", "/v2/email/identities/example.com")[:2] == (404, "UnknownOperationException")


def test_states_are_set_by_the_control_port_and_rule_smtp_too(call, ses, session):
    assert send(session)[0] == 250
    ses.identity("example.com", verified=False)
    identity = call("GET", "/v2/email/identities/example.com")[2]
    assert identity["VerifiedForSendingStatus"] is False
    assert identity["DkimAttributes"]["Status"] == "PENDING"
    code, text = send(session)
    assert code == 554 and "Email address is not verified" in text
    ses.identity("example.com", verified=True, dkim_status="TEMPORARY_FAILURE", mail_from_status="FAILED")
    assert call("GET", "/v2/email/identities/example.com")[2]["DkimAttributes"]["Status"] == "TEMPORARY_FAILURE"
    assert send(session)[0] == 250
    ses.identity("example.com", exists=False)
    assert call("GET", "/v2/email/identities/example.com")[0] == 404
    assert send(session)[0] == 554


@pytest.mark.parametrize("changes", [{"dkim_status": "GOOD"}, {"colour": "red"}, {"name": ""}])
def test_a_state_that_makes_no_sense_is_refused(ses, changes):
    with pytest.raises(OSError, match="400"):
        ses.identity(**({"name": "example.com"} | changes))
    assert [identity["dkim_status"] for identity in ses.ask("/identities")] == ["SUCCESS"]


def test_an_identity_made_with_easy_dkim_is_pending(call, ses):
    status, _, made = call("POST", "/v2/email/identities", {"EmailIdentity": "example.net"})
    assert status == 200
    assert made["VerifiedForSendingStatus"] is False
    assert made["DkimAttributes"] == call("GET", "/v2/email/identities/example.net")[2]["DkimAttributes"]
    assert call("POST", "/v2/email/identities", {"EmailIdentity": "example.net"})[1] == "AlreadyExistsException"


def test_an_identity_made_with_a_key_of_ones_own_shows_its_selector(call, ses):
    wanted = {"EmailIdentity": "example.net", "DkimSigningAttributes": OWN_KEY}
    assert call("POST", "/v2/email/identities", wanted)[0] == 200
    dkim = call("GET", "/v2/email/identities/example.net")[2]["DkimAttributes"]
    assert (dkim["SigningAttributesOrigin"], dkim["Tokens"]) == ("EXTERNAL", ["postern202611"])
    kept = next(identity for identity in ses.ask("/identities") if identity["name"] == "example.net")
    assert kept["private_key"] == OWN_KEY["DomainSigningPrivateKey"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"DomainSigningSelector": "two.labels"},
        {"DomainSigningPrivateKey": "-----BEGIN PRIVATE KEY-----"},
        {"DomainSigningPrivateKey": base64.b64encode(b"no key").decode()},
    ],
)
def test_a_key_that_ses_cannot_use_makes_no_identity(call, wrong):
    body = {"EmailIdentity": "example.net", "DkimSigningAttributes": OWN_KEY | wrong}
    assert call("POST", "/v2/email/identities", body)[:2] == (400, "BadRequestException")
    assert call("GET", "/v2/email/identities/example.net")[0] == 404


def test_dkim_changes_to_a_key_of_ones_own_and_back(call):
    target = "/v1/email/identities/example.com/dkim/signing"
    easy = call("GET", "/v2/email/identities/example.com")[2]["DkimAttributes"]["Tokens"]
    body = {"SigningAttributesOrigin": "EXTERNAL", "SigningAttributes": OWN_KEY}
    assert call("PUT", target, body)[2] == {"DkimStatus": "PENDING", "DkimTokens": ["postern202611"]}
    assert call("PUT", target, {"SigningAttributesOrigin": "AWS_SES"})[2]["DkimTokens"] == easy


def test_mail_from_is_a_subdomain_and_pending(call):
    target = "/v2/email/identities/example.com/mail-from"
    body = {"MailFromDomain": "bounce.example.com", "BehaviorOnMxFailure": "REJECT_MESSAGE"}
    assert call("PUT", target, body)[0] == 200
    assert call("GET", "/v2/email/identities/example.com")[2]["MailFromAttributes"] == {
        **body,
        "MailFromDomainStatus": "PENDING",
    }
    for other in ("example.com", "bounce.example.net", "notexample.com"):
        assert call("PUT", target, body | {"MailFromDomain": other})[1] == "BadRequestException"


def test_the_account_is_told_as_the_settings_have_it(call, ses, session):
    ses.set(daily_quota=200, max_rate=14.0)
    assert send(session)[0] == 250
    account = call("GET", "/v2/email/account")[2]
    assert account["SendQuota"] == {"Max24HourSend": 200.0, "MaxSendRate": 14.0, "SentLast24Hours": 1.0}
    told = ("EnforcementStatus", "ProductionAccessEnabled", "SendingEnabled")
    assert [account[name] for name in told] == ["HEALTHY", True, True]
    ses.set(daily_quota=0, enforcement="PROBATION", sandbox=True, paused=True)
    account = call("GET", "/v2/email/account")[2]
    assert account["SendQuota"]["Max24HourSend"] == -1
    assert [account[name] for name in told] == ["PROBATION", False, False]


def test_a_configuration_set_is_told_with_its_event_destinations(call, ses):
    destination = {"Name": "events", "Enabled": True, "MatchingEventTypes": ["SEND", "BOUNCE"]}
    ses.set(configuration_sets=["drupal"], event_destinations=[destination], engagement_metrics=True)
    about = call("GET", "/v2/email/configuration-sets/drupal")[2]
    assert about["VdmOptions"]["DashboardOptions"]["EngagementMetrics"] == "ENABLED"
    found = call("GET", "/v2/email/configuration-sets/drupal/event-destinations")[2]
    assert found == {"EventDestinations": [destination]}
    assert call("GET", "/v2/email/configuration-sets/other")[:2] == (404, "NotFoundException")


def test_an_address_goes_on_the_suppression_list_and_off_it(call, ses):
    target = "/v2/email/suppression/addresses"
    assert call("PUT", target, {"EmailAddress": "Bob+x@example.com", "Reason": "BOUNCE"})[0] == 200
    assert ses.ask("/suppressed") == {"bob+x@example.com": "BOUNCE"}
    found = call("GET", f"{target}/bob%2Bx%40example.com")[2]["SuppressedDestination"]
    assert (found["EmailAddress"], found["Reason"]) == ("bob+x@example.com", "BOUNCE")
    assert call("DELETE", f"{target}/bob%2Bx%40example.com")[0] == 200
    assert call("DELETE", f"{target}/bob%2Bx%40example.com")[:2] == (404, "NotFoundException")
    assert ses.ask("/suppressed") == {}


@pytest.mark.parametrize(
    ("body", "settings"),
    [
        ({"EmailAddress": "bob", "Reason": "BOUNCE"}, {}),
        ({"EmailAddress": "bob@example.com", "Reason": "BORED"}, {}),
        ({"EmailAddress": "bob@example.com", "Reason": "BOUNCE"}, {"sandbox": True}),
    ],
)
def test_what_ses_does_not_suppress_is_a_bad_request(call, ses, body, settings):
    ses.set(**settings)
    assert call("PUT", "/v2/email/suppression/addresses", body)[1] == "BadRequestException"
    assert ses.ask("/suppressed") == {}


def test_a_denied_action_is_named_and_the_others_go_on(call, ses):
    ses.set(api_denied=["ses:CreateEmailIdentity"])
    status, kind, answer = call("POST", "/v2/email/identities", {"EmailIdentity": "example.net"})
    assert (status, kind) == (403, "AccessDeniedException")
    assert "not authorized to perform: ses:CreateEmailIdentity" in answer["message"]
    assert call("GET", "/v2/email/identities/example.com")[0] == 200
    ses.set(api_denied=["ses:*"])
    assert call("GET", "/v2/email/identities/example.com")[0] == 403


def test_over_the_rate_is_too_many_requests_until_time_has_passed(call, ses):
    ses.set(api_rate=0.001)
    assert call("GET", "/v2/email/identities/example.com")[0] == 200
    assert call("GET", "/v2/email/identities/example.com")[:2] == (429, "TooManyRequestsException")
    assert ses.stats()["api_answers"] == {"200": 1, "429": 1}
    ses.set(api_rate=20.0)
    until(lambda: call("GET", "/v2/email/identities/example.com")[0] == 200, "a turn")


def test_an_api_that_is_down_says_503_or_nothing(call, ses):
    ses.set(api="unavailable")
    assert call("GET", "/v2/email/identities/example.com")[0] == 503
    ses.set(api="silent")
    connection = http.client.HTTPConnection("127.0.0.1", ses.api_port, timeout=0.3)
    connection.request("GET", "/v2/email/identities/example.com")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    ses.set(api="serve")
    assert call("GET", "/v2/email/identities/example.com")[0] == 200


@pytest.mark.parametrize("octets", [b"[]", b"{", b'{"EmailIdentity": 5}', b"5"])
def test_a_body_that_makes_no_sense_is_a_bad_request(call, octets):
    assert call("POST", "/v2/email/identities", octets)[0] == 400
