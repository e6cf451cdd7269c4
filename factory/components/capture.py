"""The capture: the custom images of one definition in the factory lab."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_azure_native import devtestlab

from factory.components.custom_image import CustomImageArgs, custom_image
from factory.components.factory_lab import FactoryLabComponent
from factory.components.run_context import adoption
from factory.definitions.definition import Capture as Kind
from factory.definitions.definition import Os


class Capture(pulumi.ComponentResource):
    """What the factory lab holds of one definition: one custom image per kept version.

    One component per definition, not per version, so that a kept version costs no more than its
    own resources: the engine's time grows with the size of the state.
    """

    def __init__(
        self,
        identity: str,
        lab: FactoryLabComponent,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("imagefactory:index:Capture", identity, {}, opts)
        self._lab = lab
        self.register_outputs({})

    @property
    def lab(self) -> str:
        """The name of the factory lab."""
        return self._lab.spec.name

    def add(self, args: CustomImageArgs, opts: pulumi.ResourceOptions) -> devtestlab.CustomImage:
        """Declare the custom image of one version; ``opts`` carry its order and its gate."""
        own = pulumi.ResourceOptions(parent=self)
        merged = pulumi.ResourceOptions.merge(opts, own)
        return custom_image(args, self._lab.name, self._lab.group, merged)


def as_captured(adopt: str | None, *spelled: str) -> dict[str, Any]:
    """Give the options of the custom image of a VM that is long gone; ``adopt`` takes one in.

    ``spelled`` are the names of lab and image as they are declared.

    However its VM is spelled now, nothing is made from it; the managed image is the lab's word.
    """
    return adoption(adopt, *spelled) or {"ignore_changes": ["vm", "managedImageId"]}


def from_vm(
    vm_id: pulumi.Input[str], os: Os, kind: Kind
) -> devtestlab.CustomImagePropertiesFromVmArgs:
    """Name the VM and its state. ``Applied``: an artifact has already sysprepped or deprovisioned.

    ``Requested`` would run DevTest Labs' own script at capture, which fails after other artifacts
    (https://github.com/Azure/azure-devtestlab/issues/251).
    """
    generalized = kind is Kind.GENERALIZED
    if os is Os.WINDOWS:
        state = "SysprepApplied" if generalized else "NonSysprepped"
        return devtestlab.CustomImagePropertiesFromVmArgs(
            source_vm_id=vm_id,
            windows_os_info=devtestlab.WindowsOsInfoArgs(windows_os_state=state),
        )
    state = "DeprovisionApplied" if generalized else "NonDeprovisioned"
    return devtestlab.CustomImagePropertiesFromVmArgs(
        source_vm_id=vm_id,
        linux_os_info=devtestlab.LinuxOsInfoArgs(linux_os_state=state),
    )
