"""A real Prometheus with our rules watches a real relay, first in health and then in trouble: every panel, every recording
rule and every alert finds what it asks for."""

import contextlib
import re
import subprocess
import types

import pytest
from support import mail
from support.nameservers import Nameservers
from support.prometheus_process import PrometheusProcess
from support.queues_process import QueuesProcess
from support.site import make_keys, running_site
from support.waiting import until
from watching import ALERTS, DASHBOARDS, RECORDED, panel_queries, panels

BOUNCE, COMPLAINT = "bounce@simulator.amazonses.com", "complaint@simulator.amazonses.com"
ZONE = "example.org"
VARIABLES = {"$app": "shop", "$domain": f"example.com|{ZONE}", "$__rate_interval": "5m", "$__range": "1h"}


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """`prometheus`, of a relay that all has happened to, and `healthy`: what the panels showed before."""
    home = tmp_path_factory.mktemp("watched")
    with contextlib.ExitStack() as stack:
        dns = Nameservers(home, ZONE)
        stack.callback(dns.stop)
        queues = QueuesProcess()
        stack.callback(queues.stop)
        queue = queues.new_queue("events")
        site = stack.enter_context(
            running_site(
                home,
                make_keys(home),
                dns={"servers": [dns.resolver], "timeout": "2s", "private_servers": True},
                in_doubt={"action": "resend"},
                **queues.feeding(queue),
            )
        )
        site.ses.set(identities=["example.com", ZONE], events_queue=queue, events_endpoint=queues.url)
        prometheus = PrometheusProcess(home, site.relay.http_port)
        stack.callback(prometheus.stop)
        prove_a_domain(site, dns)
        have_mail_delivered(site)
        until(lambda: prometheus.value('postern_events_total{type="Delivery"}') > 0, "a Delivery to be scraped")
        await_evaluation(prometheus)
        healthy = {where: prometheus.query(shown(expression)) for where, expression in panel_queries().items()}
        run_out_of_disk(site, prometheus)
        make_trouble(site, prometheus)
        await_evaluation(prometheus)
        yield types.SimpleNamespace(prometheus=prometheus, healthy=healthy)


def prove_a_domain(site, dns) -> None:
    assert site.relay.command("domain", "add", ZONE, "--app", "shop").returncode == 0
    records = site.relay.command("domain", "records", ZONE, "--format", "zone").stdout
    dns.publish(ZONE, records.replace(" 3600 ", " 1 "))
    until(lambda: site.relay.command("domain", "verify", ZONE).returncode == 0, "the domain to be verified")


def have_mail_delivered(site) -> None:
    for _ in range(3):
        site.relay.await_event(site.send(mail.plain()).queue_id, "delivered")


def run_out_of_disk(site, prometheus) -> None:
    """The relay runs for a while with a reserve that no disk has."""
    reserve = site.relay.config["spool"]["reserve"]
    site.relay.stop()
    site.relay.configure(spool={"reserve": "1024GiB"})
    site.relay.start(wait=False)
    until(lambda: site.relay.get("/healthz")[0] == 200, "the relay to live")
    total = 'sum(postern_messages_refused_total{reason="storage"})'
    for refused in (1, 2):
        assert site.send(mail.plain()).reason == "storage"
        until(lambda: prometheus.value(total) == refused, "the refusal to be scraped")
    site.relay.stop()
    site.relay.configure(spool={"reserve": reserve})
    site.relay.start()


