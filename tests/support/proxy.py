"""A proxy that misbehaves: between client and relay, and between relay and upstream."""

import asyncio
import contextlib
import dataclasses
import socket
import threading

ACTIONS = ("pass", "refuse", "drop", "stall", "slice", "corrupt", "close", "reset")


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens to a connection once `after` octets have gone `direction` (up: towards the server), or `seen` stood
    in them: slice (from then on one octet a write), corrupt (one octet), stall (nothing more either way), drop (what
    comes in this direction vanishes), close (after what was sent), reset. refuse closes at once. Connections beyond
    `connections` are passed on unharmed; 0 is all."""

    action: str = "pass"
    direction: str = "up"
    after: int = 0
    seen: bytes = b""
    connections: int = 1

    def __post_init__(self):
        assert self.action in ACTIONS and self.direction in ("up", "down"), self


class Proxy:
    """Listens on `port`, forwards to 127.0.0.1:`target`. Runs in a thread of its own."""

    def __init__(self, target: int, fault: Fault = Fault()):
        self.target = target
        self.fault = fault
        self.connections = 0
        self.struck = 0  # connections that met the fault
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def set(self, fault: Fault) -> None:
        """For connections from now on; counts begin anew."""
        self.fault = fault
        self.connections = self.struck = 0

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _close(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        fault = self.fault
        if fault.connections and self.connections > fault.connections:
            fault = Fault()
        if fault.action == "refuse":
            self.struck += 1
            _reset(writer)
            return
        with contextlib.suppress(OSError):
            upward_reader, upward_writer = await asyncio.open_connection("127.0.0.1", self.target)
            up = _Stream(self, fault if fault.direction == "up" else Fault(), reader, upward_writer)
            down = _Stream(self, fault if fault.direction == "down" else Fault(), upward_reader, writer)
            try:
                await asyncio.gather(up.pump(), down.pump())
            except _Cut as cut:
                for end in (writer, upward_writer):
                    _reset(end) if cut.reset else end.close()
            finally:
                for end in (writer, upward_writer):
                    end.close()


class _Cut(Exception):
    def __init__(self, reset: bool):
        self.reset = reset


class _Stream:
    """One direction of one connection."""

    def __init__(
        self, proxy: Proxy, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ):
        self._proxy = proxy
        self._fault = fault
        self._reader = reader
        self._writer = writer
        self._passed = b""
        self._due = False

    async def pump(self) -> None:
        while octets := await self._read():
            before, rest = self._divide(octets)
            if before:
                await self._write(before)
            if rest:
                await self._harm(rest)
        if self._writer.can_write_eof():
            self._writer.write_eof()

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(65536)
        except ConnectionError as broken:
            raise _Cut(reset=True) from broken

    def _divide(self, octets: bytes) -> tuple[bytes, bytes]:
        """What still passes unharmed, and what the fault is applied to."""
        if self._fault.action == "pass" or self._due:
            return (octets, b"") if not self._due else (b"", octets)
        begin = len(self._passed)
        self._passed += octets
        at = (
            self._passed.find(self._fault.seen) + len(self._fault.seen)
            if self._fault.seen
            else self._fault.after
        )
        if (self._fault.seen and self._fault.seen not in self._passed) or at > len(self._passed):
            return octets, b""
        self._due = True
        self._proxy.struck += 1
        split = max(at - begin, 0)
        if self._fault.action in ("close", "reset") and split == len(octets):
            return octets, b"\0"  # nothing left to harm, but it happens now
        return octets[:split], octets[split:]

    async def _harm(self, octets: bytes) -> None:
        match self._fault.action:
            case "slice":
                for at in range(len(octets)):
                    await self._write(octets[at : at + 1])
                    await asyncio.sleep(0)
            case "corrupt":
                self._fault = Fault()
                self._due = False
                await self._write(bytes([octets[0] ^ 0x55]) + octets[1:])
            case "stall":
                await asyncio.get_running_loop().create_future()
            case "drop":
                pass
            case "close" | "reset" as action:
                raise _Cut(reset=action == "reset")

    async def _write(self, octets: bytes) -> None:
        try:
            self._writer.write(octets)
            await self._writer.drain()
        except ConnectionError as broken:
            raise _Cut(reset=True) from broken


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    if connection and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()
