"""The delivery: what a lab receives. One component per lab; each kind is one class here."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_azure_native import devtestlab

from factory.common.names import adopted_name
from factory.components.custom_image import CustomImageArgs, custom_image
from factory.components.run_context import adoption
from factory.plan.model import Adoption
from factory.settings.stack import Delivery as Kind
from factory.settings.stack import TargetLab


class Delivery(pulumi.ComponentResource):
    """What one lab of somebody else's holds of ours. The lab itself is named, never declared.

    Or this stack's factory lab and what it holds of other stacks; ``ready`` is what that waits for.
    """

    def __init__(
        self,
        lab: TargetLab,
        ready: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("imagefactory:index:Delivery", lab.name, {}, opts)
        self.lab = lab
        self.ready = ready
        self.register_outputs({})

    def adopt(self, old: Adoption) -> None:
        """Declare an image that the original factory left here; it is taken in as it is.

        Nothing of it is ever changed, for nothing is known of how it was made.
        """
        devtestlab.CustomImage(
            adopted_name(old.lab, old.name),
            name=old.name,
            lab_name=self.lab.azure_name,
            resource_group_name=self.lab.resource_group,
            opts=pulumi.ResourceOptions(parent=self, import_=old.id, ignore_changes=["*"]),
        )

    @abstractmethod
    def add(
        self, args: CustomImageArgs, opts: pulumi.ResourceOptions, adopt: str | None
    ) -> pulumi.CustomResource:
        """Declare what makes a version usable in the lab; ``adopt`` takes in one that is there."""


class CustomImageDelivery(Delivery):
    """Delivers a custom image, which works in every lab of api-version 2018-09-15.

    No document proves that a lab accepts a managed image it was supplied with; should one not, a
    gallery is another class of this interface.
    """

    def add(
        self, args: CustomImageArgs, opts: pulumi.ResourceOptions, adopt: str | None
    ) -> pulumi.CustomResource:
        """Declare the custom image of one version in this lab."""
        own = pulumi.ResourceOptions(
            parent=self, depends_on=[*self.ready], **adoption(adopt, self.lab.azure_name, args.name)
        )
        merged = pulumi.ResourceOptions.merge(opts, own)
        return custom_image(args, self.lab.azure_name, self.lab.resource_group, merged)


_KINDS: Mapping[Kind, type[Delivery]] = {Kind.CUSTOM_IMAGE: CustomImageDelivery}


def delivery_for(lab: TargetLab, ready: Sequence[pulumi.Resource] = ()) -> Delivery:
    """Make the delivery component of the kind that the lab's settings name."""
    return _KINDS[lab.delivery](lab, ready)
