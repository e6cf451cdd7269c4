"""Whether something happened: by its id, which no engine gives before it is there.

A name or URN is known of what failed, too. And from 3.274 on the engine answers a resource that it
skipped, since something before it failed, with what it *would* hold: an output is no proof either
(https://github.com/pulumi/pulumi/pull/24700).
"""

from __future__ import annotations

from typing import Any

import pulumi


def proven(stash: pulumi.Stash) -> pulumi.Output[Any]:
    """Give what a record holds, unknown unless the record is there."""
    return pulumi.Output.all(stash.output, stash.id).apply(lambda known: known[0])


async def is_there(resource: pulumi.CustomResource) -> bool:
    """Tell whether a resource is there and whole.

    One that Azure failed late has an id and no outputs, one that was skipped outputs and no id.
    """
    own = resource.output if isinstance(resource, pulumi.Stash) else getattr(resource, "name")  # noqa: B009
    return await pulumi.Output.all(resource.id, own).is_known()
