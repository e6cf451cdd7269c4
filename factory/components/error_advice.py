"""Says what to do about every request of the engine that Azure refused, under its name."""

from __future__ import annotations

import pulumi

from factory.azure.advice import advice, reason

_OF_AZURE = "azure-native:"


def tell_what_to_do() -> None:
    """Have the failures of everything that is declared from now on followed by what to do.

    Called once, when the stack's own resource is there and nothing else is.
    """
    hook = pulumi.ErrorHook("what to do", _tell)

    def with_hook(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith(_OF_AZURE):
            return None
        hooks = args.opts.hooks or pulumi.ResourceHookBinding()
        if hooks.on_error:  # whoever may try again says himself how it ended
            return None
        hooks.on_error = [hook]
        args.opts.hooks = hooks
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    pulumi.runtime.register_stack_transformation(with_hook)


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
