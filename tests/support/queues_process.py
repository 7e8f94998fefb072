"""Starts fauxqs, an emulator of SQS and SNS, and talks to it."""

import json
import pathlib
import subprocess
import urllib.error
import urllib.parse
import urllib.request

PROGRAM = pathlib.Path(__file__).parent.parent / "e2e" / "clients" / "queues.mjs"


class QueuesProcess:
    """A running emulator; its endpoint is `url`. Nothing is asked to be signed."""

    def __init__(self):
        assert (PROGRAM.parent / "node_modules" / "fauxqs").is_dir(), (
            f"fauxqs is not there: run tests/run.sh, or `npm install --prefix {PROGRAM.parent}`"
        )
        self._process = subprocess.Popen(["node", PROGRAM], stdout=subprocess.PIPE, text=True)
        first = self._process.stdout.readline()
        if not first:
            raise RuntimeError(f"fauxqs ended with {self._process.wait()} instead of listening")
        self.url = f"http://127.0.0.1:{json.loads(first)['port']}"

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._process.stdout.close()

    def new_queue(self, name: str) -> str:
        """Its URL."""
        return self._sqs("CreateQueue", QueueName=name)["QueueUrl"]

    def feeding(self, queue: str) -> dict:
        """What a relay is configured with that reads its events from the queue."""
        return {
            "aws": {
                "region": "us-east-1",
                "access_key_id": "AKIAIOSFODNN7EXAMPLE",
                "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                "identities": "off",
            },
            "feedback": {"sqs": {"queue_url": queue, "region": "us-east-1", "endpoint": self.url}},
        }

    def new_topic(self, name: str, queue: str) -> str:
        """The ARN of a topic whose notifications go to the queue, in SNS's envelope."""
        topic = self._sns("CreateTopic", Name=name, result="TopicArn")
        arn = self._attributes(queue)["QueueArn"]
        self._sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=arn, result="SubscriptionArn")
        return topic

    def send(self, queue: str, body: str) -> None:
        self._sqs("SendMessage", QueueUrl=queue, MessageBody=body)

    def send_all(self, queue: str, events: list) -> None:
        """Each as JSON, ten at a time."""
        for begin in range(0, len(events), 10):
            entries = [
                {"Id": str(number), "MessageBody": json.dumps(event)}
                for number, event in enumerate(events[begin : begin + 10])
            ]
            answer = self._sqs("SendMessageBatch", QueueUrl=queue, Entries=entries)
            assert len(answer["Successful"]) == len(entries), answer

    def publish(self, topic: str, message: str) -> None:
        self._sns("Publish", TopicArn=topic, Message=message, result="MessageId")

    def receive_all(self, queue: str) -> list:
        """The bodies of what is there, read as JSON; they are hidden from then on."""
        bodies = []
        while batch := self._sqs("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            bodies += [json.loads(message["Body"]) for message in batch]
        return bodies

    def left(self, queue: str) -> int:
        """Messages that are not deleted, whether anybody has received them or not."""
        attributes = self._attributes(queue)
        return sum(
            int(attributes[f"ApproximateNumberOfMessages{hidden}"]) for hidden in ("", "NotVisible")
        )

    def _attributes(self, queue: str) -> dict:
        return self._sqs("GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    def _sqs(self, action: str, **members) -> dict:
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
        return json.loads(self._ask(json.dumps(members).encode(), headers))

    def _sns(self, action: str, result: str, **members) -> str:
        """The text of the element `result`."""
        form = urllib.parse.urlencode({"Action": action, "Version": "2010-03-31", **members})
        answer = self._ask(form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        return answer.split(f"<{result}>")[1].split(f"</{result}>")[0]

    def _ask(self, body: bytes, headers: dict) -> str:
        asked = urllib.request.Request(self.url + "/", body, headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"fauxqs answered {error.code}: {error.read().decode()}") from None
