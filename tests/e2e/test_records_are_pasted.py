"""What `domain records` prints is what a name server loads; below it stand the steps in SES's console, unless the relay
takes them itself."""

import re
import subprocess

import pytest

ZONE = "example.com"


@pytest.fixture
def site(start_site):
    return start_site(domains=[], apps=[{"name": "shop", "password_file": "shop"}])


def records(site, form: str) -> str:
    answer = site.relay.command("domain", "records", ZONE, "--format", form)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def accepted(tmp_path, lines: str) -> str:
    """What nsd says of a zone with these lines."""
    file = tmp_path / "zone"
    begin = f"{ZONE}. 300 IN SOA ns.{ZONE}. hostmaster.{ZONE}. 1 60 60 3600 60\n{ZONE}. 300 IN NS ns.example.net.\n"
    file.write_text(begin + lines)
    read = subprocess.run(["/usr/sbin/nsd-checkzone", ZONE, file], capture_output=True, text=True, timeout=30)
    return read.stdout + read.stderr


@pytest.mark.parametrize("options", [(), ("--signing", "ses"), ("--algorithm", "ed25519")])
def test_a_name_server_takes_the_zone_file(site, tmp_path, options):
    added = site.relay.command("domain", "add", ZONE, "--app", "shop", "--mail-from", f"bounce.{ZONE}", *options)
    assert added.returncode == 0, added.stderr
    zone = records(site, "zone")
    assert accepted(tmp_path, zone) == f"zone {ZONE} is ok\n"
    assert "is ok" not in accepted(tmp_path, zone + f"{ZONE}. 3600 IN TXT unclosed\"\n")
    wanted = site.relay.asked("domain", "records", ZONE)[0]["records"]
    lines = [line for line in zone.splitlines() if line and not line.startswith(";")]
    assert len(lines) == len(wanted)
    for record, line in zip(wanted, lines, strict=True):
        begin = f"{record['name']}. {record['ttl']} IN {record['type']} "
        assert line.startswith(begin)
        if record["type"] == "TXT":
            strings = re.findall(r'"([^"]*)"', line)
            assert "".join(strings) == record["value"] and max(map(len, strings)) <= 255
            assert len(strings) == (2 if "k=rsa" in line else 1)  # of 2048 bits, over 255 octets
        else:
            assert line == f"{begin}{record['value']}."


def test_the_steps_in_the_console_stand_below_the_records(site):
    site.relay.command("domain", "add", ZONE, "--app", "shop", "--mail-from", f"bounce.{ZONE}")
    steps = site.relay.asked("domain", "records", ZONE)[0]["console_steps"]
    assert len(steps) == 4 and "eu-central-1" in steps[0] and "BYODKIM" in steps[1] and f"bounce.{ZONE}" in steps[2]
    for form, mark in (("table", ""), ("zone", "; "), ("terraform", "# ")):
        text = records(site, form)
        below = text[text.index("In its console:") :].splitlines()[1:]
        assert all(line.startswith(mark) for line in below)
        unwrapped = " ".join(line.removeprefix(mark).strip() for line in below)
        assert unwrapped == " ".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


@pytest.mark.parametrize(("identities", "by_hand"), [("off", True), ("read", True), ("manage", False)])
def test_who_lets_the_relay_manage_identities_reads_no_steps(start_site, identities, by_hand):
    site = start_site(
        domains=[],
        apps=[{"name": "shop", "password_file": "shop"}],
        aws={
            "region": "eu-central-1",
            "access_key_id": "AKIAIOSFODNN7EXAMPLE",
            "secret_access_key_file": "ses_password",
            "endpoint": "http://127.0.0.1:9",
            "identities": identities,
        },
    )
    site.relay.command("domain", "add", ZONE, "--app", "shop")
    assert bool(site.relay.asked("domain", "records", ZONE)[0]["console_steps"]) == by_hand
    assert ("In its console:" in records(site, "table")) == by_hand
