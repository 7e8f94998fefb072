"""What the first pages tell a new user to type, and what goes into an image or into git by it."""

import re
import subprocess

import pytest
from machine import PROJECT

PAGES = ["docs/install.md", "README.md"]
IGNORED_BY_DOCKER = (PROJECT / ".dockerignore").read_text().split()


def packages(part: str) -> set[str]:
    """Those of deploy/packages.txt from its start to a heading, or all."""
    lines = (PROJECT / "deploy/packages.txt").read_text().partition(f"# --- {part}")[0].splitlines()
    return {line for line in lines if not line.startswith("#")}


def printed(sed: str) -> set[str]:
    """What a command substitution gives, in the project's folder."""
    done = subprocess.run(["bash", "-euc", sed], cwd=PROJECT, capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("page", PAGES)
def test_the_packages_to_build_with_are_installed_before_the_build(page):
    install = re.search(r"(?m)^sudo apt install \$\((sed [^)]+)\)(.*)\n(.*)$", (PROJECT / page).read_text())
    assert printed(install.group(1)) == packages("to try")
    assert install.group(3).startswith("cmake --preset release -DBUILD_TESTING=OFF")


def test_the_package_is_made_with_what_the_image_makes_it_with():
    dockerfile = (PROJECT / "deploy/docker/Dockerfile").read_text()
    (beside,) = re.findall(r"xargs apt-get install -y --no-install-recommends (.*)$", dockerfile, re.MULTILINE)
    (said,) = re.findall(r"(?m)^sudo apt install \$\([^)]+\) (.*)$", (PROJECT / "docs/install.md").read_text())
    assert said == beside


def test_quickstart_installs_nothing_that_only_tests_need():
    script = (PROJECT / "deploy/quickstart.sh").read_text()
    (sed,) = re.findall(r"missing=\$\((sed .*? deploy/packages.txt) \|", script)
    assert printed(sed) == packages("to test")


@pytest.mark.parametrize("page", PAGES)
def test_a_configuration_is_checked_by_its_name(page):
    """Without one the command reads conf/postern.yml of the checkout that the reader stands in."""
    checked = re.findall(r"(?m)^postern check-config *(\S+)", (PROJECT / page).read_text())
    assert checked and set(checked) == {"/etc/postern/postern.yml"}


@pytest.mark.parametrize("page", ["docs/install.md", "docs/aws.md"])
def test_whoever_has_installed_it_is_told_of_doctor_and_send_test(page):
    commands = re.findall(r"(?m)^postern (doctor|send-test --app \S+ --from \S+ --to \S+)", (PROJECT / page).read_text())
    assert commands == ["doctor", "send-test --app shop --from web@example.com --to success@simulator.amazonses.com"]


def test_compose_s_secrets_go_neither_into_git_nor_into_an_image():
    assert "deploy/compose/secrets/" in (PROJECT / ".gitignore").read_text().split()
    assert {"deploy/compose/secrets", "build", ".git"} <= set(IGNORED_BY_DOCKER)


@pytest.mark.parametrize("dockerfile", ["deploy/docker/Dockerfile", "deploy/compose/ses.Dockerfile"])
def test_what_an_image_copies_is_not_ignored(dockerfile):
    lines = re.findall(r"(?m)^COPY ((?!--)\S.*) \S+$", (PROJECT / dockerfile).read_text())
    copied = {name for line in lines for name in line.split()}
    assert copied and not copied & set(IGNORED_BY_DOCKER)
    assert all((PROJECT / name).exists() for name in copied)


def test_compose_needs_no_postern_on_the_host():
    head = (PROJECT / "deploy/compose/compose.yml").read_text().partition("name:")[0]
    assert re.search(r"(?m)^#   docker compose build postern\n#   docker run --rm -i postern smtp-password ", head)
    assert not re.search(r"(?m)^#\s+postern ", head)