def make_trouble(site, prometheus) -> None:
    """Refusals, repeats, bounces, complaints, a lost reply, an SES that rejects and one that is away, strange clients."""
    site.relay.await_event(site.send(mail.plain(), recipients=[BOUNCE]).queue_id, "bounced")
    site.relay.await_event(site.send(mail.plain(), recipients=[COMPLAINT]).queue_id, "complained")
    again = mail.plain()
    assert site.send(again).queue_id == site.send(again).queue_id
    assert site.send(mail.plain(Precedence="bulk")).reason == "bulk"
    with site.wire("plain") as wire:
        wire.ehlo()
        assert wire.login("shop", "wrong").code == 535
    with site.wire() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
    site.ses.script(phase="end", action="close")
    site.relay.await_event(site.send(mail.plain()).queue_id, "resent")
    site.ses.script(phase="end", reply="554 Transaction failed: Missing domain")
    site.relay.await_event(site.send(mail.plain()).queue_id, "failed")
    site.ses.stop()
    deferred = site.send(mail.plain()).queue_id
    site.relay.await_event(deferred, "deferred")
    site.ses.start()
    site.relay.await_event(deferred, "sent", 60)
    assert site.relay.command("app", "add", "blog").returncode == 0
    assert site.relay.command("app", "block", "blog", "--why", "Its list is old.").returncode == 0
    until(lambda: prometheus.value("postern_app_blocked") == 1, "the block to be scraped")


def await_evaluation(prometheus) -> None:
    """Until there are two scrapes of all that has happened so far, and rules that saw them."""
    scraped = prometheus.value("count_over_time(postern_build_info[1h])")
    until(lambda: prometheus.value("count_over_time(postern_build_info[1h])") >= scraped + 4, "four scrapes more")


def shown(expression: str) -> str:
    """As Grafana asks it, with its variables filled in."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def unmet(expression: str) -> str:
    """An alert's expression with each comparison as 0 or 1, so that it answers whether it is met or not; and of now,
    where it compares with days ago."""
    return re.sub(r" offset \w+", "", re.sub(r" ([<>]=?|==) ", r" \1 bool ", expression))


@pytest.mark.parametrize("where", panel_queries())
def test_a_panel_of_a_healthy_relay_is_not_empty(watched, where):
    assert watched.healthy[where]


@pytest.mark.parametrize("where", panel_queries())
def test_a_panel_shows_what_happened_and_not_only_its_zero(watched, where):
    assert watched.prometheus.query(shown(panel_queries()[where]).removesuffix(" or vector(0)"))


def test_legends_are_labels_that_the_answers_have(watched):
    for name, dashboard in DASHBOARDS.items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                answers = watched.prometheus.query(shown(target["expr"]).removesuffix(" or vector(0)"))
                labels = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
                assert all(labels <= set(answer["metric"]) for answer in answers), f"{name}: {panel['title']}"
                assert labels or len(answers) == 1, f"{name}: {panel['title']}: which of {len(answers)} is which?"


def test_variables_find_apps_and_domains(watched):
    for name, values in {"app": {"shop", "blog"}, "domain": {"example.com", ZONE}}.items():
        variable = next(one for one in DASHBOARDS[name]["templating"]["list"] if one["name"] == name)
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()
        assert {answer["metric"][label] for answer in watched.prometheus.query(metric)} == values


@pytest.mark.parametrize("name", RECORDED)
def test_a_recording_rule_records(watched, name):
    assert watched.prometheus.query(name)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_finds_what_it_compares(watched, name):
    assert watched.prometheus.query(unmet(ALERTS[name]["expr"]))


def test_rules_are_evaluated_without_a_fault(watched):
    rules = watched.prometheus.rules()
    assert len(rules) == len(ALERTS) + len(RECORDED)
    assert [rule["name"] for rule in rules if rule["health"] != "ok" or rule.get("lastError")] == []


def test_what_happened_raises_its_alerts_and_their_texts_are_whole(watched):
    rules = watched.prometheus.rules()
    firing = {rule["name"] for rule in rules if rule.get("state") == "firing"}
    assert firing == {"PosternStorageRefusals", "PosternStrangeClients", "PosternInDoubt", "PosternAppBlocked"}
    raised = [alert for rule in rules for alert in rule.get("alerts", [])]
    texts = [text for alert in raised for text in alert["annotations"].values()]
    assert not [text for text in texts if re.search(r"<no value>|<error|\{\{|%!", text)]
