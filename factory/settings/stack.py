"""The stack's settings: what each may be. ``factory/settings/loader.py`` reads and checks them."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from factory.common.fields import (
    GROUP,
    AddressRange,
    AzureName,
    Duration,
    Identity,
    Moment,
    OwnTags,
    StackNames,
    Strict,
    Switch,
    Text,
    empty_is_none,
    formed,
)
from factory.common.patterns import fault_of
from factory.common.versions import Version
from factory.definitions.artifact import SECRET_NAME, SECRET_SAID, Always
from factory.definitions.definition import PUBLIC_SOURCE
from factory.definitions.policies import Keep
from factory.settings.environments import LabEnvironment

NAMESPACE = "image-factory"
# Where the folder with Pulumi.yaml is, for a shell that works on one stack folder all day.
WORK_VARIABLE = "IMAGE_FACTORY_WORK"


def normal_region(name: str) -> str:
    """Give Azure's short form of a region: ``West Europe`` and ``westeurope`` are one place."""
    return name.replace(" ", "").lower()


Region = Annotated[
    str,
    formed(r"^[A-Za-z][A-Za-z0-9 ]{2,40}$", "a region such as westeurope"),
    AfterValidator(normal_region),
]
GroupName = Annotated[
    str,
    formed(
        rf"^{GROUP}$",
        "a resource group's name: letters, digits and _ - . ( ), no dot at its end, at most 90",
        json_schema_extra={"pattern": r"^[^\s/\\%&?#]{0,89}[^\s/\\%&?#.]$"},
    ),
]
LabName = Annotated[
    str,
    formed(
        r"^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$",
        "a lab's name: letters, digits, - and _, at most 50",
    ),
]

# What the original factory named in the culture of its machine, and Azure took.
OldImageName = Annotated[
    str,
    formed(r"^[^/\\?#%&<>:*|\"\x00-\x1f]{1,80}$", "the name of a custom image, as the lab has it"),
]


class Delivery(StrEnum):
    """What a lab receives; every kind is one class behind one interface (factory/components)."""

    CUSTOM_IMAGE = "custom-image"


def _pattern(text: str) -> str:
    fault = fault_of(text)
    if fault:
        raise ValueError(fault)
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]


def _version(text: str) -> str:
    return str(Version.parse(text))


VersionText = Annotated[str, AfterValidator(_version)]


def _approved(text: str) -> str:
    version, at, digest = text.partition("@")
    if at and not re.fullmatch("[0-9a-f]{32}", digest):
        msg = "after @ the 32 digits that the plan shows are expected"
        raise ValueError(msg)
    return f"{_version(version)}{at}{digest}"


ApprovedText = Annotated[str, AfterValidator(_approved)]
"""A version, or that very release of it: VERSION@DIGEST, as the plan shows it."""


class TargetLab(Strict):
    """A lab of this stack's subscription that receives images; it belongs to others."""

    name: LabName
    """The lab's name, as Azure has it."""
    resource_group: GroupName
    """The resource group of the lab."""
    region: Region
    """The region of the lab, such as westeurope."""
    delivery: Delivery = Delivery.CUSTOM_IMAGE
    """What the lab receives."""
    images: Annotated[list[Pattern], Field(min_length=1)]
    """Patterns of the definitions that the lab takes, such as linux/** and !linux/old."""
    keep: Keep | None = None
    """How many released versions stay in this lab; wins over the stack's and the definition's."""

    @property
    def old_place(self) -> bool:
        """Tell whether it is where a lab was that the settings say to be elsewhere now."""
        return "/" in self.name

    @property
    def azure_name(self) -> str:
        """Its name in Azure; the old place of a lab is called ``group/name``."""
        return self.name.rpartition("/")[2]


class Network(Strict):
    """The created factory lab's own network; outbound by a NAT gateway, nothing inbound."""

    address_space: AddressRange = "10.240.0.0/22"
    """The address range of the virtual network."""
    subnet: AddressRange = "10.240.0.0/23"
    """The address range of its subnet for build VMs."""


