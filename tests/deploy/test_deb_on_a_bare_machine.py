"""The package on a bare Debian 12 that runs its own systemd: install, start, upgrade, remove, purge."""

import contextlib
import json
import re
import subprocess

from machine import PROJECT, Machine
from package import LATER
from support.waiting import until

PASSWORD = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
LENT = "[Service]\nLoadCredential=ses_password:/etc/postern/root_only\n"
SEND = PROJECT / "deploy" / "quickstart_mail.py"


def for_ses(port: int, verify: str, password: str) -> str:
    """A configuration whose mail goes to SES, which this machine does not reach."""
    return f"""listen:
  smtp: [{{ address: 127.0.0.1:{port}, app: shop }}]
  http: [127.0.0.1:8525]
upstream: {{ region: eu-central-1, username: AKIAIOSFODNN7EXAMPLE, {password} }}
domains: [{{ name: example.com, verify: {verify} }}]
apps: [{{ name: shop, domains: [example.com] }}]
"""


def is_active(machine: Machine) -> str:
    return machine.inside("systemctl", "is-active", "postern", check=False).stdout.strip()


def main_process(machine: Machine) -> str:
    return machine.inside("systemctl", "show", "-P", "MainPID", "postern").stdout.strip()


def accept_mail(machine: Machine) -> str:
    """Sends one; its queue id."""
    reply = machine.beside("/usr/bin/python3", str(SEND), "2525", "alice@example.net", "reset")
    return re.search(r"queued as (\w+)", reply).group(1)


def life(machine: Machine, queue_id: str) -> list[str]:
    answer = machine.inside("postern", "trace", queue_id, "--json").stdout
    return [step["event"] for line in answer.splitlines() for step in json.loads(line)["timeline"]]


def spf_checks(machine: Machine) -> dict[str, float]:
    """How SPF evaluations have ended, and how often."""
    metrics = machine.beside("curl", "-fsS", "http://127.0.0.1:8525/metrics")
    counted = re.findall(r'(?m)^postern_spf_checks_total\{end="(\w+)"\} (\S+)$', metrics)
    return {end: float(count) for end, count in counted if float(count)}


@contextlib.contextmanager
def restarted_on(machine: Machine, text: str):
    """The relay runs on another configuration, until the block ends."""
    configuration = machine.root / "etc/postern/postern.yml"
    before = configuration.read_text()
    for now in (text, before):
        configuration.write_text(now)
        machine.inside("systemctl", "daemon-reload")
        machine.inside("systemctl", "restart", "postern")
        machine.await_relay()
        if now == text:
            yield configuration


