"""The messages that were taken: kept, counted, listed."""

import collections
import dataclasses
import json
import pathlib
import time

from . import delivery, identities
from .header import Message


@dataclasses.dataclass
class Submission:
    """One transaction, complete, as it came over one connection."""

    connection: int
    client: str
    tls: dict
    envelope_from: str
    mail_parameters: list[str]
    recipients: list[str]
    octets: bytes
    message: Message
    began_at: float


class Mailroom:
    """`take` is the one place where a message becomes SES's own: whatever happens to it later starts there."""

    def __init__(self, directory: pathlib.Path | None, keep: int):
        self._directory = directory
        self._records: collections.deque[dict] = collections.deque(maxlen=keep)
        self.taken = 0
        self.recipients = 0
        if directory:
            directory.mkdir(parents=True, exist_ok=True)

    def reset(self) -> None:
        """Forgets the records; files stay where they are."""
        self._records.clear()
        self.taken = 0
        self.recipients = 0

    def take(self, submission: Submission, region: str) -> dict:
        """Records the message and writes it as it is delivered. Returns the record."""
        message_id = delivery.make_id(region)
        self.taken += 1
        self.recipients += len(submission.recipients)
        record = {"sequence": self.taken, "id": message_id, **_description(submission)}
        if self._directory:
            self._save(record, submission, region)
        self._records.append(record)
        return record

    def since(self, sequence: int) -> list[dict]:
        """The records kept that came after this one."""
        return [record for record in self._records if record["sequence"] > sequence]

    def _save(self, record: dict, submission: Submission, region: str) -> None:
        base = self._directory / record["id"]
        received = base.with_name(record["id"] + ".received.eml")
        delivered = base.with_name(record["id"] + ".eml")
        received.write_bytes(submission.octets)
        delivered.write_bytes(delivery.as_delivered(submission.message, record["id"], region))
        record |= {"received": str(received), "delivered": str(delivered)}
        base.with_name(record["id"] + ".json").write_text(json.dumps(record, indent=1) + "\n")


def _description(submission: Submission) -> dict:
    control = delivery.control_fields(submission.message)
    simulated = {
        address: mailbox
        for address in submission.recipients
        if (mailbox := identities.simulator_mailbox(address))
    }
    return {
        "connection": submission.connection,
        "client": submission.client,
        **submission.tls,
        "mail_from": submission.envelope_from,
        "mail_parameters": submission.mail_parameters,
        "recipients": submission.recipients,
        "size": len(submission.octets),
        "subject": submission.message.first("subject"),
        "configuration_set": control.get("x-ses-configuration-set", ""),
        "tags": delivery.tags(submission.message),
        "control_fields": control,
        "simulator": simulated,
        "began_at": submission.began_at,
        "received_at": time.time(),
    }
