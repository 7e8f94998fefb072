"""A client that did not hear our 250 sends the very same message again: it gets the first queue id."""

from support import mail
from support.waiting import until


def test_the_same_octets_get_the_first_queue_id_also_after_a_restart(site):
    message = mail.plain()
    first = site.send(message).queue_id
    mail.await_arrival(site.ses, first)
    assert site.send(message).queue_id == first
    site.relay.await_empty_queue()
    site.relay.stop()
    site.relay.start()
    assert site.send(message).queue_id == first
    site.relay.await_empty_queue()
    assert site.ses.stats()["messages"] == 1
    assert site.relay.events(first).count("repeated") == 2
    assert site.relay.metric("duplicates_total", app="shop") == 1  # since the restart


def test_one_changed_octet_or_recipient_makes_a_new_message(site):
    message = mail.plain(body="Order 1001\r\n")
    ids = {
        site.send(message).queue_id,
        site.send(message.replace(b"1001", b"1002")).queue_id,
        site.send(message, recipients=["b@example.net"]).queue_id,
        site.send(message, recipients=["a@example.net", "b@example.net"]).queue_id,
        site.send(message, sender="other@example.com").queue_id,
    }
    assert len(ids) == 5
    until(lambda: site.ses.stats()["messages"] == 5, "all five")


def test_without_a_message_id_of_its_own_nothing_is_a_repeat(site):
    message = mail.plain(Message_ID=None)
    assert site.send(message).queue_id != site.send(message).queue_id


def test_nothing_is_a_repeat_of_what_failed(site):
    site.ses.script(phase="end", action="reply", reply="554 Transaction failed: Duplicate header 'From'.")
    message = mail.plain()
    first = site.send(message).queue_id
    site.relay.await_event(first, "failed")
    second = site.send(message).queue_id
    assert second != first
    mail.await_arrival(site.ses, second)


def test_after_the_window_it_is_a_new_message(start_site):
    site = start_site(policy={"duplicates": {"window": "1s"}})
    message = mail.plain()
    first = site.send(message).queue_id
    second = until(lambda: (again := site.send(message).queue_id) != first and again, "a new queue id")
    mail.await_arrival(site.ses, second)


def test_switched_off_it_never_happens(start_site):
    site = start_site(policy={"duplicates": {"window": "0s"}})
    message = mail.plain()
    assert site.send(message).queue_id != site.send(message).queue_id
