"""The source snapshot: the one thing that every copy in every subscription is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_azure_native import compute

from factory.common import names
from factory.components.run_context import Run, adoption
from factory.components.undeclared import undeclared
from factory.components.version_facts import Goods

# Nobody exports one by an address that works from anywhere; copies that Azure itself makes are no
# export. https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview
CLOSED: Mapping[str, Any] = {
    "network_access_policy": "DenyAll",
    "public_network_access": "Disabled",
}


def source_snapshot(
    goods: Goods,
    run: Run,
    group: pulumi.Output[str],
    disk: pulumi.Input[str],
    *,
    version: pulumi.ComponentResource,
    hooks: pulumi.ResourceHookBinding | None = None,
    again_from: str = "",
    ignore_changes: list[str] | None = None,
    adopt: str | None = None,
) -> compute.Snapshot:
    """Declare the snapshot of a build's OS disk as a part of its version.

    Incremental, because only such a one can cross regions, and Standard_LRS, because Azure would
    choose zone-redundant storage where there is some. In the stack's own group: the VM's group
    goes with the VM. ``again_from`` is the copy elsewhere that a lost one is made again from;
    ``ignore_changes`` what is not looked at any more, however it is declared here; ``adopt`` the id
    of one that is there already.
    """
    name = names.image_name(goods.identity, goods.version)
    args = compute.SnapshotArgs(
        snapshot_name=name,
        resource_group_name=group,
        location=run.settings.region,
        creation_data=compute.CreationDataArgs(
            create_option="CopyStart" if again_from else "Copy",
            source_resource_id=again_from or disk,
        ),
        incremental=True,
        sku=compute.SnapshotSkuArgs(name="Standard_LRS"),
        hyper_v_generation=goods.generation,
        os_type=compute.OperatingSystemTypes(goods.os.azure),
        purchase_plan=_purchase_plan(goods.plan),
        tags=dict(goods.tags),
        **CLOSED,
    )
    left = {"ignore_changes": [*(ignore_changes or ()), *undeclared(args)]}
    return compute.Snapshot(
        goods.part("source"),
        args,
        opts=pulumi.ResourceOptions(
            parent=version,
            hooks=hooks,
            custom_timeouts=goods.timeouts,
            **(adoption(adopt, name) or left),
        ),
    )


def _purchase_plan(plan: Mapping[str, str]) -> compute.DiskPurchasePlanArgs | None:
    if not plan:
        return None
    return compute.DiskPurchasePlanArgs(
        name=plan["name"], publisher=plan["publisher"], product=plan["product"]
    )
