"""Create, read, update and delete of one resource over ARM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.plugin.answers import Answer, ArmError
from rehearsal.plugin.arm import Arm
from rehearsal.plugin.diff import apply_drift
from rehearsal.plugin.kinds import Kind
from rehearsal.plugin.operations import wait_for_operation
from rehearsal.plugin.pace import OperationCancelledError, OperationTimedOutError
from rehearsal.plugin.shape import input_projection, path_values, request_body, response_outputs
from rehearsal.plugin.values import plain

DEFAULT_TIMEOUT_SECONDS = 120 * 60.0
OPERATION_TIMED_OUT = "operation timed out"
_INTERRUPTIONS = (ArmError, OperationTimedOutError, OperationCancelledError)


class InitializationFailedError(Exception):
    """Azure took the PUT and what came after it failed: the resource stays in state, half made."""

    def __init__(self, reason: str, state: ResourceState) -> None:
        super().__init__(reason)
        self.state = state


@dataclass(frozen=True)
class ResourceState:
    """What goes into the engine's state."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    """None if nothing could be read: the state then has no outputs at all."""


class Lifecycle:
    """The verbs of one resource type on one provider."""

    def __init__(self, arm: Arm, kind: Kind, api_version: str, timeout: float = 0.0) -> None:
        """Take the type; `timeout` is customTimeouts in Azure's seconds, 0 for two hours."""
        self._arm = arm
        self._kind = kind
        self._api_version = api_version
        self._deadline = arm.pace.deadline(timeout or DEFAULT_TIMEOUT_SECONDS)

    def create(self, inputs: Mapping[str, Any]) -> ResourceState:
        """Check that nothing is there, PUT, wait, and read what has come of it.

        Raises ArmError if Azure refuses, InitializationFailedError if it accepted and then
        failed, took too long, or was not waited for because the engine cancelled.
        """
        if self._kind.singleton:
            return self.update(inputs)
        path = self._path(inputs)
        found = self._arm.request("GET", self._url(path), deadline=self._deadline)
        if found.status == 200 and found.body:
            message = f"cannot create already existing resource '{path}'"
            raise ArmError(message)
        if found.status not in (200, 204, 404):
            message = (
                f"cannot check existence of resource '{path}': status code {found.status}, "
                f"{found.text[:2000]}"
            )
            raise ArmError(message)
        self._put(path, inputs, request_body(self._kind, plain(dict(inputs))))
        return self._read_back(path, inputs)

    def update(self, inputs: Mapping[str, Any]) -> ResourceState:
        """PUT the whole body, wait, and read. The path is made from the inputs, as in create."""
        path = self._path(inputs)
        body = request_body(self._kind, plain(dict(inputs)))
        self._keep_unset(path, body, inputs)
        self._put(path, inputs, body)
        return self._read_back(path, inputs)

    def read(
        self, resource_id: str, inputs: Mapping[str, Any], old_outputs: Mapping[str, Any]
    ) -> ResourceState | None:
        """Read the resource; None if it is gone.

        With inputs (a refresh) only what changed in Azure since the last update is carried over
        to them; without (an import) they are made from the answer and the id.
        """
        answer = self._arm.request("GET", self._url(resource_id), deadline=self._deadline)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise answer.failure()
        outputs = response_outputs(self._kind, answer.body, self._api_version)
        after = input_projection(self._kind, outputs)
        if inputs:
            before = input_projection(self._kind, plain(dict(old_outputs)))
            renewed = apply_drift(inputs, before, after)
        else:
            named = path_values(self._kind, resource_id)
            named[self._kind.name_parameter] = str(
                answer.body.get("name") or named[self._kind.name_parameter]
            )
            renewed = {**after, **named, "azureApiVersion": self._api_version}
        return ResourceState(resource_id, renewed, outputs)

    def delete(self, resource_id: str) -> None:
        """DELETE and wait; a resource that is gone already counts as deleted."""
        if self._kind.singleton:
            return
        url = self._url(resource_id)
        answer = self._arm.request("DELETE", url, deadline=self._deadline)
        if answer.status == 404:
            return
        if answer.status not in (200, 202, 204):
            raise answer.failure()
        self._wait("DELETE", answer, url)

    def _path(self, inputs: Mapping[str, Any]) -> str:
        return self._kind.resource_path(plain(dict(inputs)), self._arm.subscription)

    def _url(self, path: str) -> str:
        return self._arm.url(path, self._api_version)

    def _put(self, path: str, inputs: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        url = self._url(path)
        answer = self._arm.request("PUT", url, deadline=self._deadline, body=body)
        if answer.status not in (200, 201, 202):
            raise answer.failure()
        try:
            self._wait("PUT", answer, url)
        except _INTERRUPTIONS as error:
            raise self._half_made(path, inputs, error) from error

    def _half_made(
        self, path: str, inputs: Mapping[str, Any], cause: Exception
    ) -> InitializationFailedError | Exception:
        """Make the error for a resource that Azure took on and that did not get ready.

        It is read within the time of the operation, so after a time-out or a cancellation
        nothing can be read any more and the state has no outputs: HandleErrorWithCheckpoint
        (pulumi-azure-native, provider/pkg/provider/crud/crud.go) reads with the context that
        has just expired. What is not there needs no place in the state: the cause alone.
        """
        try:
            answer = self._arm.request("GET", self._url(path), deadline=self._deadline)
        except _INTERRUPTIONS as error:
            unread: Exception = error
        else:
            if answer.status == 200:
                outputs = response_outputs(self._kind, answer.body, self._api_version)
                return InitializationFailedError(
                    str(cause), ResourceState(path, dict(inputs), outputs)
                )
            if answer.status == 404:
                return cause
            unread = answer.failure()
        reason = f"resource created but read failed {unread}: {cause}"
        if isinstance(cause, OperationTimedOutError):
            reason = OPERATION_TIMED_OUT
        return InitializationFailedError(reason, ResourceState(path, dict(inputs), None))

    def _wait(self, method: str, answer: Answer, url: str) -> None:
        wait_for_operation(
            self._arm,
            method,
            answer,
            resource_url=url,
            api_version=self._api_version,
            deadline=self._deadline,
        )

    def _read_back(self, path: str, inputs: Mapping[str, Any]) -> ResourceState:
        answer = self._arm.request("GET", self._url(path), deadline=self._deadline)
        if answer.status != 200:
            raise answer.failure()
        outputs = response_outputs(self._kind, answer.body, self._api_version)
        return ResourceState(str(answer.body.get("id") or path), dict(inputs), outputs)

    def _keep_unset(self, path: str, body: dict[str, Any], inputs: Mapping[str, Any]) -> None:
        unset = [name for name in self._kind.keep_if_unset if name not in inputs]
        if not unset:
            return
        answer = self._arm.request("GET", self._url(path), deadline=self._deadline)
        properties = answer.body.get("properties") or {}
        body.setdefault("properties", {}).update(
            {name: properties[name] for name in unset if properties.get(name)}
        )
