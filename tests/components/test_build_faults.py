"""Every fault that a build can end with: what brings it about, and whether it is final."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory.azure.key_vault import VaultError
from factory.azure.resources import ArmError
from factory.components.machine.artifact_parameters import Read, no_vaults
from factory.components.machine.build_faults import Kind, table, unmade
from tests.components.harness import FakeArm
from tests.components.test_waits import VAULTED, of_lab, work

DOCS = Path(__file__).parents[2] / "docs/how-it-works.md"
SAID = {
    Kind.VM_NO_ROOM: ["Code=AllocationFailed", "ZonalAllocationFailed: no room"],
    Kind.VM_NO_QUOTA: [
        "QuotaExceeded: cores",
        "OperationNotAllowed: cores ... Quota",
        "SkuNotAvailable",
    ],
    Kind.VM_FORBIDDEN: [
        'Status=403 Code="AuthorizationFailed"',
        "RequestDisallowedByPolicy: policy quota-tags",
    ],
    Kind.VM_WRONG: ['Status=400 Code="InvalidParameter"', "MarketplacePurchaseEligibilityFailed"],
    Kind.VM_FAILED: ["OSProvisioningTimedOut", "Status=500", "OperationNotAllowed: busy", "quota"],
}


def refusing(status: int) -> FakeArm:
    class Refusing(FakeArm):
        def apply_artifact(self, *_: Any) -> None:
            raise ArmError("POST", status, "Code", "no")

    return Refusing()


def silent(*_: object) -> Any:
    msg = "secret vpn of key vault kv-x cannot be read"
    raise VaultError(msg)


class NoDisk(FakeArm):
    def os_disk(self, _: str) -> None:
        return None


class Awake(FakeArm):
    def power_state(self, _: str) -> str:
        return "running"


Case = tuple[Callable[[], FakeArm], dict[str, Any], Read]
REACHED: dict[Kind, Case] = {
    Kind.VM_GONE: (lambda: FakeArm(lost=True), {}, no_vaults),
    Kind.DISK_UNFIT: (lambda: FakeArm(security="TrustedLaunch"), {}, no_vaults),
    Kind.MANDATORY_FAILED: (
        lambda: of_lab("Failed", fate={"linux-java": "Failed"}),
        {"artifacts": ["linux-powershell"]},
        no_vaults,
    ),
    Kind.ARTIFACT_REFUSED: (lambda: refusing(403), {}, no_vaults),
    Kind.ARTIFACT_NOT_ASKED: (lambda: refusing(404), {}, no_vaults),
    Kind.SECRET_UNREAD: (FakeArm, {"artifacts": [VAULTED]}, silent),
    Kind.ARTIFACT_FAILED: (
        lambda: FakeArm(fate={"linux-java": "Failed"}),
        {"artifacts": ["linux-java"]},
        no_vaults,
    ),
    Kind.NOT_SHUT_DOWN: (Awake, {"timeLimit": "10m"}, no_vaults),
    Kind.NO_DISK: (NoDisk, {}, no_vaults),
}


def test_every_kind_is_reached_by_one_of_these() -> None:
    assert {*SAID, *REACHED} == {*Kind}


@pytest.mark.parametrize("kind", SAID)
def test_what_azure_says_of_a_vm_that_it_did_not_make(kind: Kind) -> None:
    assert [unmade(text) for text in SAID[kind]] == [kind] * len(SAID[kind])


@pytest.mark.parametrize("kind", REACHED)
def test_what_ends_the_work_on_a_vm_is_final_as_the_table_says(kind: Kind) -> None:
    arm, fields, read = REACHED[kind]
    outcome = work(arm(), read=read, **fields)
    assert outcome.error
    assert bool(outcome.final) is kind.final


def test_the_documentation_has_the_table() -> None:
    assert table() in DOCS.read_text(encoding="utf-8")
