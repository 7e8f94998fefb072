"""Posts as SNS signs them, with a key of the test's own."""

import base64
import datetime
import json
import pathlib
import subprocess
import uuid

TOPIC = "arn:aws:sns:eu-central-1:111122223333:ses-events"


class SnsSigner:
    """`certificate` is what `feedback.sns.certificate_file` names."""

    def __init__(self, directory: pathlib.Path):
        self._key, self.certificate = directory / "sns.key", directory / "sns.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=sns.amazonaws.com", "-keyout", self._key, "-out", self.certificate),
            ],
            check=True,
            capture_output=True,
        )

    def notification(self, message: str, topic: str = TOPIC, **changes: str) -> bytes:
        """A post; `changes` are made after it was signed."""
        return self._signed({"Type": "Notification", "TopicArn": topic, "Message": message}, changes)

    def subscription_confirmation(self, topic: str = TOPIC, **members: str) -> bytes:
        """What SNS posts at first; `members` of it are signed too."""
        token = "2336412f37fb687f5d51e6e241dbca53"
        post = {
            "Type": "SubscriptionConfirmation",
            "TopicArn": topic,
            "Message": "You have chosen to subscribe to the topic.",
            "Token": token,
            "SubscribeURL": (
                "https://sns.eu-central-1.amazonaws.com/"
                f"?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"
            ),
        }
        return self._signed(post | members, {})

    def _signed(self, post: dict[str, str], changes: dict[str, str]) -> bytes:
        now = datetime.datetime.now(datetime.timezone.utc)
        post |= {
            "MessageId": str(uuid.uuid4()),
            "Timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": "2",
            "SigningCertURL": f"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-{'0' * 32}.pem",
        }
        names = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        signed = "".join(f"{name}\n{post[name]}\n" for name in names if name in post)
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self._key],
            input=signed.encode(),
            check=True,
            capture_output=True,
        ).stdout
        post["Signature"] = base64.b64encode(signature).decode()
        return json.dumps(post | changes).encode()
