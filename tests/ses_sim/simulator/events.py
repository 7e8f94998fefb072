"""SES's events on their way out: to a queue of SQS, or to a relay's admin socket, which takes Send alone."""

import asyncio
import json
import urllib.error
import urllib.request

from .published import events_of
from .settings import Settings

MAX_WAITING = 100_000
RETRY_SECONDS = 0.2  # SNS tries again too


class Events:
    """The events of each message, in order, each until it is taken."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._waiting: asyncio.Queue[dict] = asyncio.Queue(MAX_WAITING)
        self._posting: asyncio.Task | None = None
        self.posted = 0

    def taken(self, record: dict) -> None:
        """Queues the events of a message that was taken, if somebody listens for them."""
        queue_id = record["tags"].get("postern_id", "")
        if self._settings.events_queue:
            for event in events_of(record, self._settings.region):
                self._waiting.put_nowait(event)
        elif self._settings.events_socket and queue_id:
            self._waiting.put_nowait({"queue_id": queue_id, "upstream_id": record["id"], "event": "Send"})
        else:
            return
        self._posting = self._posting or asyncio.create_task(self._post_all())

    async def _post_all(self) -> None:
        while True:
            event = await self._waiting.get()
            await asyncio.sleep(self._settings.event_delay_ms / 1000)
            while self._somebody_listens() and not await self._post(event):
                await asyncio.sleep(RETRY_SECONDS)

    def _somebody_listens(self) -> bool:
        return bool(self._settings.events_queue or self._settings.events_socket)

    async def _post(self, event: dict) -> bool:
        """False: nobody took it."""
        if self._settings.events_queue:
            taken = await asyncio.to_thread(self._send_to_queue, event)
        else:
            taken = await self._send_to_socket(event)
        self.posted += taken
        return taken

    def _send_to_queue(self, event: dict) -> bool:
        """By SQS's JSON protocol, as raw delivery of a topic leaves it there."""
        body = {"QueueUrl": self._settings.events_queue, "MessageBody": json.dumps(event)}
        request = urllib.request.Request(
            self._settings.events_endpoint or self._settings.events_queue,
            json.dumps(body).encode(),
            {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    async def _send_to_socket(self, event: dict) -> bool:
        body = json.dumps(event).encode()
        head = (
            "POST /api/v1/feedback/event HTTP/1.1\r\nHost: relay\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        try:
            reader, writer = await asyncio.open_unix_connection(self._settings.events_socket)
            writer.write(head.encode() + body)
            status = await asyncio.wait_for(reader.readline(), 10)
            writer.close()
        except (OSError, asyncio.TimeoutError):
            return False
        return status.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4"))
