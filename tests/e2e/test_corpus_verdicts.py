"""Every message of the corpus gets the verdict of its manifest: from `postern inspect`, and over a socket."""

import collections
import json

import pytest

from support import corpus, mail

CASES = corpus.cases()


@pytest.fixture(scope="module")
def inspected(shared_site) -> dict[str, dict]:
    """What `inspect` says of each file; one run for each envelope."""
    groups = collections.defaultdict(list)
    for case in CASES:
        groups[case.mail_from, case.recipients].append(str(case.path))
    said = {}
    for (mail_from, recipients), files in groups.items():
        envelope = ["--mail-from", mail_from or "<>", *(word for to in recipients for word in ("--rcpt", to))]
        answer = shared_site.relay.command("inspect", "--app", "shop", *envelope, "--json", *files)
        assert answer.returncode == 0, answer.stderr
        said |= {one["file"]: one for one in map(json.loads, answer.stdout.splitlines())}
    return said


def test_the_corpus_is_whole():
    assert collections.Counter(case.path.parent.name for case in CASES) == {"adversarial": 83, "real": 187}
    assert all(case.path.exists() for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_inspect_gives_the_verdict(inspected, case):
    said = inspected[str(case.path)]
    if case.verdict == "accept":
        assert (said["verdict"], said["reason"], said["reply"]) == ("accept", None, None)
    else:
        assert said["verdict"] == "refuse" and said["reason"] in corpus.REASONS[case.verdict]
        assert f"[{said['reason']}]" in said["reply"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_relay_gives_the_verdict_and_delivers_what_it_accepts(shared_site, case):
    reply = shared_site.send(case.path.read_bytes(), sender=case.mail_from, recipients=case.recipients)
    if case.verdict == "accept":
        record = mail.await_arrival(shared_site.ses, reply.queue_id)
        assert (record["mail_from"], record["recipients"]) == (case.mail_from, list(case.recipients))
        assert shared_site.faults([record]) == {}
    else:
        assert reply.code // 100 == 5 and reply.reason in corpus.REASONS[case.verdict], reply


def test_ses_saw_no_offence_and_refused_nothing(shared_site):
    stats = shared_site.ses.stats()
    assert stats["offences"] == {} and stats["messages"] > 0
    assert {code for code in stats["replies"] if code[0] in "45"} == set()
