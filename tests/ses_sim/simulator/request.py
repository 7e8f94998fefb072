"""One HTTP request, as the control port and the API read it."""

import asyncio
import dataclasses
import email.utils
import json
import urllib.parse

MAX_BODY = 1 << 20


@dataclasses.dataclass
class Request:
    """Header names are in lower case; `path` and `query` are as they came, escapes and all."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


async def read(reader: asyncio.StreamReader) -> Request:
    """Raises ValueError or IncompleteReadError for what is no request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    length = int(headers.get("content-length", 0))
    if length > MAX_BODY:
        raise ValueError(f"a request body is at most {MAX_BODY} octets")
    split = urllib.parse.urlsplit(target)
    return Request(method, split.path, split.query, headers, await reader.readexactly(length))


def write_answer(writer: asyncio.StreamWriter, status: str, answer, headers: str = "") -> None:
    """Answers in JSON and closes; `headers` are whole lines."""
    payload = json.dumps(answer, indent=1).encode() + b"\n"
    writer.write(
        f"HTTP/1.1 {status}\r\nDate: {email.utils.formatdate(usegmt=True)}\r\n"
        f"Content-Type: application/json\r\n{headers}"
        f"Content-Length: {len(payload)}\r\nConnection: close\r\n\r\n".encode() + payload
    )
    writer.close()
