"""A request that Azure refused is followed by a line that says what to do."""

from __future__ import annotations

import pytest

from factory.azure.advice import advised
from factory.components.error_advice import told

NAME = "linux/app@20261125.1/lab/team-web"


@pytest.mark.parametrize(
    ("error", "todo"),
    [
        ('Status=403 Code="AuthorizationFailed" Message="no"', "give the identity its role there"),
        ('Status=404 Code="ParentResourceNotFound" Message="no"', "what it belongs to is gone"),
        ('Status=409 Code="Conflict" Message="busy"', "run it again once that is over"),
        ('Status=409 Code="ScopeLocked" Message="locked"', "take the lock away"),
        ('Status=429 Code="TooManyRequests" Message="later"', "run it again in some minutes"),
        ('Status=503 Code="ServerBusy" Message="busy"', "a failure of Azure"),
        ('Status=400 Code="QuotaExceeded" Message="cores"', "ask for quota"),
        # What Azure sends on a first day: docs of ARM and of the marketplace.
        (
            (
                'Status=409 Code="MissingSubscriptionRegistration" Message="The subscription is '
                "not registered to use namespace 'Microsoft.DevTestLab'.\""
            ),
            "`az provider register --namespace Microsoft.DevTestLab --wait`",
        ),
        ('Code="NoRegisteredProviderFound" Message="no"', "register --namespace NAMESPACE"),
        (
            'Status=403 Code="RequestDisallowedByPolicy" Message="Resource was disallowed"',
            "ask the owner of the policy",
        ),
        (
            'Status=400 Code="ResourcePurchaseValidationFailed" Message="User failed validation"',
            "`az vm image terms accept --urn PUBLISHER:OFFER:SKU:VERSION`",
        ),
        (
            (
                'Code="MarketplacePurchaseEligibilityFailed" Message="Legal terms have not been '
                'accepted for this item on this subscription"'
            ),
            "accept the publisher's terms",
        ),
        ("connection reset by peer", "a failure of Azure or of the connection"),
        ("context deadline exceeded", "it did not end in time"),
    ],
)
def test_what_azure_refused_is_told_with_its_name_and_what_to_do(error: str, todo: str) -> None:
    line = told(NAME, "create", error)
    assert line.startswith(f"{NAME}: create failed (")
    assert todo in line.partition(" -> ")[2]
    assert "\n" not in line


def test_how_go_lists_errors_is_not_told() -> None:
    error = "1 error occurred:\n\t* operation timed out: context deadline exceeded\n\n"
    assert "create failed (operation timed out: context deadline exceeded) -> it did" in told(
        NAME, "create", error
    )


def test_an_answer_of_many_lines_is_told_in_one() -> None:
    line = "-" * 80
    error = f"PUT https://arm/x\n{line}\nRESPONSE 501: 501 Not Implemented\n{line}\n[]\n{line}\n"
    assert "create failed (PUT https://arm/x RESPONSE 501: 501 Not Implemented [])" in told(
        NAME, "create", error
    )


def test_what_a_gate_has_said_is_not_said_again() -> None:
    assert told(NAME, "create", 'before hook "x may be made" failed: refused') == ""


def test_a_fault_is_advised_once() -> None:
    assert advised("") == ""
    once = advised('Status=403 Code="AuthorizationFailed" Message="no"')
    assert advised(once) == once
