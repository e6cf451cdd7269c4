"""A custom image in a lab, whoever the lab belongs to: declared in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import devtestlab

from factory.components.undeclared import undeclared

# One of the three is the source, and it may be another one day.
_AT_TIMES = ("vm", "managedImageId", "managedSnapshotId", "customImagePlan")


@dataclass(frozen=True)
class CustomImageArgs:
    """One version as a custom image; exactly one of ``vm`` and the two ids is its source."""

    logical_name: str
    name: str
    description: str
    author: str
    plan: Mapping[str, str]
    tags: Mapping[str, pulumi.Input[str]]
    vm: devtestlab.CustomImagePropertiesFromVmArgs | None = None
    managed_image_id: pulumi.Input[str] | None = None
    snapshot_id: pulumi.Input[str] | None = None


def custom_image(
    args: CustomImageArgs,
    lab: pulumi.Input[str],
    group: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> devtestlab.CustomImage:
    """Declare a custom image in a lab."""
    declared = devtestlab.CustomImageArgs(
        name=args.name,
        lab_name=lab,
        resource_group_name=group,
        description=args.description,
        author=args.author,
        vm=args.vm,
        managed_image_id=args.managed_image_id,
        managed_snapshot_id=args.snapshot_id,
        custom_image_plan=_plan(args.plan),
        tags=dict(args.tags),
    )
    # Who made it never changes, and what somebody moved here without it is not written again.
    as_made = [*undeclared(declared, but=_AT_TIMES), "author"]
    theirs = pulumi.ResourceOptions(ignore_changes=as_made)
    return devtestlab.CustomImage(
        args.logical_name, declared, opts=pulumi.ResourceOptions.merge(opts, theirs)
    )


def _plan(plan: Mapping[str, str]) -> devtestlab.CustomImagePropertiesFromPlanArgs | None:
    """Carry the marketplace plan on: VMs from the image are sold under it too."""
    if not plan:
        return None
    return devtestlab.CustomImagePropertiesFromPlanArgs(
        id=plan["name"], publisher=plan["publisher"], offer=plan["product"]
    )
