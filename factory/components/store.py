"""The stack's own resource group: its snapshots and the managed images behind custom images."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import resources

from factory.components.run_context import Run
from factory.components.undeclared import undeclared
from factory.ledger.name_in_state import spelled
from factory.settings.stack import Group


class Store(pulumi.ComponentResource):
    """Holds the bytes that belong to the stack, apart from labs, which may belong to others."""

    def __init__(self, name: str, args: Run, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("imagefactory:index:Store", name, {}, opts)
        self.group = resource_group(self, f"{name}/store", args, args.settings.group)
        self.register_outputs(
            {
                "group": self.group,
                "spelled": spelled(args.settings),
                "tags": args.settings.tags,
            }
        )


def resource_group(
    parent: pulumi.Resource, name: str, run: Run, group: Group
) -> pulumi.Output[str]:
    """Give the name of a group when it is there; one that others made is not declared at all.

    One that this stack made and the settings give to others from now on stays where the engine
    would delete it.
    """
    if name in run.lent:
        return pulumi.Output.from_input(group.name)
    declared = resources.ResourceGroupArgs(
        resource_group_name=group.name, location=run.settings.region, tags=run.own_tags
    )
    theirs = {"ignore_changes": undeclared(declared)}
    opts = pulumi.ResourceOptions(
        parent=parent,
        retain_on_delete=None if group.create else True,
        **(run.adoption(name, group.name) or theirs),
    )
    return resources.ResourceGroup(name, declared, opts=opts).name
