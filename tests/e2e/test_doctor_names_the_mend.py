"""`postern doctor` finds nothing wrong with a set-up that is well, and names each fault of others with its mend;
`postern send-test` shows the way of a message, or why it ends."""

import json
import socket

import pytest

from support import mail
from support.ports import free_port
from support.relay_process import LISTENERS, json_objects
from support.waiting import until

DESTINATION = {
    "Name": "events",
    "Enabled": True,
    "MatchingEventTypes": ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT"],
    "SnsDestination": {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:events"},
}


@pytest.fixture
def well(start_site, dns, queues, queue):
    """A site with everything: API, configuration set, feed, records in DNS."""
    site = start_site(dns=asking(dns))
    dns.publish("example.com", site.records("example.com"))
    site.ses.set(
        configuration_sets=["drupal"], event_destinations=[DESTINATION], daily_quota=1000, max_rate=14.0
    )
    site.ses.set(events_queue=queue, events_endpoint=queues.url)
    site.ses.answer_to(site.relay, feedback=queues.feeding(queue)["feedback"])
    return site


def asking(dns) -> dict:
    return {"servers": [dns.resolver], "timeout": "2s", "private_servers": True}


def examine(relay, code: int) -> list[dict]:
    answer = relay.command("doctor", "--json")
    assert answer.returncode == code, answer.stdout + answer.stderr
    return json_objects(answer.stdout)


def wrong(findings: list[dict]) -> dict[str, str]:
    """What is not well, by what was looked at: the grade, the fault and its mend in one text."""
    found = {}
    for finding in findings:
        if finding["grade"] == "ok":
            assert not finding["mend"], finding
            continue
        assert finding["mend"], finding
        text = f"{finding['grade']} {finding['what']} -> {finding['mend']}"
        found[finding["check"]] = found.get(finding["check"], "") + text
    return found


def assert_named(findings: list[dict], *rows: tuple[str, str, str, str]) -> None:
    """Each row: what was looked at, its grade, a part of the fault, a part of the mend."""
    found = wrong(findings)
    for check, grade, what, mend in rows:
        text = found.get(check, "")
        assert text.startswith(grade) and what in text and mend in text, (check, text, found)


def test_a_set_up_that_is_well_is_all_ok(well):
    well.relay.await_event(well.send(mail.plain()).queue_id, "delivered")
    findings = examine(well.relay, 0)
    assert wrong(findings) == {}
    looked_at = {finding["check"] for finding in findings}
    assert looked_at >= {
        *("relay", "upstream default", "certificate default", "credentials default", "feed", "clock", "disk"),
        *("certificate of the relay", "dns", "dkim"),
        *("account eu-central-1", "sandbox eu-central-1", "quota eu-central-1", "clock eu-central-1"),
        *("domains", "permissions"),
        *(f"listener 127.0.0.1:{well.relay.port(name)}" for name in LISTENERS),
        *("configuration set drupal tracking", "configuration set drupal events"),
    }
    lines = well.relay.command("doctor").stdout.splitlines()
    assert len(lines) == len(findings) and all(line.startswith("ok ") for line in lines)


def test_a_key_of_a_trusted_domain_that_was_never_published_is_named(start_site, dns):
    site = start_site(dns=asking(dns))
    examined = wrong(examine(site.relay, 0))
    assert examined["dkim example.com"].startswith(
        f"warn receivers cannot verify what is signed: nothing fitting stands at {site.keys.signer.name} -> "
    )
    assert "(`postern domain records example.com` prints it)" in examined["dkim example.com"]
    assert "dns" not in examined
    dns.publish("example.com", site.records("example.com"))
    until(lambda: "dkim example.com" not in wrong(examine(site.relay, 0)), "the key to be seen", 20)
    dns.stop_resolver()
    assert_named(
        until(lambda: silent(site.relay), "what was cached to expire", 20),
        ("dns", "warn", dns.resolver, "dns.servers"),
        ("dkim example.com", "warn", f"DNS did not answer for {site.keys.signer.name}", "Look at the resolver"),
    )


def silent(relay) -> list[dict]:
    """The findings, once DNS does not answer."""
    findings = examine(relay, 0)
    return findings if {"dns", "dkim example.com"} <= wrong(findings).keys() else []


def test_each_fault_of_an_upstream_is_named(site):
    well = site.relay.config["upstream"]
    site.relay.write_secret("wrong_password", "BNotThePasswordOfThisAccountAtAll0000000000x")
    site.relay.stop()
    away = free_port()
    site.relay.config["upstream"] = [
        {**well, "name": "first", "password_file": "wrong_password"},
        {**well, "name": "second", "tls_ca_file": str(other_authority(site))},
        {**well, "name": "third", "port": away},
        {**well, "name": "fourth", "host": "ses.invalid"},
    ]
    site.relay.write_config()
    site.relay.start()
    assert_named(
        examine(site.relay, 1),
        ("credentials first", "bad", "535", "postern smtp-password --region eu-central-1"),
        ("upstream second", "bad", "certificate", "upstream.tls_ca_file"),
        ("upstream third", "bad", "refused", f"port {away}"),
        ("upstream fourth", "bad", "", "look up ses.invalid"),
        ("ses api", "warn", "not asked", "aws.region"),
        ("feed", "warn", "no event of SES is read", "feedback.sqs.queue_url"),
    )


def other_authority(site):
    """A CA file that has not signed ses_sim's certificate."""
    from simulator import certificates

    directory = site.relay.home / "other"
    directory.mkdir()
    return certificates.make_authority(directory).certificate


def test_each_fault_at_ses_is_named(site):
    tracking = {**DESTINATION, "MatchingEventTypes": ["BOUNCE", "COMPLAINT", "OPEN"]}
    site.ses.set(sandbox=True, paused=True, event_destinations=[tracking], daily_quota=10)
    site.ses.answer_to(site.relay)
    assert_named(
        examine(site.relay, 1),
        ("account eu-central-1", "bad", "paused", "SES's console"),
        ("sandbox eu-central-1", "warn", "verified recipients only", "production access"),
        (
            "configuration set drupal tracking",
            "bad",
            "breaks our signatures",
            "Take Open and Click out of events",
        ),
        ("configuration set drupal events", "warn", "bounces only", "Add Send and Delivery"),
    )
    site.ses.set(sandbox=False, paused=False, enforcement="PROBATION", event_destinations=[])
    assert_named(
        examine(site.relay, 0),
        ("account eu-central-1", "warn", "under review", "Support Center"),
        ("configuration set drupal events", "warn", "grade none", "Add an event destination"),
    )
    site.ses.set(configuration_sets=["another"], api_denied=["ses:GetAccount"])
    assert_named(
        examine(site.relay, 1),
        ("account eu-central-1", "bad", "ses:GetAccount", "policy"),
        ("configuration set drupal", "bad", "does not know it", "configuration_set"),
    )


def test_a_clock_that_aws_refuses_is_named(site, relay_clock):
    site.relay.stop()
    site.ses.answer_to(site.relay)
    site.relay.stop()
    relay_clock(-3600)
    relay_clock.start()
    assert_named(
        examine(site.relay, 1),
        ("clock eu-central-1", "bad", "behind SES's", "NTP"),
        ("account eu-central-1", "bad", "", "credentials"),
    )


def test_each_fault_of_the_machine_is_named(start_site):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:  # a name server that never answers
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        site = start_site(dns={"servers": [server], "timeout": "1s"})
        site.relay.stop()
        site.relay.config["domains"][0]["verify"] = "dns"
        queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/events"
        keys = {"access_key_id": site.ses.user, "secret_access_key": site.ses.api_secret}
        site.relay.configure(
            aws={"region": "eu-central-1", "identities": "off", **keys},
            feedback={"sqs": {"queue_url": queue, "endpoint": f"http://127.0.0.1:{free_port()}"}},
            spool={"reserve": "1024GiB"},  # the most there is
        )
        (site.relay.home / "shop").chmod(0o644)
        site.relay.start(wait=False)
        until(lambda: site.relay.get("/healthz")[0] == 200, "the relay to live")
        findings = until(lambda: with_bad_feed(site.relay), "the queue to be found away", 60)
    assert_named(
        findings,
        ("dns", "bad", server, "dns.servers"),
        ("permissions", "bad", "shop is open to everybody", "chmod o="),
        ("disk", "bad", "are kept in reserve", "Make room"),
        ("feed", "bad", "", "feedback.sqs.queue_url"),
        ("domain example.com", "warn", "pending", "postern domain"),
    )


def with_bad_feed(relay) -> list[dict]:
    """The findings, once the queue was asked in vain."""
    findings = examine(relay, 1)
    return findings if wrong(findings).get("feed", "").startswith("bad") else []


def test_without_a_relay_it_says_so_and_looks_at_what_it_can(site):
    site.relay.stop()
    findings = examine(site.relay, 1)
    assert_named(findings, ("relay", "bad", "does not answer", "start it with `postern serve`"))
    assert {"upstream default", "credentials default", "disk", "permissions"} <= {
        finding["check"] for finding in findings if finding["grade"] == "ok"
    }


def test_before_the_first_start_the_disk_is_that_of_the_folder_to_be_made_in(site):
    site.relay.stop()
    site.relay.configure(data_dir="not/there/yet")
    (disk,) = (finding for finding in examine(site.relay, 1) if finding["check"] == "disk")
    assert disk["grade"] == "ok" and f"free at {site.relay.home}," in disk["what"], disk


def send_test(site, *words: str, sender: str = "site@example.com"):
    return site.relay.command("send-test", "--app", "shop", "--from", sender, "--to", "a@example.net", *words)


def test_a_test_message_goes_the_whole_way_and_each_step_is_shown(well):
    answer = send_test(well, "--json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    steps = [json.loads(line) for line in answer.stdout.splitlines()]
    detail = {step["step"]: step["detail"] for step in steps}
    queue_id = detail["policy"].rpartition(" ")[2]
    record = mail.await_arrival(well.ses, queue_id)
    assert detail["ses id"] == record["id"]
    assert detail["signed"] == f"d=example.com s={well.keys.signer.selector}"
    assert "delivered" in detail
    assert detail["in_doubt"] == "handed to SES, whose reply is awaited"
    assert f"in_doubt     {detail['in_doubt']}\n" in well.relay.command("trace", queue_id).stdout
    times = [step["after"] for step in steps]
    assert times == sorted(times)
    assert well.faults([record]) == {}
    assert well.relay.metric("messages_accepted_total", app="shop", domain="example.com") == 1


def test_a_test_message_that_fails_says_why(site):
    refused = send_test(site, sender="site@elsewhere.example")
    assert refused.returncode == 1
    assert "[sender-domain]" in refused.stdout and "refused" in refused.stderr
    site.ses.set(paused=True)
    held = send_test(site)
    assert held.returncode == 1 and "account-paused" in held.stderr
    unknown = site.relay.command("send-test", "--app", "nobody", "--from", "a@b.c", "--to", "a@example.net")
    assert unknown.returncode == 1 and "no app of that name" in unknown.stderr
