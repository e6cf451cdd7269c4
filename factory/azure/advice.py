"""What to do about a request that Azure refused: the engine's error says what happened, not this.

Whoever reads it did not write the request, and everything else of the run goes on meanwhile.
"""

from __future__ import annotations

import re

from factory.common.errors import one_line

# The first that fits; a name in braces is what the error says of it. Codes are ARM's own, those of
# a first day before others that they come with (a policy denies by 403, a missing provider is a
# 409); what has none comes from the connection or the engine.
# https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
_INTERRUPTED = r"context canceled"
_ADVICE: tuple[tuple[str, str], ...] = (
    (_INTERRUPTED, "the run was interrupted, Azure goes on: run it again"),
    (
        (
            r"(?:MissingSubscriptionRegistration|SubscriptionNotRegistered|NoRegisteredProviderFound)"
            r"(?s:.*?namespace '(?P<namespace>[\w.]+)')?"
        ),
        (
            "have an owner register it: `az provider register --namespace {namespace} --wait`, "
            "then run it again"
        ),
    ),
    (
        r"ResourcePurchase|MarketplacePurchaseEligibilityFailed|(?i:terms .{0,80}accept)",
        (
            "have an owner accept the publisher's terms: `az vm image terms accept --urn "
            "PUBLISHER:OFFER:SKU:VERSION`, then run it again"
        ),
    ),
    (r"RequestDisallowedByPolicy", "ask the owner of the policy, then run it again"),
    (
        r"AuthorizationFailed|LinkedAuthorizationFailed|Status=403",
        "give the identity its role there (docs/permissions.md), then run it again",
    ),
    (
        r"ParentResourceNotFound|ResourceGroupNotFound|Status=404",
        "what it belongs to is gone: put it back, or take it out of the settings",
    ),
    (
        r"InvalidAuthenticationToken|ExpiredAuthenticationToken|AADSTS|Status=401",
        "sign in again, then run it again",
    ),
    (r"ScopeLocked", "take the lock away or ask who set it, then run it again"),
    (
        r"Quota|SkuNotAvailable|AllocationFailed|OverconstrainedAllocation|ZonalAllocation",
        "ask for quota, or name another size (fallbackSizes for build VMs), then run it again",
    ),
    (
        r"already exist",
        (
            "it is in Azure and not in the state: `python -m factory orphans --stack ...` lists "
            "what this stack made; what others made has to go, or the settings to name another"
        ),
    ),
    (
        r"Status=409|Conflict|AnotherOperation",
        "something else was at work on it: run it again once that is over",
    ),
    (r"Status=429|TooMany|Throttl", "Azure was asked too often: run it again in some minutes"),
    (
        r"deadline|timed? ?out|Timeout",
        "it did not end in time: run it again; if that says the same, ask Azure about it",
    ),
    (r"Status=4\d\d", "correct what it names, then run it again"),
)
_USUAL = "a failure of Azure or of the connection to it: run it again"


def advice(error: str) -> str:
    """Say what to do about the engine's or ARM's error text."""
    for pattern, todo in _ADVICE:
        if match := re.search(pattern, error):
            named = match.groupdict()
            return todo.format(**{key: text or key.upper() for key, text in named.items()})
    return _USUAL


def interrupted(error: str) -> bool:
    """Tell whether nobody waited to the end: the engine was asked to stop. Azure refused nothing.

    azure-native then says "resource created but read failed context canceled: context canceled".
    """
    return re.search(_INTERRUPTED, error) is not None


def advised(fault: str) -> str:
    """Put the advice behind a fault, unless there is none (""), or one is there already."""
    return f"{fault} -> {advice(fault)}" if fault and " -> " not in fault else fault


def reason(error: str) -> str:
    """Give an error's essence in one line: ARM's code, or else its first words."""
    code = re.search(r'Code="([^"]+)"', error)
    return code[1] if code else one_line(error)[:160]
