import pathlib
import re
import shutil
import sys

import pytest

TESTS = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "ses_sim")]

import package  # noqa: E402
from machine import Machine  # noqa: E402


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    """A bare Debian 12 that is up, with PHP and what the package depends on. The package itself lies in /root."""
    folder = tmp_path_factory.mktemp("package")
    first = package.make(folder / "first")
    later = package.later(first, folder)
    depends = re.search(r"(?m)^ Depends: (.*)$", package.described(first)).group(1)
    machine = Machine(tmp_path_factory.mktemp("machine") / "root")
    shutil.copy(first, machine.root / "root" / "first.deb")
    shutil.copy(later, machine.root / "root" / "later.deb")
    needed = [word.split()[0] for word in depends.split(",")]
    machine.install("systemd-sysv", "php-cli", "libphp-phpmailer", *needed)
    with machine.up():
        yield machine
