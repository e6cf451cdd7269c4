"""The plugin's gRPC face: what the engine asks, in terms of the modules beside this one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import grpc  # type: ignore[import-untyped]  # ships no types
from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as messages

from rehearsal.plugin.arm import Arm
from rehearsal.plugin.checking import Checker, find_failures
from rehearsal.plugin.cloud import Cloud
from rehearsal.plugin.diff import CREATE_BEFORE_DELETE, Change, compare
from rehearsal.plugin.invokes import invoke
from rehearsal.plugin.kinds import Kind
from rehearsal.plugin.lifecycle import Lifecycle
from rehearsal.plugin.naming import Mode
from rehearsal.plugin.pace import Pace
from rehearsal.plugin.preview import preview_outputs
from rehearsal.plugin.schema import VERSION, package_schema
from rehearsal.plugin.settings import ConfigurationError, Settings
from rehearsal.plugin.table import KINDS, find_kind
from rehearsal.plugin.values import from_struct, plain, to_struct
from rehearsal.plugin.wording import UnknownTypeError, worded

# ruff: noqa: N802, D102  (gRPC names the methods, provider.proto documents them)
# ruff: noqa: ARG002  (each method gets the call's context)

_API_VERSION = "azureApiVersion"
_DIFF_KIND = {
    ("add", False): messages.PropertyDiff.ADD,
    ("add", True): messages.PropertyDiff.ADD_REPLACE,
    ("delete", False): messages.PropertyDiff.DELETE,
    ("delete", True): messages.PropertyDiff.DELETE_REPLACE,
    ("update", False): messages.PropertyDiff.UPDATE,
    ("update", True): messages.PropertyDiff.UPDATE_REPLACE,
}


class Service(provider_pb2_grpc.ResourceProviderServicer):
    """One provider instance. Its methods run in threads: a create that waits blocks no other."""

    def __init__(
        self, environment: Mapping[str, str] | None = None, engine: str | None = None
    ) -> None:
        """Take the environment and the address at which the engine takes messages for the user.

        The environment has fallbacks of the settings, REHEARSAL_TIME_SCALE, by which the plugin's
        own waits are divided, and REHEARSAL_PLUGIN_TIME: `real` leaves them as long as they are.
        """
        self._environment = os.environ if environment is None else environment
        real = self._environment.get("REHEARSAL_PLUGIN_TIME") == "real"
        scale = "1" if real else self._environment.get("REHEARSAL_TIME_SCALE")
        self.pace = Pace(scale=float(scale or 1))
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine)) if engine else None
        self._settings: Settings | None = None
        self._arm: Arm | None = None
        self._checker: Checker | None = None

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:
        return messages.GetSchemaResponse(schema=package_schema())

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return messages.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        same = plain(from_struct(request.olds)) == plain(from_struct(request.news))
        changes = messages.DiffResponse.DIFF_NONE if same else messages.DiffResponse.DIFF_SOME
        return messages.DiffResponse(changes=changes)

    @worded
    def Configure(self, request: Any, context: Any) -> Any:
        settings = Settings.read(plain(from_struct(request.args)), self._environment)
        cloud = Cloud(settings, self.pace)
        cloud.endpoints()  # one clear error here rather than one for each resource
        self._settings = settings
        self._arm = Arm(cloud, self.pace, settings.subscription_id)
        self._checker = Checker(self._arm, settings.location)
        # Without acceptSecrets, as the real one: the engine takes the marks off what it sends, and
        # marks what comes back by the names of the inputs that were secret.
        return messages.ConfigureResponse(
            supportsPreview=True, supports_autonaming_configuration=True
        )

    def Cancel(self, request: Any, context: Any) -> Any:
        self.pace.cancelled.set()
        return empty_pb2.Empty()

    @worded
    def Invoke(self, request: Any, context: Any) -> Any:
        arm, settings = self._ready()
        arguments = plain(from_struct(request.args))
        found = invoke(arm, settings, request.tok, arguments)
        return messages.InvokeResponse(**{"return": to_struct(found)})

    @worded
    def Check(self, request: Any, context: Any) -> Any:
        self._ready()
        if self._checker is None:
            raise AssertionError
        kind, api_version = _kind_of(request.urn)
        proposal = None
        if request.HasField("autonaming"):
            proposal = (request.autonaming.proposed_name, Mode(request.autonaming.mode))
        inputs = self._checker.complete(
            kind,
            api_version,
            urn=request.urn,
            seed=request.randomSeed,
            old_inputs=from_struct(request.olds),
            inputs=from_struct(request.news),
            proposal=proposal,
        )
        failures = [
            messages.CheckFailure(reason=reason) for reason in find_failures(kind, plain(inputs))
        ]
        return messages.CheckResponse(inputs=to_struct(inputs), failures=failures)

    @worded
    def Diff(self, request: Any, context: Any) -> Any:
        kind, _ = _kind_of(request.urn)
        old_inputs = plain(from_struct(request.old_inputs))
        # An import has no API version among its inputs; then that of the outputs counts.
        used = from_struct(request.olds).get(_API_VERSION)
        if used is not None:
            old_inputs.setdefault(_API_VERSION, used)
        changes = compare(kind, old_inputs, plain(from_struct(request.news)))
        if not changes:
            return messages.DiffResponse(changes=messages.DiffResponse.DIFF_NONE)
        replaces = sorted({_top(change) for change in changes if change.replaces})
        return messages.DiffResponse(
            changes=messages.DiffResponse.DIFF_SOME,
            replaces=replaces,
            diffs=sorted({_top(change) for change in changes}),
            detailedDiff={
                change.path: messages.PropertyDiff(
                    kind=_DIFF_KIND[change.kind, change.replaces], inputDiff=True
                )
                for change in changes
            },
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and not old_inputs.get(CREATE_BEFORE_DELETE, False),
        )

    @worded
    def Create(self, request: Any, context: Any) -> Any:
        kind, _ = _kind_of(request.urn)
        inputs = from_struct(request.properties)
        if request.preview:
            return messages.CreateResponse(properties=to_struct(preview_outputs(kind, inputs, {})))
        state = self._lifecycle(request).create(inputs)
        return messages.CreateResponse(id=state.id, properties=to_struct(state.outputs or {}))

    @worded
    def Update(self, request: Any, context: Any) -> Any:
        kind, _ = _kind_of(request.urn)
        inputs = from_struct(request.news)
        if request.preview:
            outputs = preview_outputs(kind, inputs, from_struct(request.olds))
            return messages.UpdateResponse(properties=to_struct(outputs))
        state = self._lifecycle(request).update(inputs)
        return messages.UpdateResponse(properties=to_struct(state.outputs or {}))

    @worded
    def Read(self, request: Any, context: Any) -> Any:
        state = self._lifecycle(request).read(
            request.id, from_struct(request.inputs), from_struct(request.properties)
        )
        if state is None:
            return messages.ReadResponse(id="")
        return messages.ReadResponse(
            id=state.id, properties=to_struct(state.outputs or {}), inputs=to_struct(state.inputs)
        )

    @worded
    def Delete(self, request: Any, context: Any) -> Any:
        self._lifecycle(request).delete(request.id)
        return empty_pb2.Empty()

    def _ready(self) -> tuple[Arm, Settings]:
        if self._arm is None or self._settings is None:
            message = "the provider is not configured"
            raise ConfigurationError(message)
        return self._arm, self._settings

    def _lifecycle(self, request: Any) -> Lifecycle:
        kind, api_version = _kind_of(request.urn)
        timeout = getattr(request, "timeout", 0.0)  # a read has none

        def warn(message: str) -> None:
            if self._engine is not None:
                severity = engine_pb2.LogSeverity.WARNING
                self._engine.Log(
                    engine_pb2.LogRequest(severity=severity, message=message, urn=request.urn)
                )

        return Lifecycle(self._ready()[0], kind, api_version, timeout, warn=warn)


def _kind_of(urn: str) -> tuple[Kind, str]:
    token = urn.split("::")[2].rpartition("$")[2]
    try:
        return find_kind(token)
    except KeyError as error:
        known = ", ".join(sorted(name.partition(":")[2] for name in KINDS))
        message = f"the stand-in for azure-native does not know {token}; it knows: {known}"
        raise UnknownTypeError(message) from error


def _top(change: Change) -> str:
    return change.path.partition(".")[0].partition("[")[0]
