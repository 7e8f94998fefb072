"""Mail that goes to a sendmail command: PHP's mail(), cron and others, what is refused, and what no argument can do."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

import pytest

from support import mail
from support.ports import free_port
from support.relay_process import PROGRAM, SHOP_PASSWORD

STATIC = PROGRAM.parents[1] / "sendmail" / "postern-sendmail"
MESSAGE = "From: Site <site@example.com>\nTo: a@example.net\nSubject: Hello\n\nHello.\n"


class Caller:
    """Somebody with a sendmail and its settings."""

    def __init__(self, home: pathlib.Path, **settings):
        self.file = home / "sendmail.yml"
        self.file.write_text(json.dumps(settings))
        self.environment = {**os.environ, "POSTERN_SENDMAIL_CONFIG": str(self.file)}

    def run(self, *words: str, stdin: str = MESSAGE) -> subprocess.CompletedProcess:
        return run([PROGRAM, "sendmail", *words], stdin, self.environment)

    def php(self, script: str, options: str = "-t -i -v") -> subprocess.CompletedProcess:
        """`script` gives true or false; the sendmail of its PHP says what the relay answered."""
        path = f"sendmail_path={PROGRAM} sendmail {options}"
        return run(["php", "-d", path, "-r", f"exit({script} ? 0 : 1);"], "", self.environment)


def run(command: list, stdin: str, environment: dict | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        list(map(str, command)), input=stdin, capture_output=True, text=True, timeout=60, env=environment
    )


@pytest.fixture
def caller(shared_site, tmp_path) -> Caller:
    return Caller(tmp_path, port=shared_site.relay.port("sidecar"), domain="example.com")


def arrival(site, outcome: subprocess.CompletedProcess) -> tuple[dict, str]:
    """The record at SES of what the relay says to have queued, and the message as delivered."""
    queued = re.search(r"^sendmail: 250 2\.0\.0 Ok: queued as (\w+)$", outcome.stderr, re.MULTILINE)
    assert queued, outcome
    record = mail.await_arrival(site.ses, queued.group(1))
    return record, mail.delivered(record).read_text()


# --- who calls ----------------------------------------------------------------------------------------------------


def test_php_mail(shared_site, caller):
    outcome = caller.php(
        "mail('To <a@example.net>', 'Grüße', \"One\\n.\\nTwo\\n\","
        "['From' => 'Site <site@example.com>', 'Bcc' => 'hidden@example.net', 'Cc' => 'c@example.net'])"
    )
    assert outcome.returncode == 0, outcome
    record, text = arrival(shared_site, outcome)
    assert sorted(record["recipients"]) == ["a@example.net", "c@example.net", "hidden@example.net"]
    assert "hidden@" not in text
    assert re.search(r"(?m)^Date: ", text) and re.search(r"(?m)^Message-ID: <[^>]+>$", text)
    assert "One\n.\nTwo\n" in text.replace("\r\n", "\n")


def test_drupals_core_with_its_fifth_argument(shared_site, caller):
    outcome = caller.php(
        "mail('a@example.net', 'Reset', 'Link', \"From: Site <site@example.com>\\r\\n"
        "Sender: site@example.com\\r\\nReply-to: visitor@example.org\\r\\nX-Mailer: Drupal\","
        "'-fbounces@example.com')"
    )
    assert outcome.returncode == 0, outcome
    record, _ = arrival(shared_site, outcome)
    assert record["mail_from"] == "bounces@example.com"


def test_cron(shared_site, caller):
    outcome = caller.run(
        *("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "-v", "root"),
        stdin="From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@web1> backup\n"
        "Content-Type: text/plain; charset=UTF-8\nAuto-Submitted: auto-generated\n\n.\nfertig ✓\n",
    )
    assert outcome.returncode == 0, outcome
    record, text = arrival(shared_site, outcome)
    assert record["recipients"] == ["root@example.com"]
    assert "From: root@example.com (Cron Daemon)" in text


@pytest.mark.parametrize(
    "words", [["-t", "-v"], ["-v", "-f", "site@example.com", "--", "a@example.net"], ["-tvi", "-N", "never"]]
)
def test_lines_that_msmtp_takes(shared_site, caller, words):
    outcome = caller.run(*words)
    assert outcome.returncode == 0, outcome
    assert arrival(shared_site, outcome)[0]["recipients"] == ["a@example.net"]


def test_a_lone_dot_ends_the_message_and_standard_input_need_not_end(shared_site, caller):
    process = subprocess.Popen(
        [PROGRAM, "sendmail", "-t", "-v"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=caller.environment,
    )
    process.stdin.write(MESSAGE + ".\n")
    process.stdin.flush()
    assert process.wait(30) == 0
    assert "queued as" in process.stderr.read()
    process.stdin.close()
    process.stderr.close()


def test_smtp_on_standard_input_and_output(shared_site, caller):
    """What Symfony's sendmail://default does."""
    dialogue = "EHLO [127.0.0.1]\r\nMAIL FROM:<site@example.com>\r\nRCPT TO:<a@example.net>\r\nDATA\r\n"
    message = MESSAGE.replace("\n", "\r\n") + ".\r\n"
    process = subprocess.Popen(
        [PROGRAM, "sendmail", "-bs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=caller.environment
    )
    codes = []
    for line in ["", *dialogue.splitlines(keepends=True), message, "QUIT\r\n"]:
        process.stdin.write(line.encode())
        process.stdin.flush()
        while (reply := process.stdout.readline())[3:4] == b"-":
            pass
        codes.append(int(reply[:3]))
    assert codes == [220, 250, 250, 250, 354, 250, 221]
    assert process.wait(10) == 0
    process.stdin.close()
    process.stdout.close()


# --- how it gets there --------------------------------------------------------------------------------------------


def tls_settings(site, listener: str, **changes) -> dict:
    return {
        "host": "localhost",
        "port": site.relay.port(listener),
        "tls": listener,
        "tls_ca_file": str(site.keys.authority.certificate),
        "username": "shop",
        "password": SHOP_PASSWORD,
        **changes,
    }


@pytest.mark.parametrize("listener", ["starttls", "implicit"])
def test_tls_and_login(shared_site, tmp_path, listener):
    outcome = Caller(tmp_path, **tls_settings(shared_site, listener)).run("-t", "-v")
    assert outcome.returncode == 0, outcome
    arrival(shared_site, outcome)


@pytest.mark.parametrize("listener", ["starttls", "implicit"])
def test_nothing_is_sent_to_a_relay_that_cannot_prove_its_name(shared_site, tmp_path, listener):
    wrong = {"tls_ca_file": str(shared_site.keys.signer.private_key.parent / "other.pem")}
    shutil.copy(shared_site.keys.certificate.certificate, wrong["tls_ca_file"])
    outcome = Caller(tmp_path, **tls_settings(shared_site, listener, **wrong)).run("-t")
    assert outcome.returncode == 69, outcome
    assert "The certificate of the relay localhost:" in outcome.stderr


def test_a_wrong_password_is_said_and_not_shown(shared_site, tmp_path):
    settings = tls_settings(shared_site, "starttls", password="not-the-password-of-shop")
    outcome = Caller(tmp_path, **settings).run("-t")
    assert outcome.returncode == 77, outcome
    assert "535 5.7.8" in outcome.stderr
    assert "not-the-password" not in outcome.stderr


def test_the_static_program_in_an_empty_image(shared_site, tmp_path):
    settings = tls_settings(shared_site, "starttls", tls_ca_file="authority.pem", password_file="password")
    del settings["password"]
    etc = tmp_path / "etc" / "postern"
    etc.mkdir(parents=True)
    (etc / "sendmail.yml").write_text(json.dumps(settings))
    (etc / "password").write_text(SHOP_PASSWORD)
    shutil.copy(shared_site.keys.authority.certificate, etc / "authority.pem")
    shutil.copy(STATIC, tmp_path / "sendmail")
    enter = ["chroot"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--root"]
    outcome = run([*enter, tmp_path, "/sendmail", "-t", "-v"], MESSAGE)
    assert outcome.returncode == 0, outcome
    arrival(shared_site, outcome)


@pytest.mark.parametrize("program", [PROGRAM, STATIC], ids=["linked", "static"])
def test_called_sendmail_it_says_what_it_takes(tmp_path, program):
    sendmail = tmp_path / "sendmail"
    sendmail.symlink_to(program)
    outcome = run([sendmail, "--help"], "")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "take recipients from To, Cc and Bcc" in outcome.stdout
    wrong = run([sendmail, "--config=x"], "")
    assert wrong.returncode == 64 and "`--help` shows what it takes" in wrong.stderr


# --- what does not go ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "change", "code", "said"),
    [
        (["-t", "-fx@elsewhere.example"], ("", ""), 77, "550 5.7.1 Not sent:"),
        (["-t"], ("Site <site@example.com>", "v@elsewhere.example"), 77, "[sender-domain]"),
        (["-t"], ("Subject", "Precedence: bulk\nSubject"), 77, "[bulk]"),
        (["-t"], ("a@example.net", "jörg@example.net"), 67, "553 5.6.7"),
        (["-t"], ("\nHello", "\nHe\0llo"), 65, "[malformed]"),
        (["-t"], ("a@example.net", ""), 65, "give the message a recipient"),
        ([], ("", ""), 64, "say -t"),
        (["-t"], ("Subject: Hello", "Subject Hello"), 65, "a line that is no field"),
    ],
)
def test_what_is_refused_says_why(caller, words, change, code, said):
    outcome = caller.run(*words, stdin=MESSAGE.replace(*change, 1) if change[0] else MESSAGE)
    assert (outcome.returncode, outcome.stdout) == (code, ""), outcome
    assert outcome.stderr.startswith("sendmail: ") and said in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_php_learns_that_a_mail_is_refused(caller):
    outcome = caller.php("mail('a@example.net', 'x', 'y', 'From: v@elsewhere.example')")
    assert outcome.returncode == 1
    assert "[sender-domain]" in outcome.stderr


@pytest.mark.parametrize(("setting", "code"), [({}, 69), ({"temporary_failure": 75}, 75)])
def test_a_relay_that_is_down(tmp_path, setting, code):
    caller = Caller(tmp_path, port=free_port(), **setting)
    outcome = caller.run("-t")
    assert outcome.returncode == code, outcome
    assert "cannot be reached (Connection refused): start it, or correct `host`" in outcome.stderr
    assert caller.php("mail('a@example.net', 'x', 'y', 'From: site@example.com')").returncode == 1


def test_a_relay_that_says_nothing_is_waited_for_so_long(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        outcome = Caller(tmp_path, port=silent.getsockname()[1], timeout="5s").run("-t")
        assert outcome.returncode == 69, outcome
        assert 5 <= time.monotonic() - began < 10
    assert "(greeting)" in outcome.stderr


def test_a_mistake_in_the_settings_is_named(tmp_path):
    outcome = Caller(tmp_path, hots="x").run("-t")
    assert outcome.returncode == 78, outcome
    assert "unknown key `hots`: write `host`" in outcome.stderr


# --- what no argument can do --------------------------------------------------------------------------------------

HOSTILE = [
    ["-C/etc/passwd"],
    ["-C", "{evil}"],
    ["-X{evil}"],
    ["-X", "{evil}"],
    ["-D{evil}"],
    ["-d0-99.127"],
    ["-OQueueDirectory={folder}"],
    ["-O", "QueueDirectory={folder}"],
    ["-OQueueDirectory={folder}", "-X{evil}"],
    ["-OAliasFile={evil}"],
    ["-oQ{folder}"],
    ["-o", "Q{folder}"],
    ["-oA{evil}"],
    ["-oS{evil}"],
    ["-be"],
    ["-be", "${{run{{/bin/touch {evil}}}}}"],
    ["-be", "${{readfile{{{evil}}}}}"],
    ["-bi"],
    ["-bd", "-X{evil}"],
    ["-bp"],
    ["-q"],
    ["-qf{evil}"],
    ["-Mar", "{evil}"],
    ["-I"],
    ["-tX{evil}"],
    ["-ti", "-C", "{evil}"],
    ["-fme@example.com -X{evil}"],
    ["-fme@example.com\n-X{evil}"],
    ["--config={evil}"],
    ["--file={evil}"],
    ["--logfile={evil}"],
]


NOBODY = "From: Site <site@example.com>\n\nNo recipient: this goes nowhere.\n"


def opened(command: list, trace: pathlib.Path) -> tuple[int, set[str]]:
    """The exit code, and every file that the program opened, made or ran, behind its own start."""
    calls = "--trace=open,openat,openat2,creat,execve,mkdir,mkdirat,rename,renameat,unlink,unlinkat,symlink,link"
    outcome = run(["strace", "--follow-forks", calls, "--output", trace, *command], NOBODY)
    _, *later = trace.read_text().splitlines()
    return outcome.returncode, set(re.findall(r'"((?:[^"\\]|\\.)*)"', "\n".join(later)))


@pytest.mark.parametrize("program", ["linked", "static"])
def test_no_argument_opens_a_foreign_file(tmp_path, program):
    sendmail = tmp_path / "sendmail"
    sendmail.symlink_to(PROGRAM if program == "linked" else STATIC)
    evil = tmp_path / "evil"
    evil.write_text("host: 127.0.0.1\n")
    code, usual = opened([sendmail, "-t", "-i", "-fsite@example.com"], tmp_path / "trace")
    assert code == 65
    for vector in HOSTILE:
        words = [word.format(evil=evil, folder=tmp_path) for word in vector]
        code, files = opened([sendmail, "-t", "-i", *words], tmp_path / "trace")
        assert (code, files - usual) == (64, set()), words
    assert evil.read_text() == "host: 127.0.0.1\n"
    assert {file.name for file in tmp_path.iterdir()} == {"sendmail", "evil", "trace"}


def test_the_fifth_argument_of_mail_cannot_write_a_file(caller, tmp_path):
    shell = tmp_path / "shell.php"
    outcome = caller.php(
        f"mail('a@example.net', '<?php', 'y', 'From: site@example.com', '-OQueueDirectory=/tmp -X{shell}')"
    )
    assert outcome.returncode == 1
    assert "the option -OQueueDirectory=/tmp is refused" in outcome.stderr
    assert not shell.exists()


def test_called_sendmail_it_follows_no_environment(tmp_path):
    sendmail = tmp_path / "sendmail"
    sendmail.symlink_to(PROGRAM)
    caller = Caller(tmp_path, hots="a mistake that would be said")
    assert run([sendmail, "-t"], NOBODY, caller.environment).returncode == 65
    assert run([PROGRAM, "sendmail", "-t"], NOBODY, caller.environment).returncode == 78
