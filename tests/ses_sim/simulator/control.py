"""The control port: a few JSON resources over HTTP on loopback."""

import asyncio
import dataclasses
import json
import urllib.parse

from .endpoint import Endpoint

MAX_BODY = 1 << 20


class Control:
    """GET /stats, /messages?since=N, /settings, /script; POST /settings, /script, /reset."""

    def __init__(self, endpoint: Endpoint):
        self._endpoint = endpoint

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            method, target, body = await _request(reader)
            status, answer = self._answer(method, urllib.parse.urlsplit(target), body)
        except (ValueError, TypeError, asyncio.IncompleteReadError) as mistake:
            status, answer = "400 Bad Request", {"error": str(mistake)}
        payload = json.dumps(answer, indent=1).encode() + b"\n"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
            "Connection: close\r\n\r\n".encode() + payload
        )
        writer.close()

    def _answer(self, method: str, target: urllib.parse.SplitResult, body: bytes) -> tuple[str, object]:
        endpoint = self._endpoint
        match method, target.path:
            case "GET", "/stats":
                return "200 OK", endpoint.stats()
            case "GET", "/messages":
                since = urllib.parse.parse_qs(target.query).get("since", ["0"])[0]
                return "200 OK", endpoint.mailroom.since(int(since))
            case "POST", "/settings":
                endpoint.settings.update(json.loads(body))
                return "200 OK", dataclasses.asdict(endpoint.settings)
            case "GET", "/settings":
                return "200 OK", dataclasses.asdict(endpoint.settings)
            case "POST", "/script":
                rules = json.loads(body)
                endpoint.script.add(rules if isinstance(rules, list) else [rules])
                return "200 OK", [dataclasses.asdict(rule) for rule in endpoint.script.rules]
            case "GET", "/script":
                return "200 OK", [dataclasses.asdict(rule) for rule in endpoint.script.rules]
            case "POST", "/reset":
                endpoint.reset()
                return "200 OK", endpoint.stats()
        return "404 Not Found", {"error": f"there is no {method} {target.path}; {Control.__doc__}"}


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    lengths = [line.partition(":")[2] for line in head if line.lower().startswith("content-length:")]
    length = int(lengths[0]) if lengths else 0
    if length > MAX_BODY:
        raise ValueError(f"a request body is at most {MAX_BODY} octets")
    return method, target, await reader.readexactly(length)
