"""Fixtures of the scenarios: keys, a relay with ses_sim behind it, and ways to talk to them."""

import contextlib
import os
import pathlib
import sys

import pytest

sys.path[:0] = [
    str(pathlib.Path(__file__).parent.parent),
    str(pathlib.Path(__file__).parent.parent / "ses_sim"),
]

from support.nameservers import Nameservers  # noqa: E402
from support.queues_process import QueuesProcess  # noqa: E402
from support.relay_process import Relay  # noqa: E402
from support.site import Keys, Site, make_keys, running_site  # noqa: E402


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def queues():
    queues = QueuesProcess()
    yield queues
    queues.stop()


@pytest.fixture
def queue(queues) -> str:
    return queues.new_queue("events")


@pytest.fixture
def dns(tmp_path):
    """nsd for example.com, behind unbound."""
    servers = Nameservers(tmp_path, "example.com")
    yield servers
    servers.stop()


SITE_HOMES = pytest.StashKey[list]()


@pytest.fixture
def start_site(request, tmp_path_factory, keys):
    """Starts a site with changes over the standard configuration."""
    homes = request.node.stash.setdefault(SITE_HOMES, [])
    with contextlib.ExitStack() as stack:

        def start(**changes):
            homes.append(tmp_path_factory.mktemp("site"))
            return stack.enter_context(running_site(homes[-1], keys, **changes))

        yield start


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A test that failed shows what its relays complained of."""
    report = (yield).get_result()
    if report.failed:
        for home in item.stash.get(SITE_HOMES, []):
            lines = (home / "log").read_text(errors="replace").splitlines() if (home / "log").exists() else []
            complaints = [line for line in lines if line.split(" ")[1:2] != ["info"]]
            report.sections.append((f"the last complaints of {home}", "\n".join(complaints[-40:])))


@pytest.fixture
def site(start_site) -> Site:
    return start_site()


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory, keys) -> Site:
    """One site for all tests of a file: they must not change settings."""
    with running_site(tmp_path_factory.mktemp("site"), keys) as running:
        yield running


FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class RelayClock:
    """The wall clock of one relay, which is set by so many seconds; its monotonic clock goes on."""

    def __init__(self, relay: Relay, monkeypatch: pytest.MonkeyPatch):
        self._relay = relay
        self._monkeypatch = monkeypatch
        self._offset = relay.home / "clock"
        self(0)

    def __call__(self, seconds: int) -> None:
        self._offset.write_text(f"{seconds:+d}\n")

    def start(self) -> None:
        """Starts the relay, which is stopped, under this clock."""
        with self._monkeypatch.context() as only_here:
            only_here.setenv("LD_PRELOAD", str(FAKETIME))
            only_here.setenv("FAKETIME_TIMESTAMP_FILE", str(self._offset))
            only_here.setenv("FAKETIME_NO_CACHE", "1")
            only_here.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            self._relay.start()


@pytest.fixture
def relay_clock(site, monkeypatch) -> RelayClock:
    """Starts the relay anew, under a clock of its own."""
    if "asan" in os.environ.get("POSTERN", "") or "tsan" in os.environ.get("POSTERN", ""):
        pytest.skip("a sanitizer's runtime and libfaketime both want to be first")
    site.relay.stop()
    clock = RelayClock(site.relay, monkeypatch)
    clock.start()
    return clock
