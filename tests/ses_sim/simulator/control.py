"""The control port: a few JSON resources over HTTP on loopback."""

import asyncio
import dataclasses
import json
import urllib.parse

from . import request
from .endpoint import Endpoint


class Control:
    """GET /stats, /messages?since=N, /settings, /script, /identities, /suppressed; POST /settings, /script, /identities,
    /suppressed, /reset."""

    def __init__(self, endpoint: Endpoint):
        self._endpoint = endpoint

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            status, answer = self._answer(await request.read(reader))
        except (ValueError, TypeError, asyncio.IncompleteReadError) as mistake:
            status, answer = "400 Bad Request", {"error": str(mistake)}
        request.write_answer(writer, status, answer)

    def _answer(self, asked: request.Request) -> tuple[str, object]:
        endpoint = self._endpoint
        match asked.method, asked.path:
            case "GET", "/stats":
                return "200 OK", endpoint.stats()
            case "GET", "/messages":
                since = urllib.parse.parse_qs(asked.query).get("since", ["0"])[0]
                return "200 OK", endpoint.mailroom.since(int(since))
            case "POST", "/settings":
                endpoint.settings.update(json.loads(asked.body))
                return "200 OK", dataclasses.asdict(endpoint.settings)
            case "GET", "/settings":
                return "200 OK", dataclasses.asdict(endpoint.settings)
            case "POST", "/script":
                rules = json.loads(asked.body)
                endpoint.script.add(rules if isinstance(rules, list) else [rules])
                return "200 OK", [dataclasses.asdict(rule) for rule in endpoint.script.rules]
            case "GET", "/script":
                return "200 OK", [dataclasses.asdict(rule) for rule in endpoint.script.rules]
            case "POST", "/identities":
                endpoint.registry.change(json.loads(asked.body))
                return "200 OK", endpoint.registry.listing()
            case "GET", "/identities":
                return "200 OK", endpoint.registry.listing()
            case "POST", "/suppressed":
                endpoint.suppressed |= json.loads(asked.body)
                return "200 OK", endpoint.suppressed
            case "GET", "/suppressed":
                return "200 OK", endpoint.suppressed
            case "POST", "/reset":
                endpoint.reset()
                return "200 OK", endpoint.stats()
        return "404 Not Found", {"error": f"there is no {asked.method} {asked.path}; {Control.__doc__}"}
