"""Waiting for a condition instead of for a time."""

import time


class TooLate(AssertionError):
    """The condition did not come true by the deadline."""


def until(condition, what: str, seconds: float = 30.0, pause: float = 0.02):
    """Calls `condition` until it gives something true and returns that. Fails by saying `what` was awaited, and
    the last thing seen: a condition may return a falsy value or raise AssertionError to tell it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            seen = condition()
            if seen:
                return seen
        except AssertionError as not_yet:
            seen = not_yet
        if time.monotonic() >= deadline:
            raise TooLate(f"{what}: not within {seconds:g} s; last seen: {seen!r}")
        time.sleep(pause)
