"""What happens on one build VM, and what may be cleared away."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from factory.azure.key_vault import VaultError
from factory.azure.resources import Arm, ArmError, failure_text
from factory.common import names
from factory.common.ownership import BuildKey, Owner
from factory.components.gates import Mark, RefusedError, clear_leftover, clear_unfinished, may_clear
from factory.components.machine.artifact_parameters import Parameters, Read, no_vaults
from factory.components.machine.vm_work import BuildOutcome, VmWork
from factory.definitions.definition import Artifact, Definition, VaultRef
from factory.observed.model import ArtifactStatus, BuildVm, Thing
from factory.observed.responses import shown_failure
from tests.components.harness import FakeArm, waiter

LAB = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DevTestLab/labs/factory"
MARK = Mark(Owner("o/p/dev"), BuildKey("linux/a", "20261122.1"), "1")
TAGS = {
    names.STACK: MARK.owner.stack,
    names.DEFINITION: MARK.build.definition,
    names.VERSION: MARK.build.version,
    names.ATTEMPT: MARK.attempt,
}


def definition(**fields: Any) -> Definition:
    base = {"publisher": "p", "offer": "o", "sku": "s"}
    return Definition.model_validate({"base": base, "os": "linux", **fields})


def work(
    arm: FakeArm, *, secrets: dict[str, str] | None = None, read: Read = no_vaults, **fields: Any
) -> BuildOutcome:
    given = Parameters(secrets or {}, read)
    job = VmWork(waiter(arm), "/vm", LAB, definition(**fields), given, lambda _: None)
    return asyncio.run(job.run())


def test_artifacts_are_applied_one_by_one_in_order() -> None:
    arm = FakeArm()
    outcome = work(arm, artifacts=["linux-java", "linux-powershell"])
    assert outcome.error == ""
    assert outcome.os_disk_id == "/disk/os"
    assert [name for name, _ in arm.applied] == [
        "linux-java",
        "linux-powershell",
        "linux-deprovision",
    ]


def test_a_failed_artifact_ends_the_build_and_names_itself_and_its_text() -> None:
    arm = FakeArm(fate={"linux-java": "Failed"})
    outcome = work(arm, artifacts=["linux-java", "linux-powershell"])
    assert outcome.error == "artifact linux-java (1 of 3) failed: E42: no disk space"
    assert [name for name, _ in arm.applied] == ["linux-java"]


def test_a_build_goes_on_at_the_artifact_it_reached() -> None:
    done = f"{LAB}/artifactsources/public repo/artifacts/linux-java"
    arm = FakeArm(statuses=[ArtifactStatus(done, "Succeeded")])
    assert work(arm, artifacts=["linux-java", "linux-powershell"]).error == ""
    assert [name for name, _ in arm.applied] == ["linux-powershell", "linux-deprovision"]


MANDATORY = f"{LAB}/artifactSources/Public Repo/artifacts/linux-java"


def of_lab(status: str, *further: ArtifactStatus, **fields: Any) -> FakeArm:
    first = ArtifactStatus(MANDATORY, status)
    return FakeArm(statuses=[first, *further], mandatory=[MANDATORY.lower()], **fields)


def test_an_artifact_that_the_lab_applies_by_itself_is_not_the_definitions_own() -> None:
    own = {"name": "linux-java", "parameters": {"version": "21"}}
    arm = of_lab("Succeeded")
    assert work(arm, artifacts=[own]).error == ""
    assert arm.applied == [("linux-java", {"version": "21"}), ("linux-deprovision", {})]
    # A run that was cut off after its own: that is there, and not asked for again.
    arm = of_lab("Succeeded", ArtifactStatus(MANDATORY.lower(), "Installing"))
    assert work(arm, artifacts=[own]).error == ""
    assert [name for name, _ in arm.applied] == ["linux-deprovision"]


@pytest.mark.parametrize(
    ("status", "final"), [(400, "yes"), (403, "yes"), (404, ""), (429, ""), (500, "")]
)
def test_what_is_said_of_the_request_itself_is_final(status: int, final: str) -> None:
    class Refusing(FakeArm):
        def apply_artifact(self, *_: Any) -> None:
            raise ArmError("POST", status, "Code", "no")

    outcome = work(Refusing())
    assert "artifact linux-deprovision (1 of 1) was refused" in outcome.error
    assert outcome.final == final
    assert work(FakeArm(fate={"linux-deprovision": "Failed"})).final == ""


@pytest.mark.parametrize("artifacts", [[], ["linux-powershell"]])
def test_a_mandatory_artifact_that_failed_fails_the_build(artifacts: list[str]) -> None:
    arm = of_lab("Failed", fate={"linux-java": "Failed"})
    outcome = work(arm, artifacts=artifacts, capture="specialized")
    assert outcome.error == (
        "the lab's mandatory artifact linux-java failed: E42: no disk space -> ask the lab's owner"
    )
    assert arm.applied == []


def test_the_same_artifact_twice_is_applied_twice() -> None:
    arm = FakeArm()
    first = {"name": "linux-apt-package", "parameters": {"packages": "git"}}
    second = {"name": "linux-apt-package", "parameters": {"packages": "jq"}}
    work(arm, artifacts=[first, second])
    assert [values for _, values in arm.applied] == [{"packages": "git"}, {"packages": "jq"}, {}]


def test_a_busy_vm_is_asked_again() -> None:
    arm = FakeArm(busy=3)
    assert work(arm).error == ""


def test_secrets_are_filled_in_at_the_call_alone() -> None:
    arm = FakeArm()
    artifact = {"name": "linux-java", "parameters": {"key": {"secret": "vpn"}}}
    work(arm, artifacts=[artifact], secrets={"vpn": "hunter2"})
    assert arm.applied[0] == ("linux-java", {"key": "hunter2"})


def test_a_specialised_vm_is_stopped_before_its_disk_is_taken() -> None:
    arm = FakeArm()
    assert work(arm, capture="specialized").error == ""
    assert arm.power == "deallocated"


def test_a_vm_that_never_shuts_down_times_out_by_azures_clock() -> None:
    arm = FakeArm(fate={"linux-deprovision": "Installing"})
    assert "did not finish within timeLimit" in work(arm, timeLimit="20m").error


def test_a_vm_that_somebody_deleted_ends_the_build() -> None:
    assert work(FakeArm(lost=True)).error == "its build VM was deleted by somebody"


@pytest.mark.parametrize(
    ("tags", "cleared"),
    [
        (TAGS, True),
        ({**TAGS, names.ATTEMPT: "2"}, False),
        ({**TAGS, names.VERSION: "20261122.2"}, False),
        ({**TAGS, names.STACK: "o/p/other"}, False),
        ({**TAGS, names.RELEASED: "yes"}, False),
        ({}, False),
    ],
)
def test_only_an_unreleased_leftover_of_this_attempt_is_cleared(
    tags: dict[str, str],
    cleared: bool,
) -> None:
    arm = FakeArm(things={"/thing": Thing("/thing", tags)})
    if cleared:
        asyncio.run(clear_leftover(waiter(arm), "/thing", MARK))
        assert arm.deleted == ["/thing"]
        return
    with pytest.raises(RefusedError, match="is not a leftover of this build"):
        asyncio.run(clear_leftover(waiter(arm), "/thing", MARK))
    assert arm.deleted == []


def test_a_copy_of_ours_that_died_is_cleared_though_released() -> None:
    dead = Thing("/copy", {**TAGS, names.RELEASED: "yes"}, copy_error="CopySourceNotFound: gone")
    assert may_clear(dead, MARK)
    theirs = Thing("/copy", {}, copy_error="CopySourceNotFound: gone")
    assert not may_clear(theirs, MARK)


async def always() -> bool:
    return True


class CopyArm(FakeArm):
    """A copy that makes progress with every look."""

    percents = [0.0, 40.0, 100.0]

    def thing(self, resource_id: str) -> Thing | None:
        return Thing(resource_id, copy_percent=self.percents.pop(0), copy_error=self.fault())

    def fault(self) -> str:
        return ""


class DyingCopy(CopyArm):
    percents = [0.0, 60.0]

    def fault(self) -> str:
        return "" if self.percents else "CopySourceNotFound: the source is gone"


def test_a_copy_is_awaited_to_its_end() -> None:
    arm = CopyArm()
    assert asyncio.run(waiter(arm).copied("/copy", timedelta(hours=9), always)) == ""
    assert arm.percents == []


def test_a_copy_is_not_waited_for_where_nothing_may_be_done() -> None:
    async def never() -> bool:
        return False

    arm = CopyArm()
    arm.percents = [0.0, 100.0]
    fault = asyncio.run(waiter(arm).copied("/copy", timedelta(hours=9), never))
    assert fault == "it is still being copied, and this run is not to wait for it"
    assert arm.percents == [100.0]


def test_a_copy_that_dies_says_why() -> None:
    fault = asyncio.run(waiter(DyingCopy()).copied("/copy", timedelta(hours=9), always))
    assert fault == "the copy failed: CopySourceNotFound: the source is gone"


def test_a_copy_that_hangs_times_out() -> None:
    class Hanging(FakeArm):
        def thing(self, resource_id: str) -> Thing | None:
            return Thing(resource_id, copy_percent=1.0)

    fault = asyncio.run(waiter(Hanging()).copied("/copy", timedelta(hours=1), always))
    assert fault == "timed out waiting for the copy of the snapshot"


def test_azures_nested_failure_becomes_one_line() -> None:
    nested = (
        '{"status":"Failed","error":{"code":"ResourceDeploymentFailure","message":"outer",'
        '"details":[{"code":"VMExtensionProvisioningError","message":"inner\\r\\n text"}]}}'
    )
    assert failure_text(nested) == "VMExtensionProvisioningError: inner text"
    assert failure_text("plain\ntext") == "plain text"
    assert failure_text('["odd"]') == '["odd"]'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            (
                "VMExtensionProvisioningError: VM has reported a failure when processing "
                "extension 'customScriptArtifact-740737597'. Error message: \""
                "Command execution finished, but "
                "failed because it returned a non-zero exit code of: '1'. The command had an error "
                "output of: 'E: Unable to locate package openjdk-21-jdk'\"."
            ),
            "exit code 1: E: Unable to locate package openjdk-21-jdk",
        ),
        (
            (
                "VMExtensionProvisioningError: VM has reported a failure when processing "
                "extension 'x'. Error message: \"Command execution finished, but "
                "failed because it returned a "
                "non-zero exit code of: '-2147024891'\"."
            ),
            "exit code -2147024891",
        ),
        (
            (
                "VMExtensionProvisioningError: VM has reported a failure when processing "
                "extension 'x'. Error message: \""
                "Enable failed: failed to execute command: command terminated "
                'with exit status=127 [stdout] hello [stderr] sh: 1: foo: not found ".'
            ),
            "exit code 127: sh: 1: foo: not found",
        ),
        (
            (
                "Enable failed: failed to execute command: command terminated with exit status=2 "
                "[stdout] it was here [stderr]"
            ),
            "exit code 2: it was here",
        ),
        (
            "VMExtensionProvisioningTimeout: Provisioning of VM extension 'x' has timed out.",
            "VMExtensionProvisioningTimeout: Provisioning of VM extension 'x' has timed out.",
        ),
        ("plain text", "plain text"),
    ],
)
def test_a_failed_script_is_shown_by_its_exit_code_and_what_it_said(text: str, shown: str) -> None:
    assert shown_failure(text) == shown


def test_of_what_a_script_said_the_end_is_shown() -> None:
    said = "x" * 5000 + " the end"
    text = f"returned a non-zero exit code of: '3'. The command had an error output of: '{said}'"
    shown = shown_failure(text)
    assert shown.startswith("exit code 3: ... xxx")
    assert shown.endswith(" the end")
    assert len(shown) < 700


def test_an_api_error_ends_in_the_outcome_not_in_an_exception() -> None:
    class Down(FakeArm):
        def build_vm(self, _: str) -> Any:
            raise ArmError("GET /vm", 503, "ServerBusy", "try later")

    assert work(Down()).error == "GET /vm: ServerBusy: try later"


@pytest.mark.parametrize(
    ("status", "code", "cut_off"),
    [
        (0, "", "yes"),  # no answer: the network, or no token
        (401, "ExpiredAuthenticationToken", "yes"),
        (0, "Timeout", ""),  # ours: it was asked, and never came to an end
        (403, "AuthorizationFailed", ""),
        (503, "ServerBusy", ""),
    ],
)
def test_a_build_that_nobody_could_watch_is_cut_off_and_did_not_fail(
    status: int, code: str, cut_off: str
) -> None:
    class Silent(FakeArm):
        def build_vm(self, _: str) -> BuildVm | None:
            raise ArmError("GET /vm", status, code, "so it is")

    outcome = work(Silent())
    assert outcome.cut_off == cut_off
    assert "so it is" in outcome.error
    assert ("the next `up` goes on from here" in outcome.error) == bool(cut_off)


def test_a_vm_that_azure_could_not_provision_says_why() -> None:
    arm = FakeArm(state="Failed", provisioning_fault="OSProvisioningTimedOut: did not finish")
    error = "its build VM is in state Failed: OSProvisioningTimedOut: did not finish"
    assert work(arm).error == error


def test_the_code_of_a_provisioning_failure_is_the_end_of_its_status() -> None:
    class Client:
        def get(self, path: str, *_: str, **__: str) -> dict[str, Any]:
            statuses = [
                {"code": "PowerState/running"},
                {"code": "ProvisioningState/failed/OSProvisioningTimedOut", "message": "not\nyet"},
            ]
            return {"properties": {"computeId": "/vm", "instanceView": {"statuses": statuses}}}

    arm = Arm(Client())  # type: ignore[arg-type]
    assert arm.vm_fault("/lab/vm") == "OSProvisioningTimedOut: not yet"
    assert arm.power_state("/lab/vm") == "running"


VAULTED = {"name": "linux-java", "parameters": {"key": {"keyVault": "kv-x", "secret": "vpn"}}}


def test_a_secret_of_a_key_vault_is_read_at_the_call_alone() -> None:
    arm, asked = FakeArm(), []

    def read(ref: VaultRef) -> str:
        asked.append((str(ref), len(arm.applied)))
        return "hunter2"

    assert work(arm, artifacts=["linux-powershell", VAULTED], read=read).error == ""
    assert arm.applied[1] == ("linux-java", {"key": "hunter2"})
    assert asked == [("secret vpn of key vault kv-x", 1)]


def test_a_secret_that_cannot_be_read_ends_the_build_in_one_line() -> None:
    def read(ref: VaultRef) -> str:
        msg = f"{ref} does not exist"
        raise VaultError(msg)

    arm = FakeArm()
    assert work(arm, artifacts=[VAULTED], read=read).error == (
        "artifact linux-java (1 of 2) was not asked for: "
        "secret vpn of key vault kv-x does not exist"
    )
    assert arm.applied == []


class Telltale(FakeArm):
    """Its artifacts print what they were given."""

    def build_vm(self, _: str) -> BuildVm | None:
        return BuildVm("b1", {}, "Succeeded", tuple(self.statuses))

    def apply_artifact(self, _: str, lab: str, artifact: Artifact, values: dict[str, str]) -> None:
        artifact_id = f"{lab}/artifactsources/{artifact.source}/artifacts/{artifact.name}"
        said = f"bad key {json.dumps(list(values.values()))}"
        self.statuses.append(ArtifactStatus(artifact_id, "Failed", said))


def test_what_an_artifact_says_of_its_secrets_is_masked() -> None:
    stack = {"name": "linux-java", "parameters": {"key": {"secret": "vpn"}}}
    said = work(Telltale(), artifacts=[stack], secrets={"vpn": 'hun"ter2'}).error
    assert said == 'artifact linux-java (1 of 2) failed: bad key ["***"]'
    said = work(Telltale(), artifacts=[VAULTED], read=lambda _: "hunter2").error
    assert said == 'artifact linux-java (1 of 2) failed: bad key ["***"]'


def test_what_cannot_be_masked_is_not_told() -> None:
    done = f"{LAB}/artifactsources/public repo/artifacts/linux-java"
    arm = FakeArm(
        fate={"linux-java": "Failed"}, statuses=[ArtifactStatus(done, "Failed", "hunter2")]
    )
    said = work(arm, artifacts=[VAULTED]).error
    assert "is withheld" in said
    assert "E42" not in said


def test_what_another_run_gave_and_nobody_knows_any_more_is_not_told() -> None:
    def changed(ref: VaultRef, given: object = None) -> str:
        if given is None:
            return "the new one"
        msg = f"{ref} was changed since"
        raise VaultError(msg)

    done = f"{LAB}/artifactsources/public repo/artifacts/linux-java"
    arm = FakeArm(
        fate={"linux-java": "Failed"}, statuses=[ArtifactStatus(done, "Failed", "hunter2")]
    )
    given = Parameters({}, changed, began=datetime(2026, 11, 22, tzinfo=UTC))
    job = VmWork(waiter(arm), "/vm", LAB, definition(artifacts=[VAULTED]), given, lambda _: None)
    assert "is withheld: secret vpn of key vault kv-x was changed" in asyncio.run(job.run()).error


@pytest.mark.parametrize(
    ("part", "state", "inside", "cleared"),
    [
        ("factory/lab", "Creating", "", True),
        ("factory/lab", "Updating", "", False),  # it had been whole
        ("factory/lab", "Succeeded", "", False),
        ("factory/lab-network", "Updating", "", True),
        ("factory/lab", "Creating", "customimages", None),
        ("factory/lab", "Creating", "virtualmachines", None),
        ("factory/lab", "Creating", "formulas", None),
    ],
)
def test_a_lab_that_never_was_whole_is_cleared_only_if_it_is_empty(
    part: str, state: str, inside: str, *, cleared: bool | None
) -> None:
    arm = FakeArm()
    arm.things[LAB] = Thing(LAB, {names.STACK: MARK.owner.stack}, state)
    if inside:
        arm.things[f"{LAB}/{inside}/theirs"] = Thing(f"{LAB}/{inside}/theirs")
    clearing = clear_unfinished(waiter(arm), part, MARK.owner, LAB)
    if cleared is None:
        with pytest.raises(RefusedError, match=f"has {inside}; it was not touched"):
            asyncio.run(clearing)
    else:
        asyncio.run(clearing)
    assert arm.deleted == ([LAB] if cleared else [])
