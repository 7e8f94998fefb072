"""The wall clock is set by a day or by ten years, either way: nothing expires, nothing is lost, and mail goes on."""

import pytest

from support import mail
from support.waiting import until

DAY = 86_400


@pytest.fixture
def clock(site, relay_clock):
    """Sets the relay's clock, and waits until it has noticed."""

    def jump(seconds: int) -> None:
        before = site.relay.metric("clock_jumps_total")
        relay_clock(seconds)
        site.relay.command("queue", "retry", "--all")  # whoever has work looks at the clock
        until(lambda: site.relay.metric("clock_jumps_total") > before, "the jump to be noticed")

    return jump


@pytest.mark.parametrize("seconds", [DAY, -DAY, 3653 * DAY, -3653 * DAY])
def test_nothing_expires_and_all_is_delivered(site, clock, seconds):
    site.ses.set(paused=True)
    held = site.send(mail.plain()).queue_id
    site.relay.await_event(held, "held")
    clock(seconds)
    later = site.send(mail.plain()).queue_id
    assert {site.relay.states()[queue_id] for queue_id in (held, later)} == {"held"}
    site.ses.set(paused=False)
    # Over the connection that is open: to a new one the certificate would not be valid at such a time.
    assert site.relay.command("queue", "retry", "--all").returncode in (0, 1)
    for queue_id in (held, later):
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert "expired" not in site.relay.events(held) + site.relay.events(later)