class Group(Strict):
    """A resource group; a bare name means one that is made. ``create: false``: made by others.

    That one is only read: it is neither changed nor ever deleted.
    """

    form: ClassVar[str] = "a name, or a mapping {name, create}"

    name: GroupName
    """The resource group's name."""
    create: Switch = True
    """Whether the stack makes it; false: others made it, and it is never changed nor deleted."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class FactoryLab(Strict):
    """The lab that builds. ``create: false`` adopts one that exists: it is only read, never PUT.

    (A PUT of api-version 2018-09-15 may drop what only the preview API knows.) An adopted lab
    names the virtual network and subnet its VMs use; a created one gets its own.
    ``vm_resource_group`` is where the lab makes its VMs; without it each has a group of its own.
    """

    name: LabName
    """The lab's name."""
    group: Annotated[Group, Field(alias="resourceGroup")]
    """The resource group of the lab: a name, or {name, create}."""
    create: Switch = False
    """Whether the stack makes the lab; false uses one that exists, which is only read."""
    vm_resource_group: GroupName | None = None
    """The group in which the lab makes its VMs; without it each VM has a group of its own."""
    network: Network = Network()
    """Address ranges of the network of a lab that is made."""
    virtual_network: AzureName | None = None
    """Of a lab that exists: its virtual network for build VMs, by its name in the lab."""
    subnet: AzureName | None = None
    """Of a lab that exists: the subnet for build VMs."""

    @property
    def azure_name(self) -> str:
        """Its name in Azure."""
        return self.name

    @property
    def resource_group(self) -> str:
        """The name of its group."""
        return self.group.name

    @model_validator(mode="after")
    def _one_network(self) -> FactoryLab:
        if self.create and (self.virtual_network or self.subnet):
            msg = "virtualNetwork and subnet belong to an adopted lab; a created one makes its own"
            raise ValueError(msg)
        if not self.create and not (self.virtual_network and self.subnet):
            msg = (
                "an adopted lab (create: false) needs virtualNetwork and subnet, by the lab's names"
            )
            raise ValueError(msg)
        return self


class SourceType(StrEnum):
    """Where an artifact source's git repository is hosted."""

    GITHUB = "GitHub"
    AZURE_REPOS = "VsoGit"


class ArtifactSource(Strict):
    """An artifact repository of the created factory lab besides the public one.

    ``token`` names a stack secret (``pulumi config set --secret image-factory:<token> ...``).
    """

    name: AzureName
    """The name of the repository in the lab; artifacts are named by it."""
    uri: Annotated[
        str, formed(r"^https://[^\s@]+$", "an https:// address without user name or password")
    ]
    """Where the git repository is, https://."""
    type: SourceType = SourceType.GITHUB
    """Who hosts it: GitHub, or VsoGit for Azure Repos."""
    branch: Text = "main"
    """The branch that is read."""
    folder: Annotated[
        str, formed(r"^/", "a folder of the repository that begins with /, such as /Artifacts")
    ] = "/Artifacts"
    """The folder with the artifacts' folders."""
    token: Annotated[str, formed(SECRET_NAME, SECRET_SAID)] | None = None
    """The name of the stack secret with a token that may read it."""

    @model_validator(mode="after")
    def _not_the_default(self) -> ArtifactSource:
        if self.name.lower() == PUBLIC_SOURCE:
            msg = f"{PUBLIC_SOURCE!r} is the lab's own default source and needs no entry"
            raise ValueError(msg)
        return self


class OnRemoval(StrEnum):
    """What becomes of the images of a definition that left git, or that a lab no longer takes."""

    RETIRE = "retire"
    KEEP = "keep"


class Revocation(Strict):
    """Versions that nobody is to use any more, and why; taking the entry out restores them."""

    versions: Annotated[list[VersionText], Field(min_length=1)]
    """The versions that nobody is to use."""
    reason: Text
    """Why; everybody who used one reads it."""


