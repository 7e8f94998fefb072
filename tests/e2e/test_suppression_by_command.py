"""The list of suppressed addresses goes out and comes in as CSV, and leaves SES's own list when it is told to."""

import csv
import io

import pytest

from support import mail
from support.waiting import until

FORMULA = "=cmd|calc@example.net"
LISTS = {
    "ses": "anna@example.net,BOUNCE\r\nbob@example.net,COMPLAINT\r\n",
    "named": 'Email Address,Reason,LastUpdateTime\n"anna@example.net",BOUNCE,2026-01-02T03:04:05Z\nbob@example.net,COMPLAINT,\n',
    "addresses": "anna@example.net\nbob@example.net",
}


@pytest.fixture
def with_api(start_site):
    """A site that may ask SES's API."""
    site = start_site()
    site.relay.configure(
        aws={
            "region": "eu-central-1",
            "access_key_id": site.ses.user,
            "secret_access_key": site.ses.api_secret,
            "endpoint": site.ses.api,
            "identities": "read",
        }
    )
    site.relay.stop()
    site.relay.start()
    return site


def suppression(site, *words: str, **how):
    return site.relay.command("suppression", *words, **how)


def is_refused(site, recipient: str) -> bool:
    return site.send(mail.plain(), recipients=[recipient]).reason == "suppressed"


def test_what_was_exported_is_imported_as_it_was_also_after_a_kill(site, tmp_path):
    assert suppression(site, "add", "--app", "shop", "anna@example.net", FORMULA).returncode == 0
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    assert suppression(site, "export", str(first)).returncode == 0
    rows = list(csv.DictReader(io.StringIO(first.read_text(), newline="")))
    assert [row["address"] for row in rows] == ["'" + FORMULA, "anna@example.net"]
    assert suppression(site, "remove", "--app", "shop", "anna@example.net", FORMULA).returncode == 0
    assert not is_refused(site, "anna@example.net")
    for _ in range(2):
        imported = suppression(site, "import", str(first))
        assert imported.stdout == "2 addresses are imported.\n", imported.stderr
    assert is_refused(site, "anna@example.net") and is_refused(site, FORMULA)
    site.relay.kill()
    site.relay.start()
    assert suppression(site, "export", str(second)).returncode == 0
    assert second.read_bytes() == first.read_bytes()
    until(lambda: is_refused(site, "anna@example.net"), "the list to be read")


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_ses_and_of_others_are_imported_for_an_app(site, name):
    imported = suppression(site, "import", "--app", "shop", "-", input=LISTS[name])
    assert imported.stdout == "2 addresses are imported.\n", imported.stderr
    assert is_refused(site, "anna@example.net") and is_refused(site, "bob@example.net")


def test_a_list_with_mistakes_changes_nothing_and_all_are_said(site):
    refused = suppression(site, "import", "--app", "shop", "-", input="anna@example.net\nnobody\n@\n")
    assert refused.returncode == 1 and not is_refused(site, "anna@example.net")
    assert [line.split(":")[1].strip() for line in refused.stderr.splitlines()[:2]] == ["line 2", "line 3"]


def test_an_import_never_ends_a_complaint_early(site):
    listed = "address,app,reason,since,until\nanna@example.net,shop,complaint,2026-01-02T03:04:05Z,\n"
    assert suppression(site, "import", "-", input=listed).returncode == 0
    before = suppression(site, "export").stdout
    shorter = listed.replace("complaint", "bounce").replace("Z,", "Z,2098-01-01T00:00:00Z")
    assert suppression(site, "import", "-", input=shorter).returncode == 0
    assert suppression(site, "export").stdout == before
    assert is_refused(site, "anna@example.net")


def test_an_address_leaves_ses_own_list_too_or_it_is_said_which_right_is_missing(with_api):
    address = "bob+1@example.net"
    remove = ("remove", "--app", "shop", "--also-ses", address)
    with_api.ses.ask("/suppressed", {address: "BOUNCE"})
    assert suppression(with_api, "add", "--app", "shop", address).returncode == 0
    with_api.ses.set(api_denied=["ses:DeleteSuppressedDestination"])
    refused = suppression(with_api, *remove)
    assert refused.returncode == 1 and "ses:DeleteSuppressedDestination" in refused.stderr
    assert not is_refused(with_api, address)
    assert address in with_api.ses.ask("/suppressed")
    with_api.ses.set(api_denied=[])
    assert suppression(with_api, *remove).returncode == 0
    assert with_api.ses.ask("/suppressed") == {}
    assert suppression(with_api, *remove).returncode == 0  # SES's 404 is what was wanted


def test_where_the_api_is_not_asked_the_operator_is_sent_to_the_console(site):
    refused = suppression(site, "remove", "--app", "shop", "--also-ses", "anna@example.net")
    assert refused.returncode == 1 and "console" in refused.stderr
