"""What a definition file may say: fields, types, limits. Names and limits are Azure's."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import (
    Field,
    model_validator,
)

from factory.common.fields import Duration, Identity, OwnTags, Strict, formed
from factory.common.vm_sizes import cores_of
from factory.definitions.artifact import (
    PUBLIC_SOURCE,
    Always,
    AnyVerify,
    Applied,
    Artifact,
    Artifacts,
    Script,
    SecretRef,
    VaultRef,
    Verify,
)
from factory.definitions.bases import AnyBase, Base, Capture, DiskType, Os, ParentBase, PurchasePlan
from factory.definitions.policies import Keep, Refresh

SizeName = Annotated[
    str,
    formed(
        r"^(Standard|Basic)_[A-Za-z0-9_-]{1,60}$",
        "a VM size that begins with Standard_ or Basic_",
        examples=["Standard_D4s_v5"],
    ),
]


# Of a definition that says nothing, and of a version whose definition is gone.
USUAL_TIME_LIMIT = timedelta(hours=4)


class Definition(Strict):
    """One image, as its file and the ``defaults.yaml`` above it say together."""

    base: Annotated[
        AnyBase,
        Field(
            examples=[
                {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
                {"image": "linux/ubuntu-24/base"},
            ]
        ),
    ]
    """A marketplace image, or another definition whose newest released version is built upon."""
    os: Annotated[Os, Field(examples=["windows"])]
    """The guest's family."""
    description: Annotated[str, Field(max_length=1024)] = ""
    """What the image is for; stands on every custom image."""
    author: Annotated[str, Field(max_length=256)] = ""
    """Who answers for it; stands on every custom image."""
    size: SizeName = "Standard_D4s_v5"
    """VM size of the build."""
    fallback_sizes: Annotated[list[SizeName], Field(max_length=5)] = []
    """Tried in this order where Azure has no room for ``size``; none of them shapes the image."""
    disk_type: DiskType = DiskType.STANDARD_SSD
    """Disk of the build VM."""
    always: Always | None = None
    """Artifacts around those of every definition below: in a ``defaults.yaml``, {first, last}."""
    artifacts: Artifacts = []
    """What is installed, in order: a name, or {name, source, parameters}."""
    capture: Capture = Capture.GENERALIZED
    """``generalized`` (sysprep or deprovision is added) or ``specialized`` (an exact copy)."""
    time_limit: Annotated[Duration, Field(ge=timedelta(minutes=10), le=timedelta(hours=24))] = (
        USUAL_TIME_LIMIT
    )
    """Longest time for each thing made of it: VM, artifact, snapshot, image; from 10m to 24h."""
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    """Further attempts after a failed one, each with a fresh VM."""
    give_up_after: Annotated[int, Field(ge=0, le=100)] = 3
    """Builds that may fail in a row with the same inputs; then it waits for a change. 0: none."""
    tags: OwnTags = {}
    """Your own tags, on everything made from the definition."""
    refresh: Refresh | None = None
    """Build again when the newest version is older than this: ``30d``, or a cron schedule."""
    keep: Keep | None = None
    """How long released versions stay: a number, or {newest, for, atLeast}."""
    image_path: Annotated[str, Field(max_length=256)] | None = None
    """The tag ImagePath that the original image factory gave this definition's images."""
    retire_after: Duration | None = None
    """How long a version is marked before it retires."""
    formerly: list[Identity] = []
    """Identities that the definition had before it moved; its versions go on under the new one."""
    verify: Annotated[
        AnyVerify | None,
        Field(examples=[["our-smoke-test"], {"script": {"url": "https://example.com/check.sh"}}]),
    ] = None
    """What a VM made from the captured image has to pass before the release; [] is: that it boots.

    Artifacts in order, or {artifacts, script: {url, files, arguments}}.
    """
    keep_failed: Annotated[Duration, Field(ge=timedelta(hours=1), le=timedelta(days=30))] | None = (
        None
    )
    """How long a version that failed is kept for a look, with its VM, from 1h to 30d."""

    @model_validator(mode="after")
    def _every_size_once(self) -> Definition:
        if len({size.lower() for size in self.sizes}) < len(self.sizes):
            msg = f"fallbackSizes: every size is tried once, got {', '.join(self.sizes)}"
            raise ValueError(msg)
        return self

    @property
    def sizes(self) -> tuple[str, ...]:
        """The sizes to build with, the wanted one first; the others only if there is no room."""
        return (self.size, *self.fallback_sizes)

    @property
    def vault_refs(self) -> tuple[VaultRef, ...]:
        """The key vault secrets that artifacts are given, on any VM, each once, in order."""
        given = (each.artifact.parameters for each in self.every_artifact)
        values = (value for parameters in given for value in parameters.values())
        return tuple(dict.fromkeys(value for value in values if isinstance(value, VaultRef)))

    @property
    def building(self) -> tuple[Applied, ...]:
        """What the build VM gets, in order, each with its place here.

        Sysprep or deprovision is last, whoever asked for it; nobody has to where the capture needs
        it. Both end with waitForShutdown and deallocate, which is what makes ``SysprepApplied``
        right.
        """
        own = [Applied(("artifacts", at), each) for at, each in enumerate(self.artifacts)]
        end = own[-1:] if own and own[-1].artifact.name == self.os.generalizer else []
        own = own[: len(own) - len(end)]
        if not end and self.capture is Capture.GENERALIZED:
            end = [Applied(("os",), Artifact(name=self.os.generalizer))]
        always = self.always or Always()
        first, last = (
            [
                Applied(("always", part, at), each.plain)
                for at, each in enumerate(listed)
                if each.os in (None, self.os)
            ]
            for part, listed in (("first", always.first), ("last", always.last))
        )
        return (*first, *own, *last, *end)

    @property
    def all_artifacts(self) -> tuple[Artifact, ...]:
        """The artifacts of the build VM in order."""
        return tuple(each.artifact for each in self.building)

    @property
    def verification(self) -> tuple[Artifact, ...] | None:
        """What a verifying VM gets, in order; None if no such VM is made.

        A script becomes the public artifact that runs one.
        """
        if not isinstance(self.verify, Verify):
            return None if self.verify is None else tuple(self.verify)
        script = self.verify.script
        if script is None:
            return tuple(self.verify.artifacts)
        parameters = {
            "scriptFileUris": [script.url, *script.files],
            "scriptToRun": script.file,
            "scriptArguments": script.arguments,
        }
        runner = {"name": self.os.script_runner, "parameters": parameters}
        return (*self.verify.artifacts, Artifact.model_validate(runner))

    @property
    def every_artifact(self) -> tuple[Applied, ...]:
        """All that is applied on any VM, each with its place here: to build, then to verify.

        What nobody wrote as an artifact has the place that it is added for: ``os``, the script.
        """
        whole = isinstance(self.verify, Verify)
        listed = self.verify.artifacts if isinstance(self.verify, Verify) else self.verify or ()
        loc: tuple[str, ...] = ("verify", "artifacts") if whole else ("verify",)
        verifying = [
            Applied((*loc, index) if index < len(listed) else ("verify", "script"), artifact)
            for index, artifact in enumerate(self.verification or ())
        ]
        return (*self.building, *verifying)


__all__ = [
    "PUBLIC_SOURCE",
    "Always",
    "AnyBase",
    "Applied",
    "Artifact",
    "Base",
    "Capture",
    "Definition",
    "DiskType",
    "Os",
    "ParentBase",
    "PurchasePlan",
    "Script",
    "SecretRef",
    "VaultRef",
    "Verify",
]


def cores_at_once(definition: Definition) -> int:
    """Give the most cores that a build has at once, in whichever size its VMs come to be.

    The build VM stays until the release, so a version that is verified has two for a while.
    """
    largest = max(cores_of(size) for size in definition.sizes)
    return largest * (1 if definition.verification is None else 2)
