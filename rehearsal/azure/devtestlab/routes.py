"""The types of Microsoft.DevTestLab, from the SDK's table, and the actions on them."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.arm import service
from rehearsal.azure.arm.bodies import Reader
from rehearsal.azure.arm.routes import GROUP, check_version
from rehearsal.azure.arm.types import Behaviour, from_table, types_of
from rehearsal.azure.devtestlab import actions, errors, lists, sharing
from rehearsal.azure.devtestlab.disks import LAB_DISKS, LabDisk
from rehearsal.azure.devtestlab.formulas import FORMULAS, Formula
from rehearsal.azure.devtestlab.images import CUSTOM_IMAGES, CustomImage
from rehearsal.azure.devtestlab.labs import LABS, NETWORKS, Lab, LabNetwork
from rehearsal.azure.devtestlab.machines import VMS, LabMachine
from rehearsal.azure.devtestlab.people import Environment, Secret, User
from rehearsal.azure.devtestlab.sources import SOURCES, Source
from rehearsal.azure.devtestlab.timetable import Timed
from rehearsal.azure.errors import ArmError
from rehearsal.azure.http.messages import Answer, Call, Handler
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.tables import table

Json = dict[str, Any]


def _missing(path: str) -> ArmError:
    return errors.MISSING.of(what=path)


def _invalid(path: str, value: Any, kind: str) -> ArmError:
    return errors.NOT_CONVERTIBLE.of(path=path, value=value, kind=kind)


READER = Reader("devtestlab", missing=_missing, invalid=_invalid)
_SCHEDULE = Timed(status="Disabled")

# Types that are not named here keep what they are given.
TYPES = (
    *sharing.TYPES,
    *from_table(
        READER,
        {
            LABS: Lab(
                "lab",
                labStorageType="Premium",
                premiumDataDisks="Disabled",
                environmentPermission="Reader",
                mandatoryArtifactsResourceIdsLinux=[],
                mandatoryArtifactsResourceIdsWindows=[],
                extendedProperties={},
            ),
            NETWORKS: LabNetwork("labNetwork", description=""),
            SOURCES: Source(sourceType="GitHub", branchRef="master", status="Enabled"),
            VMS: LabMachine("virtualMachine"),
            CUSTOM_IMAGES: CustomImage("customImage"),
            FORMULAS: Formula(),
            f"{LABS}/policySets/policies": Behaviour(status="Enabled"),
            f"{LABS}/schedules": _SCHEDULE,
            f"{VMS}/schedules": _SCHEDULE,
            f"{LABS}/users/serviceFabrics/schedules": _SCHEDULE,
            "Microsoft.DevTestLab/schedules": _SCHEDULE,
            f"{LABS}/users": User(),
            f"{LABS}/users/secrets": Secret(),
            f"{LABS}/users/environments": Environment("environment"),
            LAB_DISKS: LabDisk("labDisk", diskType="Standard", hostCaching="None"),
        },
    ),
)

# What the table does not say, by the names that the SDK gives to groups and operations.
HANDLERS: dict[tuple[str, str], Handler] = {
    ("artifacts", "list"): lists.artifacts,
    ("artifacts", "get"): lists.artifact,
    ("artifacts", "generate_arm_template"): lists.generate_template,
    ("arm_templates", "list"): lists.arm_templates,
    ("arm_templates", "get"): lists.arm_template,
    ("gallery_images", "list"): lists.gallery_images,
    ("labs", "list_vhds"): lists.vhds,
    ("labs", "generate_upload_uri"): lists.upload_address,
    ("labs", "begin_create_environment"): actions.create_vm,
    ("labs", "begin_claim_any_vm"): actions.claim_any,
    ("virtual_machines", "begin_apply_artifacts"): actions.apply_artifacts,
    ("virtual_machines", "begin_start"): actions.power_of("start"),
    ("virtual_machines", "begin_stop"): actions.power_of("stop"),
    ("virtual_machines", "begin_restart"): actions.power_of("restart"),
    ("virtual_machines", "begin_redeploy"): actions.change_of("redeploy"),
    ("virtual_machines", "begin_resize"): actions.change_of("resize"),
    ("virtual_machines", "begin_claim"): actions.change_of("claim"),
    ("virtual_machines", "begin_un_claim"): actions.change_of("unClaim"),
    ("virtual_machines", "begin_add_data_disk"): actions.change_of("addDataDisk"),
    ("virtual_machines", "begin_detach_data_disk"): actions.change_of("detachDataDisk"),
    ("virtual_machines", "begin_transfer_disks"): actions.change_of("transferDisks"),
    ("virtual_machines", "get_rdp_file_contents"): actions.remote_desktop,
    ("virtual_machines", "list_applicable_schedules"): actions.applicable_schedules,
    ("disks", "begin_attach"): actions.change_of("attach"),
    ("disks", "begin_detach"): actions.change_of("detach"),
    ("schedules", "begin_execute"): actions.execute_schedule,
    ("schedules", "list_applicable"): actions.list_applicable,
    ("virtual_machine_schedules", "begin_execute"): actions.execute_schedule,
    ("global_schedules", "begin_execute"): actions.execute_schedule,
    ("global_schedules", "begin_retarget"): actions.retarget,
    ("policy_sets", "evaluate_policies"): actions.evaluate_policies,
}


def install(router: Router) -> None:
    """Add what the table of types does not say, under the paths that the SDK's table has."""
    for operation in table("devtestlab")["operations"]:
        handler = HANDLERS.get((operation["group"], operation["name"]))
        if handler is not None:
            router.add(
                Route(
                    operation["verb"],
                    _path(operation),
                    _checked(handler, operation),
                    _action(operation),
                )
            )
    # Of az lab, and in no SDK.
    path = f"{GROUP}{LABS}/{{lab}}/virtualMachines/{{name}}/hibernate"
    beyond = {"path": path, "verb": "POST"}
    hibernate = _checked(actions.power_of("hibernate"), beyond)
    router.add(Route("POST", path, hibernate, _action(beyond)))
    router.add(Route("GET", "/providers/Microsoft.DevTestLab/operations", _operations))


