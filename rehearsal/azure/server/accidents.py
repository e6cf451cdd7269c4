"""What fault rules do to a request: instead of it, before it, after it, and to what it began."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rehearsal.azure.arm.types import types_of
from rehearsal.azure.compute.galleries.replication import fail_replica, under_way
from rehearsal.azure.compute.snapshots import kill_copy
from rehearsal.azure.errors import ArmError
from rehearsal.azure.faults.book import Hit
from rehearsal.azure.faults.capacity import no_capacity
from rehearsal.azure.faults.rules import Rule
from rehearsal.azure.http.messages import Call
from rehearsal.azure.identity.errors import TokenError
from rehearsal.azure.server.wire import resource_type
from rehearsal.azure.world import Azure

_AT_ONCE = ("status", "drop", "hold", "delay", "capacity")
_LATER = ("hang", "failLater", "copyDies", "replicationFails")
_SIGN_IN = ("/oauth2/v2.0/token", "/oauth2/token")
_SLICE = 0.05  # real seconds between two looks at a clock that somebody may move


class Dropped(ConnectionError):  # noqa: N818 - not an error of ours: the client is to see one
    """The connection ends here, without an answer."""


class Accidents:
    """Takes rules for requests. Callers hold the lock of the Azure, but not around `wait`."""

    def __init__(self, azure: Azure, pause: Callable[[float], None] = time.sleep) -> None:
        self._azure = azure
        self._pause = pause

    def before(self, call: Call) -> Hit | None:
        """Take the rule that hits this request; what was counted is durable at once."""
        if not self._azure.faults:
            return None
        hit = self._azure.faults.take(_AT_ONCE, self._matching(call), again=self._again(call))
        self._azure.store.commit()
        return hit

    def wait(self, hit: Hit | None) -> None:
        """Delay, by the rehearsal's clock."""
        if hit is None or hit.rule.effect != "delay":
            return
        clock = self._azure.clock
        due = clock.now() + float(hit.rule.value)
        while (left := due - clock.now()) > 0:
            self._pause(_SLICE if clock.frozen else min(left / clock.scale, _SLICE))

    def refuse(self, hit: Hit | None, call: Call) -> None:
        """Answer instead of Azure, with an error, or drop the connection before anything."""
        if hit is None:
            return
        rule = hit.rule
        if rule.effect in ("drop", "hold") and rule.value == "before":
            raise Dropped
        if rule.effect == "status":
            if call.path.endswith(_SIGN_IN):
                raise TokenError(rule.value, rule.code, rule.message)
            after = {"Retry-After": str(rule.retry_after)} if rule.retry_after else {}
            raise ArmError(rule.value, rule.code, rule.message, headers=after)
        if rule.effect == "capacity":
            body = call.raw if isinstance(call.raw, dict) else {}
            size = str((body.get("properties") or {}).get("size", "?"))
            location = str(body.get("location") or self._location(call.path))
            raise no_capacity(rule.value, size, location)

    def after(self, call: Call) -> Hit | None:
        """Spoil what the call began: a rule for operations counts only calls that begin one."""
        azure = self._azure
        begun = azure.operations.begun
        if not azure.faults or not begun:
            return None
        matching = self._matching(call)
        made = azure.resources.find(call.path)
        hidden = made.hidden if made is not None else {}
        copying = (hidden.get("copy") or {}).get("state") == "running"

        def concerned(rule: Rule) -> bool:
            if rule.effect == "replicationFails":
                going = under_way(azure, hidden.get("replicas") or {}, rule.value)
                return matching(rule) and going
            return matching(rule) and (rule.effect != "copyDies" or copying)

        hit = azure.faults.take(_LATER, concerned)
        if hit is not None and hit.rule.effect == "copyDies" and made is not None:
            kill_copy(azure, made, at=float(hit.rule.value))
        elif hit is not None and hit.rule.effect == "replicationFails" and made is not None:
            fail_replica(azure, made, hit.rule.value)
        elif hit is not None:
            for operation in begun:
                azure.operations.spoil(operation, {hit.rule.effect: hit.rule.value})
        return hit

    def _matching(self, call: Call) -> Callable[[Rule], bool]:
        kind = resource_type(call.path, types_of(self._azure))
        return lambda rule: rule.matches(call.method, call.path, kind)

    def _again(self, call: Call) -> Callable[[str], bool]:
        operation = call.path.rpartition("/")[2]
        if call.method != "GET" or self._azure.operations.find(operation) is None:
            return lambda _: False
        return lambda rule: not self._azure.operations.count(operation, rule)

    def _location(self, path: str) -> str:
        lab: Any = self._azure.resources.find(path.rsplit("/", 2)[0])
        return str(lab.location) if lab else "?"
