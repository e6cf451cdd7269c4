"""The stack's own resource group: its snapshots and the managed images behind custom images."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import resources

from factory.components.run_context import Run
from factory.components.undeclared import undeclared
from factory.ledger.name_in_state import spelled


class Store(pulumi.ComponentResource):
    """Holds the bytes that belong to the stack, apart from labs, which may belong to others."""

    def __init__(self, name: str, args: Run, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("imagefactory:index:Store", name, {}, opts)
        declared = resources.ResourceGroupArgs(
            resource_group_name=args.settings.resource_group,
            location=args.settings.region,
            tags=args.own_tags,
        )
        theirs = {"ignore_changes": undeclared(declared)}
        adopted = args.adoption(f"{name}/store")
        group = resources.ResourceGroup(
            f"{name}/store",
            declared,
            opts=pulumi.ResourceOptions(parent=self, **(adopted or theirs)),
        )
        self.group: pulumi.Output[str] = group.name
        self.register_outputs({"group": self.group, "spelled": spelled(args.settings)})
