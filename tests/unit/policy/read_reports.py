"""Reads the golden reports with Python's email package, as a mail program would.

usage: read_reports.py GOLDEN
"""
import email
import email.policy
import pathlib
import sys

EXPECTED = {
    "report_failed.eml": ("failed", ["5.1.1"]),
    "report_expired.eml": ("failed", ["4.4.7", "4.4.7"]),
    "report_hold_expired.eml": ("failed", ["4.4.7"]),
    "report_still_held.eml": ("delayed", ["4.0.0"]),
}


def mistakes_of(octets, action, statuses):
    report = email.message_from_bytes(octets, policy=email.policy.default)
    for part in report.walk():
        for defect in part.defects:
            yield f"{part.get_content_type()}: {defect!r}"
    if report.get_content_type() != "multipart/report" or report.get_param("report-type") != "delivery-status":
        yield "it is no multipart/report of a delivery status"
    if report["Auto-Submitted"] != "auto-replied" or report["Date"].datetime is None:
        yield "Auto-Submitted or Date is missing"
    if [address.addr_spec for address in report["To"].addresses] != ["web@example.com"]:
        yield f"To is {report['To']}"
    people, status, header = report.iter_parts()
    types = [part.get_content_type() for part in (people, status, header)]
    if types != ["text/plain", "message/delivery-status", "text/rfc822-headers"]:
        yield f"its parts are {types}"
    text = people.get_content()
    for wanted in ("Passwort zurücksetzen", "visitor@example.net", "postern trace 01TESTQUEUEID", "What to do: "):
        if wanted not in text:
            yield f"{wanted!r} is not in the text"
    of_message, *of_recipients = status.get_payload()
    if of_message["Reporting-MTA"] != "dns; relay.example.com" or not of_message["Arrival-Date"]:
        yield "the status does not say who reports, or when the mail came"
    if [block["Status"] for block in of_recipients] != statuses:
        yield f"the statuses are {[block['Status'] for block in of_recipients]}"
    for block in of_recipients:
        if block["Action"] != action or not block["Final-Recipient"].startswith("rfc822; "):
            yield f"a recipient's block is {block.as_string()}"
    if email.message_from_string(header.get_payload())["Message-ID"] != "<1@example.com>":
        yield "the original's header section cannot be read"


def main(golden):
    count = 0
    for name, (action, statuses) in EXPECTED.items():
        for mistake in mistakes_of((golden / name).read_bytes(), action, statuses):
            print(f"{name}: {mistake}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
