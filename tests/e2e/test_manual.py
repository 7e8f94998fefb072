"""Manual pages and completion are made of what the program knows of itself, and are without a mistake."""

import pathlib
import re
import subprocess

import pytest

from support.relay_process import PROGRAM

COMMANDS_PAGE = pathlib.Path(__file__).parents[2] / "docs" / "commands.md"


def manual(form: str) -> str:
    return subprocess.run(
        [PROGRAM, "manual", "--format", form], capture_output=True, text=True, timeout=30, check=True
    ).stdout


def documented() -> list[str]:
    """The commands of docs/commands.md, without options and arguments."""
    rows = re.findall(r"(?m)^\| `postern ([^`]+)` \|", COMMANDS_PAGE.read_text())
    return [re.split(r" (?=[\[\-A-Z])", row)[0] for row in rows]


def rendered(page: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["groff", "-man", "-ww", "-K", "utf8", "-T", "utf8", "-P", "-cbou"],
        input=page,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("form", ["man", "man-config", "man-sendmail"])
def test_groff_has_nothing_to_complain_of(form):
    outcome = rendered(manual(form))
    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_a_page_is_named_as_it_is_installed():
    assert manual("man-sendmail").startswith(".TH POSTERN-SENDMAIL.YML 5 ")


def test_each_command_has_its_section_with_its_options():
    page = rendered(manual("man")).stdout
    commands = documented()
    assert len(commands) > 40
    for command in commands:
        assert re.search(rf"(?m)^   postern {re.escape(command)}$", page), command
    queue_list = page.partition("   postern queue list\n")[2].partition("   postern queue show\n")[0]
    assert "--older-than" in queue_list and "--state" in queue_list


def test_each_key_has_its_entry():
    page = rendered(manual("man-config")).stdout
    for key in ["data_dir", "upstream.password", "apps[].limits.message_size", "listen.smtp[].tls"]:
        assert re.search(rf"(?m)^       {re.escape(key)}( |$)", page), key
    assert "upstream.password_file" not in page and "as password_file" in page


# --- bash ---------------------------------------------------------------------------------------------------------


def completed(tmp_path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    script = tmp_path / "completion"
    script.write_text(manual("bash"))
    quoted = " ".join(f"'{word}'" for word in words)
    probe = (
        f"source {script}; complete -p postern >&2; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1};"
        ' _postern; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    outcome = subprocess.run(
        ["bash", "--norc", "-euc", probe], capture_output=True, text=True, timeout=30, check=True
    )
    assert outcome.stderr == "complete -o default -F _postern postern\n"
    return outcome.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered", "not_offered"),
    [
        (["postern", ""], {"serve", "queue", "sendmail", "--version"}, {"list", "--state"}),
        (["postern", "qu"], {"queue"}, {"serve"}),
        (["postern", "queue", ""], {"list", "show", "retry", "hold", "release", "drop"}, {"serve"}),
        (["postern", "queue", "l"], {"list"}, {"show"}),
        (["postern", "queue", "list", "--"], {"--state", "--json", "--config"}, {"--dry-run", "list"}),
        (["postern", "queue", "list", "--json", "--st"], {"--state"}, {"--json"}),
        (["postern", "queue", "list", "--config", ""], set(), {"--json"}),
        (["postern", "app", "rotate"], {"rotate-password"}, {"rotate-key"}),
    ],
)
def test_bash_offers_commands_then_options(tmp_path, words, offered, not_offered):
    found = set(completed(tmp_path, *words))
    assert offered <= found
    assert not found & not_offered


def test_zsh_reads_its_function(tmp_path):
    script = tmp_path / "_postern"
    script.write_text(manual("zsh"))
    probe = (
        "compdef() { }; _files() { }; words=(postern queue ''); CURRENT=3;"
        f" _describe() {{ print -l -- $choices }}; source {script}"
    )
    outcome = subprocess.run(["zsh", "-fc", probe], capture_output=True, text=True, timeout=30)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert any(line.startswith("list:") for line in outcome.stdout.splitlines())
    assert any(line.startswith("--help:") for line in outcome.stdout.splitlines())
