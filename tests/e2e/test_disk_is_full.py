"""The disk under the spool fills up: mail is refused at MAIL as soon as that is known, what was accepted stays, and
the relay recovers by itself."""

import errno
import os
import subprocess

import pytest

from support import mail
from support.waiting import until

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def cramped_site(start_site, small_disk):
    return start_site(data_dir=str(small_disk / "data"), spool={"reserve": "8MiB"})


def leave_free(disk, octets: int) -> None:
    """Fills the disk up to so many octets, of which the relay takes meanwhile too: none may be left before that."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
    with (disk / "ballast").open("ab", buffering=0) as ballast:
        left = free - octets
        while left > 0:
            try:
                left -= ballast.write(b"\0" * min(left, MIB))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                return


def reply_at_mail(site):
    with site.wire() as wire:
        wire.ehlo()
        return wire.command("MAIL FROM:<site@example.com>")


def test_below_the_reserve_mail_is_refused_at_mail_and_taken_again_later(cramped_site, small_disk):
    site = cramped_site
    before = site.send(mail.plain()).queue_id
    leave_free(small_disk, 4 * MIB)
    refused = until(lambda: (reply := reply_at_mail(site)).code != 250 and reply, "the refusal")
    assert (refused.code, refused.reason) == (451, "storage") and refused.text.startswith("4.3.0 ")
    status, body = site.relay.get("/readyz")
    assert status == 503 and "spool" in body
    assert site.relay.get("/healthz")[0] == 200
    assert site.relay.metric("store_free_bytes") < 8 * MIB

    (small_disk / "ballast").unlink()
    until(site.relay.ready, "the relay to recover")
    after = site.send(mail.plain()).queue_id
    for queue_id in (before, after):
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 2


def test_a_disk_that_fills_within_a_transaction_loses_nothing(cramped_site, small_disk):
    site = cramped_site
    message = mail.of_size(9 * MIB)
    with site.wire() as wire:
        wire.ehlo()
        assert wire.envelope("site@example.com", ["a@example.net"]).code == 354
        leave_free(small_disk, 0)
        reply = wire.content(message)
    assert (reply.code, reply.reason) == (451, "storage")
    (small_disk / "ballast").unlink()
    until(site.relay.ready, "the relay to recover")
    queue_id = site.send(message).queue_id
    mail.await_arrival(site.ses, queue_id)
    assert site.ses.stats()["messages"] == 1


def test_accepted_mail_survives_a_full_disk_and_a_kill(cramped_site, small_disk):
    site = cramped_site
    site.ses.stop()
    ids = [site.send(mail.plain()).queue_id for _ in range(10)]
    leave_free(small_disk, 0)
    site.relay.kill()
    (small_disk / "ballast").unlink()
    site.relay.start()
    site.ses.start()
    for queue_id in ids:
        mail.await_arrival(site.ses, queue_id)
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 10
