"""The actions of the lab service, on the wire: what is asked, checked, and then polled."""

from __future__ import annotations

from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import polling, service
from rehearsal.azure.arm.routes import as_caller
from rehearsal.azure.arm.types import types_of
from rehearsal.azure.devtestlab import (
    applicable,
    changing,
    errors,
    evaluating,
    installing,
    power,
    schedules,
)
from rehearsal.azure.devtestlab.machines import VMS
from rehearsal.azure.http.messages import Answer, Call, Handler
from rehearsal.azure.model import Resource

Json = dict[str, Any]


def create_vm(call: Call) -> Answer:
    """createEnvironment: make one machine, or several of a name with a number each."""
    lab, name = _target(call), str(call.body.get("name") or "")
    if not name:
        raise errors.MISSING.of(what="name")
    properties = dict(call.body.get("properties") or {})
    bulk = properties.pop("bulkCreationParameters", None) or {}
    count = int(bulk.get("instanceCount", 1))
    names = [name] if count == 1 else [f"{name}{at:02}" for at in range(count)]
    operation = ""
    for each in names:
        path = f"{lab.id}/virtualmachines/{each}"
        if call.azure.resources.find(path) is not None:
            raise errors.ALREADY_EXISTS.of(name=each)
        # As Azure writes an id: the caller's letter case of subscription, group, lab and machine.
        path = f"{ids.collection_of(call.path)}/virtualmachines/{each}"
        outcome = service.put(
            call.azure,
            types_of(call.azure)[VMS.lower()],
            path,
            {**call.body, "properties": properties},
            caller=call.caller,
            version=call.api_version,
        )
        operation = outcome.operation or operation
    return polling.accepted(call, operation)


def apply_artifacts(call: Call) -> Answer:
    """Install artifacts on a machine that runs."""
    asked = call.body.get("artifacts") or []
    return polling.accepted(call, installing.apply(call.azure, _target(call), asked))


def power_of(action: str) -> Handler:
    """Start, stop or restart."""

    def change(call: Call) -> Answer:
        return polling.accepted(call, power.change(call.azure, _target(call), action))

    return change


def change_of(action: str) -> Handler:
    """Do what `changing` knows."""

    def change(call: Call) -> Answer:
        operation = changing.begin(call.azure, _target(call), action, call.body, call.caller)
        return polling.accepted(call, operation)

    return change


def claim_any(call: Call) -> Answer:
    """Claim the first machine that anybody may have."""
    vm = changing.claimable(call.azure, _target(call))
    return polling.accepted(call, changing.begin(call.azure, vm, "claim", {}, call.caller))


def remote_desktop(call: Call) -> Answer:
    """Write the file that a remote desktop client opens."""
    vm = _target(call)
    if vm.properties["osType"] != "Windows":
        raise errors.NOT_WINDOWS.of(vm=vm.name)
    lines = (
        f"full address:s:{vm.properties['fqdn']}:3389",
        "prompt for credentials:i:1",
        f"username:s:~\\{vm.properties['userName']}",
    )
    return Answer(200, {"contents": "".join(f"{line}\r\n" for line in lines)})


def applicable_schedules(call: Call) -> Answer:
    """Give the schedules that apply to a machine."""
    return Answer(200, applicable.applicable(call.azure, _target(call)))


def list_applicable(call: Call) -> Answer:
    """List what a lab's schedule stands for."""
    found = schedules.applied(call.azure, _target(call))
    return Answer(200, {"value": [each.body for each in found]})


def execute_schedule(call: Call) -> Answer:
    """Execute a schedule now."""
    return polling.accepted(call, schedules.execute(call.azure, _target(call)))


def retarget(call: Call) -> Answer:
    """Let a schedule be for another resource."""
    schedule, asked = _target(call), call.body
    if not asked.get("targetResourceId"):
        raise errors.MISSING.of(what="targetResourceId")
    changed = schedule.setting(targetResourceId=asked["targetResourceId"])
    call.azure.resources.keep(changed)
    operation = call.azure.operations.begin(schedule.key, "POST")
    call.azure.operations.finish(operation)
    return polling.accepted(call, operation)


def evaluate_policies(call: Call) -> Answer:
    """Say of each policy asked for whether one more would break it."""
    # The policy set is always `default`, which is no resource of its own.
    lab = service.need(call.azure, call.path.lower().partition("/policysets/")[0])
    caller = call.caller.object_id
    found = [
        evaluating.evaluate(call.azure, lab, each, caller)
        for each in call.body.get("policies") or ()
    ]
    return Answer(200, {"results": found})


def _target(call: Call) -> Resource:
    """Give the resource an action is done to: its id is the path without the last segment."""
    return service.need(call.azure, ids.collection_of(as_caller(call, call.path)))
