"""Signs every corpus message that policy accepts, rewrites it as Amazon SES does, and has dkimpy and Mail::DKIM verify it.

usage: verify_independently.py SIGN_CORPUS CORPUS
"""
import csv
import pathlib
import re
import subprocess
import sys
import tempfile

import dkim

HERE = pathlib.Path(__file__).parent
NEVER_SIGNED = {"date", "message-id", "return-path", "bounces-to", "dkim-signature", "feedback-id", "received", "bcc"}
REMOVED = re.compile(
    rb"(bcc|resent-bcc|return-path|domainkey-signature|x-postern-[^:]*|bounces-to|errors-to|feedback-id)[ \t]*:", re.I)
OTHER_SIGNATURE = (
    b"DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;\r\n\ts=ug7nbtf4gccmlpwj322ax3p6ow6yfsug;"
    b" d=amazonses.com; t=1795255200;\r\n\th=MIME-Version:Subject:From:To:Date:Message-ID:Feedback-ID;\r\n"
    b"\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n\tb=AAAA\r\n")


def accepted(corpus):
    """The files that the manifests say are accepted."""
    files = []
    for folder, verdict in (("real", 7), ("adversarial", 2)):
        with open(corpus / folder / "manifest.tsv", newline="", encoding="utf-8") as manifest:
            rows = list(csv.reader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
        files += [corpus / folder / row[0] for row in rows if row[verdict] == "accept"]
    return files


def fields_of(octets):
    header, _, body = octets.partition(b"\r\n\r\n")
    return [field + b"\r\n" for field in re.split(rb"\r\n(?![ \t])", header)], body


def mistakes_of_form(octets):
    """What SES would refuse, or what would make the signature worthless."""
    fields, _ = fields_of(octets)
    names = [field.split(b":")[0].strip().lower().decode("ascii") for field in fields]
    signed = re.sub(rb"\s", b"", re.search(rb"[;\s]h=([^;]*)", fields[0]).group(1)).lower().decode().split(":")
    if names[0] != "dkim-signature" or names.count("dkim-signature") != 1:
        yield "not exactly one DKIM-Signature in front"
    for name in ("from", "to", "cc", "subject", "reply-to"):
        if signed.count(name) != names.count(name) + 1:
            yield f"{name} is not named once more than present"
    for name in signed:
        if name in NEVER_SIGNED or name.startswith("x-ses-"):
            yield f"{name} is signed"
    for field in fields:
        if REMOVED.match(field):
            yield f"left in: {field!r}"
        if any(octet > 126 for octet in field) or max(map(len, field.split(b"\r\n"))) > 998:
            yield f"not a field that SES takes: {field!r}"
    for name in ("date", "message-id", "content-type", "from", "subject", "sender", "reply-to"):
        if names.count(name) > 1:
            yield f"{name} occurs twice"


def as_ses_delivers(octets):
    """Date and Message-ID replaced, X-SES-* removed, SES's own fields and signature added."""
    fields, body = fields_of(octets)
    kept = [field for field in fields if not re.match(rb"(date|message-id|x-ses-[^:]*)[ \t]*:", field, re.I)]
    added = [
        OTHER_SIGNATURE,
        b"Message-ID: <0106019dec617b98-0b4b2a37-9d5e-4f0e-8ab0-7a4f1d5e3c21-000000@eu-central-1.amazonses.com>\r\n",
        b"Date: Sat, 21 Nov 2026 10:00:03 +0000\r\n",
        b"Feedback-ID: ::1.eu-central-1.q1w2e3r4t5y6u7i8o9p0=:AmazonSES\r\n",
        b"X-SES-Outgoing: 2026.11.21-54.240.48.183\r\n",
    ]
    return b"".join(kept + added) + b"\r\n" + body


def dkimpy_verifies(octets, record):
    verifier = dkim.DKIM(octets)
    return verifier.verify(idx=0, dnsfunc=lambda name, timeout=5: record)


def tampered(octets):
    return re.sub(rb"(?i)\nsubject:", rb"\nSubject: x", octets, count=1)


def mail_dkim_failures(record_file, files):
    run = subprocess.run(["perl", HERE / "verify_with_mail_dkim.pl", record_file, *files],
                         capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1) or run.stderr:
        sys.exit("Mail::DKIM: " + run.stderr)
    return run.stdout.splitlines()


def check(signer, algorithm, files):
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        subprocess.run([signer, algorithm, directory, *files], check=True)
        record = (directory / "record").read_bytes()
        failures, delivered = [], []
        for file in files:
            path = directory / file.name
            failures += [f"{file.name}: {mistake}" for mistake in mistakes_of_form(path.read_bytes())]
            octets = as_ses_delivers(path.read_bytes())
            path.write_bytes(octets)
            delivered.append(path)
            if not dkimpy_verifies(octets, record):
                failures.append(f"{file.name}: dkimpy does not verify it")
            if dkimpy_verifies(tampered(octets), record):
                failures.append(f"{file.name}: dkimpy verifies another subject")
        if algorithm == "rsa":  # Debian 12's Mail::DKIM does not know Ed25519
            failures += mail_dkim_failures(directory / "record", delivered)
            for path in delivered:
                path.write_bytes(tampered(path.read_bytes()))
            if len(mail_dkim_failures(directory / "record", delivered)) != len(files):
                failures.append("Mail::DKIM verifies another subject")
        return failures


def main():
    signer, corpus = sys.argv[1], pathlib.Path(sys.argv[2])
    files = accepted(corpus)
    if len(files) < 100:
        sys.exit(f"only {len(files)} accepted messages found in {corpus}: is the corpus there?")
    failures = check(signer, "rsa", files) + check(signer, "ed25519", files)
    print(f"{len(files)} messages, {len(failures)} failures", *failures, sep="\n")
    sys.exit(1 if failures else 0)


main()
