"""`inspect` judges without a running relay, and asks DNS itself what DMARC has it. nsd answers for the zone, unbound
stands before it."""

import json
import time

import pytest

from support import mail
from support.relay_process import Relay, json_objects

ZONE = "example.com"
TIMEOUT = 2  # seconds, of dns.timeout


@pytest.fixture
def inspect(tmp_path, dns):
    """Judges messages as mail of the app `shop`; gives the objects that are printed. No relay runs."""
    home = tmp_path / "relay"
    home.mkdir()
    relay = Relay(
        home,
        {
            "data_dir": "data",
            "listen": {"smtp": [{"address": "127.0.0.1:2525", "tls": "none", "app": "shop"}]},
            "upstream": {"kind": "capture", "directory": "out"},
            "domains": [{"name": ZONE, "subdomains": True, "verify": "dns"}],
            "apps": [{"name": "shop", "domains": [ZONE]}],
            "dns": {"servers": [dns.resolver], "timeout": f"{TIMEOUT}s"},
        },
    )

    def run(*froms: str, table: bool = False):
        files = []
        for number, address in enumerate(froms):
            files.append(home / f"{number}.eml")
            files[-1].write_bytes(mail.plain(From=f"Site <{address}>"))
        answer = relay.command("inspect", "--app", "shop", *([] if table else ["--json"]), *files)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout if table else json_objects(answer.stdout)

    return run


def publish_dmarc(dns, policy: str) -> None:
    dns.publish(ZONE, f'_dmarc.{ZONE}. 1 IN TXT "v=DMARC1; {policy}"\n')


@pytest.mark.parametrize(
    ("policy", "verdicts"),
    [
        ("p=reject; adkim=s; aspf=s", ["accept", "refuse"]),
        ("p=reject", ["accept", "accept"]),
        ("p=quarantine; adkim=s; aspf=s", ["accept", "accept"]),
        ("p=reject; adkim=s; aspf=s; sp=none", ["accept", "accept"]),
    ],
)
def test_what_cannot_align_under_reject_is_refused(dns, inspect, policy, verdicts):
    publish_dmarc(dns, policy)
    found = inspect(f"site@{ZONE}", f"site@news.{ZONE}")
    assert [one["verdict"] for one in found] == verdicts
    assert [one["reason"] for one in found] == [None if v == "accept" else "dmarc" for v in verdicts]
    assert [one["dmarc"]["from_domain"] for one in found] == [ZONE, f"news.{ZONE}"]
    assert found[0]["dmarc"]["by_dkim"] and found[1]["dmarc"]["by_dkim"] == ("adkim=s" not in policy)


@pytest.mark.parametrize("policy", ["p=reject", "p=none", None])
def test_the_table_says_how_it_aligns(dns, inspect, policy):
    if policy:
        publish_dmarc(dns, policy)
    table = inspect(f"site@{ZONE}", table=True)
    assert f"  dmarc     {ZONE}: {policy or 'no record'}, aligned by DKIM\n" in table


def test_without_an_answer_everything_is_accepted_soon(dns, inspect):
    """A thousand names, of which DNS says nothing: all of them together are waited for once."""
    dns.stop_resolver()
    begun = time.monotonic()
    found = inspect(*(f"site@n{number}.{ZONE}" for number in range(1000)))
    assert time.monotonic() - begun < TIMEOUT + 15  # a build with sanitizers judges slowly
    assert len(found) == 1000
    assert all(one["verdict"] == "accept" and one["dmarc"] is None for one in found), json.dumps(found[0])