class Settings(Strict):
    """Everything a stack says about itself. Defaults stand here and, for help, in Pulumi.yaml."""

    subscription_id: Annotated[
        str,
        formed(
            r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
            "a subscription's id such as 5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001",
        ),
    ]
    """The subscription of this stack (or ARM_SUBSCRIPTION_ID)."""
    region: Region
    """The region of the factory lab and of the stack, such as westeurope."""
    group: Annotated[Group, Field(alias="resourceGroup")]
    """The stack's own resource group: a name, or {name, create}."""
    tags: OwnTags = {}
    """Tags on the group, lab and network of the stack, and on all that it makes from now on."""
    images: Text = "images"
    """Folder of the image definitions, relative to this file."""
    factory_lab: Annotated[FactoryLab | None, BeforeValidator(empty_is_none)] = None
    """The lab that builds ({name, resourceGroup, create, ...}); empty for a stack that receives."""
    artifact_sources: list[ArtifactSource] = []
    """Artifact repositories of a created factory lab besides the public one."""
    always: Annotated[Always | None, BeforeValidator(empty_is_none)] = None
    """Artifacts around those of every definition, which none can leave out ({first, last})."""
    labs: list[TargetLab] = []
    """Labs of this subscription that receive images ({name, resourceGroup, region, images})."""
    environments: list[LabEnvironment] = []
    """Environments in this stack's labs ({name, lab, template, source, parameters})."""
    only: list[Pattern] = []
    """Definitions (patterns) that a trial stack builds, with what they are built on."""
    built_here: Annotated[list[Pattern], Field(alias="builds")] = []
    """Definitions (patterns) that this stack builds, where several stacks share the work; empty
    for all."""
    parents_from: StackNames = []
    """Stacks that build what definitions here are built on."""
    let_go: list[Pattern] = []
    """Definitions (patterns) that another stack builds now, and whose versions here may retire."""
    max_cores: Annotated[int, Field(ge=0)] = 0
    """Most cores that the build and verification VMs of this stack have at once; 0 for no limit
    but the quota."""
    receives_from: StackNames = []
    """The stack, or list of stacks, whose released versions this one receives."""
    keep: Annotated[Keep | None, BeforeValidator(empty_is_none)] = None
    """How long released versions stay ({newest, for, atLeast}); wins over the definitions' own."""
    after: Annotated[Duration | None, BeforeValidator(empty_is_none)] = None
    """How long a version must have been released before this stack receives it."""
    approve: dict[Identity, list[ApprovedText]] | None = None
    """The versions that a person let through, by definition; without it all are received, with {}
    none."""
    pin: dict[Identity, VersionText] = {}
    """The version that this stack's labs get, by definition; holds or rolls back."""
    hold: list[Pattern] = []
    """Definitions (patterns) for which nothing happens."""
    adopt: dict[LabName, list[OldImageName]] = {}
    """Images that the original image factory left in labs ({lab, images}); see docs/moving-in.md.
    """
    rebuild: dict[Pattern, Moment] = {}
    """Build again what is older than a date ({pattern, date}); by hand."""
    revoke: dict[Identity, Revocation] = {}
    """Versions that nobody is to use ({definition, versions, reason}); taking it out restores
    them."""
    allow_none: list[Pattern] = []
    """Definitions (patterns) whose last good version a revocation may take; for one run."""
    on_removal: OnRemoval = OnRemoval.RETIRE
    """Images of a definition that left git, or that a lab no longer takes - retire or keep."""
    retire_after: Annotated[Duration | None, BeforeValidator(empty_is_none)] = None
    """How long what is to go stays marked before it is deleted; wins over the definitions' own."""
    protect_images: Switch = False
    """Whether `pulumi destroy` refuses to delete kept images; retiring then takes two runs."""
    grace_for_vms: Annotated[Duration | None, BeforeValidator(empty_is_none)] = None
    """How long an image stays in a lab after its time because VMs there are made from it."""
    locked: Switch = False
    """Build only what the lock file says (python -m factory lock writes it)."""
    lock_file: Text = "images.lock"
    """The lock file, relative to this file."""
    policies: Text = "policies.yaml"
    """The rules of the company, relative to this file; see docs/policies.md."""
    max_retirements: Annotated[int, Field(ge=0)] = 10
    """Most images that one run retires without a newer one to replace them; each counts in every
    lab that loses it."""
    max_concurrent_builds: Annotated[int, Field(ge=0)] = 0
    """Most builds that one run begins; 0 for no limit but the free cores."""
    source_grace: Duration = timedelta(hours=24)
    """How long a retired version's source snapshot waits for receiving stacks."""
    poll_interval: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(minutes=10))] = (
        timedelta(seconds=20)
    )
    """How often Azure is asked how far a build or a copy is."""

    @property
    def resource_group(self) -> str:
        """The name of the stack's own group."""
        return self.group.name

    @property
    def builds(self) -> bool:
        """Tell whether this stack builds (it has a factory lab) or receives."""
        return self.factory_lab is not None

    @property
    def lab_apart(self) -> FactoryLab | None:
        """The lab that this stack makes, if that stands in another group than its own."""
        lab = self.factory_lab
        if lab is None or not lab.create:
            return None
        return lab if lab.resource_group.lower() != self.resource_group.lower() else None

    @property
    def labs_by_name(self) -> dict[str, TargetLab | FactoryLab]:
        """Every lab that this stack names, its own among them."""
        found: dict[str, TargetLab | FactoryLab] = {lab.name: lab for lab in self.labs}
        if self.factory_lab is not None:
            found[self.factory_lab.name] = self.factory_lab
        return found

    def lab_named(self, name: str) -> TargetLab | FactoryLab:
        """Give a lab by its name; KeyError if the stack names none such."""
        return self.labs_by_name[name]