def test_lintian_finds_only_what_is_meant(machine):
    """The sendmail for other images is static; manual pages are not
    compressed; the project has no changelog, no licence text and no maintainer's host."""
    meant = "statically-linked-binary,no-changelog,no-copyright-file,bogus-mail-host,uncompressed-manual-page"
    deb = machine.root / "root" / "first.deb"
    done = subprocess.run(
        ["lintian", "--fail-on", "error", "--suppress-tags", meant, deb], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout


class TestPackage:
    def test_has_manual_pages_and_completion(self, machine):
        deb = machine.root / "root" / "first.deb"
        listed = subprocess.run(["dpkg-deb", "-c", deb], check=True, capture_output=True, text=True, timeout=60).stdout
        pages = {"man1/postern.1", "man5/postern.yml.5", "man5/postern-sendmail.yml.5"}
        completion = {"bash-completion/completions/postern", "zsh/vendor-completions/_postern"}
        sizes = {name: int(size) for size, name in re.findall(r"(?m) +(\d+) \S+ \S+ \./usr/share/(\S+)$", listed)}
        assert all(sizes[f"man/{page}"] for page in pages) and all(sizes[name] for name in completion)

    def test_installs_and_starts(self, machine):
        machine.inside("dpkg", "-i", "/root/first.deb")
        assert is_active(machine) == "active"
        assert machine.inside("systemctl", "is-enabled", "postern").stdout.strip() == "enabled"
        machine.await_relay()

    def test_the_running_service_is_confined(self, machine):
        judged = machine.inside("systemd-analyze", "security", "postern").stdout
        assert float(re.search(r"exposure level for postern.service: ([\d.]+)", judged).group(1)) < 2.0
        status = machine.inside("cat", f"/proc/{main_process(machine)}/status").stdout
        assert re.search(r"(?m)^Seccomp:\s+2$", status) and re.search(r"(?m)^NoNewPrivs:\s+1$", status)
        assert not re.search(r"(?m)^Uid:\s+0", status)

    def test_takes_and_delivers_mail(self, machine):
        queue_id = accept_mail(machine)
        until(lambda: "sent" in life(machine, queue_id), "the mail written to a file")
        assert machine.inside("sh", "-c", "ls /var/lib/postern/captured/*.eml").stdout

    def test_the_unit_lends_secrets_low_ports_and_what_the_spf_child_needs(self, machine):
        machine.put("etc/postern/root_only", PASSWORD + "\n", 0o600)
        drop_in = machine.put("etc/systemd/system/postern.service.d/secrets.conf", LENT)
        lent = "password_file: /run/credentials/postern.service/ses_password"
        with restarted_on(machine, for_ses(587, "dns", lent)):
            machine.inside("postern", "domain", "verify", "example.com", check=False)
            ends = until(lambda: spf_checks(machine), "an SPF evaluation")
            assert ends.keys() <= {"verdict", "dns_too_slow"}
            drop_in.unlink()

    def test_reload_says_the_mistake_and_changes_nothing(self, machine):
        machine.inside("systemctl", "reload", "postern")
        configuration = machine.root / "etc" / "postern" / "postern.yml"
        good = configuration.read_text()
        configuration.write_text(good + "upstreem: {}\n")
        assert machine.inside("systemctl", "reload", "postern", check=False).returncode != 0
        log = machine.inside("journalctl", "-u", "postern", "-n", "20", "--no-pager").stdout
        assert "write `upstream`" in log
        configuration.write_text(good)
        assert is_active(machine) == "active"

    def test_an_upgrade_keeps_configuration_and_what_waits(self, machine):
        edited = for_ses(2525, "trusted", f"password: {PASSWORD}")
        with restarted_on(machine, edited) as configuration:
            queue_id, old = accept_mail(machine), main_process(machine)
            machine.inside("dpkg", "--force-confold", "-i", "/root/later.deb")
            assert machine.inside("dpkg-query", "-W", "-f", "${Version}", "postern").stdout == LATER
            assert is_active(machine) == "active" and main_process(machine) != old
            machine.await_relay()
            assert "accepted" in life(machine, queue_id) and "sent" not in life(machine, queue_id)
            assert configuration.read_text() == edited
        machine.inside("postern", "queue", "retry", "--all", check=False)  # unless it has gone by itself
        until(lambda: "sent" in life(machine, queue_id), "what had waited")

    def test_a_backup_is_written_beside_the_state(self, machine):
        machine.inside("postern", "backup", "/var/backups/postern/spool")
        assert (machine.root / "var/backups/postern/spool").stat().st_size > 0

    def test_stops_cleanly(self, machine):
        machine.inside("systemctl", "stop", "postern")
        assert machine.inside("systemctl", "show", "-P", "Result", "postern").stdout.strip() == "success"
        machine.inside("systemctl", "start", "postern")
        machine.await_relay()

    def test_remove_keeps_mail_and_configuration(self, machine):
        machine.inside("dpkg", "-r", "postern")
        assert is_active(machine) != "active"
        assert (machine.root / "var/lib/postern/spool.sqlite").exists()
        assert (machine.root / "etc/postern/postern.yml").exists()

    def test_purge_leaves_nothing_but_backups(self, machine):
        (machine.root / "etc/postern/ses_password").write_text("secret\n")
        machine.inside("dpkg", "-P", "postern")
        left = machine.inside("find", "/etc", "/var", "/usr", "-xdev", "-name", "*postern*", "-not", "-path", "/var/log/*")
        assert left.stdout == "/var/backups/postern\n"  # with the backup; an empty one goes too
        assert machine.inside("getent", "passwd", "postern", check=False).returncode != 0
