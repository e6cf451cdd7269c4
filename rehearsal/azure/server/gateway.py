"""The WSGI application: every request under one lock; then commit, then answer."""

from __future__ import annotations

import json
import select
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from rehearsal.azure import errors
from rehearsal.azure.arm.types import types_of
from rehearsal.azure.clock import iso
from rehearsal.azure.control.routes import Control
from rehearsal.azure.errors import ArmError
from rehearsal.azure.faults.book import Hit
from rehearsal.azure.http.messages import Answer, Call, refusal
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.identity.errors import TokenError
from rehearsal.azure.identity.tokens import Tokens
from rehearsal.azure.keyvault import hosts
from rehearsal.azure.server.accidents import Accidents, Dropped
from rehearsal.azure.server.frontdoor import FrontDoor
from rehearsal.azure.server.wire import REASONS, head, read_call, resource_type
from rehearsal.azure.world import Azure

Json = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

CONTROL = "/_rehearsal/"


class Gateway:
    """Takes every request of one local Azure."""

    def __init__(
        self,
        azure: Azure,
        router: Router,
        tokens: Tokens,
        control: Control,
        control_key: str,
    ) -> None:
        self.azure = azure
        self.record = control.record
        self.accidents = Accidents(azure)
        self.door = FrontDoor(azure, tokens)
        self.router = router
        self._control_key = control_key
        self.control = control

    def __call__(self, environ: Json, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI); a dropped one ends in ConnectionError and a closed socket."""
        began = time.perf_counter()
        call = read_call(self.azure, environ)
        of_control = call.path.startswith(CONTROL)
        hit = None
        if self.azure.faults and not of_control:
            with self.azure.lock:
                hit = self.accidents.before(call)
            self.accidents.wait(hit)
            if _holds(hit, "before"):
                _until_gone(environ)
        with self.azure.lock:
            answer, later = self._answer(call, hit)
            moment = self.azure.clock.now()
            if not of_control:
                took = (time.perf_counter() - began) * 1000
                self._note(call, answer, iso(moment), took, hit or later)
        if _holds(hit, "after"):
            _until_gone(environ)
        if hit is not None and hit.rule.effect in ("drop", "hold"):
            _hang_up(environ)
            raise Dropped
        payload = b"" if answer.body is None else json.dumps(answer.body).encode()
        headers = head(call, answer, moment, payload)
        start_response(f"{answer.status} {REASONS.get(answer.status, 'Answer')}", headers)
        return [] if call.method == "HEAD" else [payload]

    def _answer(self, call: Call, hit: Hit | None) -> tuple[Answer, Hit | None]:
        azure, later = self.azure, None
        try:
            azure.run_due()
            self.accidents.refuse(hit, call)
            azure.operations.begun.clear()
            answer = self._dispatch(call)
            later = self.accidents.after(call)
            azure.clock.save()
            azure.commit()
        except Dropped:
            answer = Answer(0)
        except TokenError as error:
            answer = Answer(error.status, error.body)
        except ArmError as error:
            azure.rollback()
            azure.store.commit()
            answer = refusal(error)
        except Exception:  # noqa: BLE001 - a fault of ours must not end a worker thread unseen
            azure.rollback()
            traceback.print_exc()
            message = "The local Azure failed; its log has the traceback."
            answer = refusal(ArmError(500, "InternalServerError", message))
        answer.headers = {**call.answer_headers, **answer.headers}
        return answer, later

    def _dispatch(self, call: Call) -> Answer:
        found = self.router.find(call.method, call.path)
        if found is not None and found[0].open:
            call.parts = found[1]
            return found[0].handler(call)
        if call.path.startswith(CONTROL):
            return self._control(call, found)
        # What is asked of a vault has a token that is none for ARM.
        if found is not None or not call.path.startswith(hosts.PREFIX):
            self.door.identify(call)
        if found is None:
            print(f"501 no route {call.method} {call.path}", file=sys.stderr, flush=True)
            raise errors.NOT_IMPLEMENTED.of(method=call.method, path=call.path)
        if not call.api_version:
            raise errors.MISSING_API_VERSION.of()
        route, call.parts = found
        self.door.admit(call, route)
        return route.handler(call)

    def _control(self, call: Call, found: tuple[Route, dict[str, str]] | None) -> Answer:
        if call.headers.get("x-rehearsal-key") != self._control_key:
            message = "The control API asks for the header X-Rehearsal-Key (secrets.json has it)."
            raise ArmError(403, "ControlKeyMissing", message)
        if found is None:
            raise errors.NOT_IMPLEMENTED.of(method=call.method, path=call.path)
        route, call.parts = found
        return route.handler(call)

    def _note(
        self, call: Call, answer: Answer, moment: str, milliseconds: float, hit: Hit | None
    ) -> None:
        """Put a request on the record; status 0 is one that was dropped before it was heard."""
        error = answer.body.get("error") if isinstance(answer.body, dict) else None
        kind = resource_type(call.path, types_of(self.azure))
        known = types_of(self.azure).get(kind)
        self.record.add(
            {
                "time": moment,
                "who": call.principal.name if call.principal else None,
                "method": call.method,
                "path": call.path,
                "type": known.kind if known else kind,
                "apiVersion": call.api_version or None,
                "status": answer.status,
                "code": error.get("code") if isinstance(error, dict) else None,
                "fault": hit.id if hit else None,
                "milliseconds": round(milliseconds, 3),
            }
        )


def _holds(hit: Hit | None, when: str) -> bool:
    return hit is not None and hit.rule.effect == "hold" and hit.rule.value == when


def _until_gone(environ: Json) -> None:
    """Leave a client without an answer until it gives up, or is no more: then it can be read."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        select.select([connection], [], [])


def _hang_up(environ: Json) -> None:
    """Close the connection under the server, as a network that fails would."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the client was quicker