def _path(operation: Json) -> str:
    """Write a path with the names that other routes use for subscription and group."""
    path = str(operation["path"]).replace("{subscriptionId}", "{subscription}")
    return path.replace("{resourceGroupName}", "{group}")


def _action(operation: Json) -> str:
    """Derive the action a role must allow: the types of the path, then what is done."""
    parts = str(operation["path"]).partition("/providers/")[2].split("/")
    kinds = [part for part in parts if not part.startswith("{")]
    if operation["verb"] == "GET":
        return "/".join([*kinds, "read"])
    return "/".join([*kinds, "action"])


def _checked(handler: Handler, operation: Json) -> Handler:
    """Check api-version and body before the handler sees the call."""

    def checked(call: Call) -> Answer:
        check_version(call, LABS)
        if "body" in operation:
            read = READER.read(operation["body"], call.body)
            if operation["name"] == "begin_create_environment":
                machine = types_of(call.azure)[VMS.lower()]
                read = service.previewed(machine, call.body, read, call.api_version)
            call.raw = read
        return handler(call)

    return checked


def _operations(call: Call) -> Answer:
    """List what roles can allow, as GET /providers/Microsoft.DevTestLab/operations does."""
    check_version(call, LABS)
    names: dict[str, Json] = {}
    for kind in TYPES:
        for done, title in (("read", "Read"), ("write", "Add or modify"), ("delete", "Delete")):
            names[f"{kind.kind}/{done}"] = {
                "resource": kind.kind.partition("/")[2],
                "operation": title,
            }
    for operation in table("devtestlab")["operations"]:
        if (operation["group"], operation["name"]) in HANDLERS and operation["verb"] == "POST":
            resource = operation["group"].replace("_", " ")
            names[_action(operation)] = {"resource": resource, "operation": operation["name"]}
    value = [
        {
            "name": name,
            "display": {"provider": "Microsoft DevTestLab", "description": "", **display},
        }
        for name, display in names.items()
    ]
    return Answer(200, {"value": value})
