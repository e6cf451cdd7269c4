"""The id of this state: made up once, kept in the state, in the tags of all that is made."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from factory.common import names
from factory.components.run_context import Run


def declare_state_id(run: Run) -> None:
    """Remember the id in the state, before anything is made that carries it.

    What a state made before it had one keeps its tags: to write a tag is to write the whole
    resource, which deploys an environment once more. Called once, before all else is declared.
    """
    if not run.owner.state:
        return
    remembered: list[pulumi.Resource] = []

    def with_id(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        tags = args.props.get("tags")
        if args.name in run.without_id and isinstance(tags, Mapping):
            tags = {name: text for name, text in tags.items() if name != names.STATE}
            return pulumi.ResourceTransformationResult({**args.props, "tags": tags}, args.opts)
        if names.STATE_ID in run.known or not isinstance(args.resource, pulumi.CustomResource):
            return None
        first = pulumi.ResourceOptions(depends_on=list(remembered))
        return pulumi.ResourceTransformationResult(
            args.props, pulumi.ResourceOptions.merge(args.opts, first)
        )

    pulumi.runtime.register_stack_transformation(with_id)
    # Its output is what it was made with, whatever it is declared with later.
    remembered.append(pulumi.Stash(names.STATE_ID, input=run.owner.state))
