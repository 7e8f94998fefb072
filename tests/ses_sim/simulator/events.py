"""SES's events, handed to a relay over its admin socket until it reads a queue of its own."""

import asyncio
import json

from .settings import Settings

MAX_WAITING = 100_000
RETRY_SECONDS = 0.2  # SNS tries again too


class Events:
    """A Send event for each message that carries a relay's tag, in order, each until the relay takes it."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._waiting: asyncio.Queue[dict] = asyncio.Queue(MAX_WAITING)
        self._posting: asyncio.Task | None = None
        self.posted = 0

    def taken(self, record: dict) -> None:
        """Queues the event of a message that was taken, if somebody listens for it."""
        queue_id = record["tags"].get("postern_id", "")
        if not self._settings.events_socket or not queue_id:
            return
        self._waiting.put_nowait({"queue_id": queue_id, "upstream_id": record["id"], "event": "Send"})
        self._posting = self._posting or asyncio.create_task(self._post_all())

    async def _post_all(self) -> None:
        while True:
            event = await self._waiting.get()
            await asyncio.sleep(self._settings.event_delay_ms / 1000)
            while self._settings.events_socket and not await self._post(event):
                await asyncio.sleep(RETRY_SECONDS)

    async def _post(self, event: dict) -> bool:
        """False: nobody took it."""
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
        self.posted += status.startswith(b"HTTP/1.1 2")
        return status.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4"))
