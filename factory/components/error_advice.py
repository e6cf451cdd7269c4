"""What is done about every request of the engine that failed: said under its name, and mended."""

from __future__ import annotations

from functools import cache

import pulumi

from factory.azure.advice import advice, reason
from factory.azure.waiter import Waiter
from factory.common.durations import parse_duration
from factory.common.ownership import Owner
from factory.components.gates import unfinished_gate

_OF_AZURE = "azure-native:"
# The provider's own, where a resource has none.
_USUAL_LIMIT = "2h"


def tell_what_to_do(waiter: Waiter, owner: Owner, known: frozenset[str]) -> None:
    """Have the failures of everything that is declared from now on followed by what to do.

    And what a run left unfinished is settled before it is written again; ``known`` are the logical
    names that the state had when this one began. Called once, when the stack's own resource is
    there and nothing else is.
    """
    hook = pulumi.ErrorHook("what to do", _tell)

    @cache
    def unfinished(limit: str) -> pulumi.ResourceHook:
        return unfinished_gate(waiter, owner, parse_duration(limit), known)

    def with_hook(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith(_OF_AZURE):
            return None
        hooks = args.opts.hooks or pulumi.ResourceHookBinding()
        if not hooks.on_error:  # whoever may try again says himself how it ended
            hooks.on_error = [hook]
        if not hooks.before_update:  # what the plan found unfinished is made again by a gate
            hooks.before_update = [unfinished(_limit(args.opts))]
        args.opts.hooks = hooks
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    pulumi.runtime.register_stack_transformation(with_hook)


def _limit(opts: pulumi.ResourceOptions) -> str:
    timeouts = opts.custom_timeouts
    if isinstance(timeouts, pulumi.CustomTimeouts) and timeouts.create:
        return timeouts.create
    return _USUAL_LIMIT


async def _tell(args: pulumi.ErrorHookArgs) -> bool:
    line = told(args.name, args.failed_operation, args.errors[0] if args.errors else "")
    if line:
        pulumi.warn(line)
    return False  # the providers try again by themselves what is worth it


def told(name: str, operation: str, error: str) -> str:
    """Write the line for a failed ``operation`` (create, update or delete); "" if one was said."""
    if error.startswith("before hook"):
        return ""
    return f"{name}: {operation} failed ({reason(error)}) -> {advice(error)}; the others go on"
