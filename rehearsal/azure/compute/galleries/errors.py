"""What compute galleries refuse. Azure's words where a document or an issue has them."""

from __future__ import annotations

from rehearsal.azure.errors import Refusal

# A name that cannot be.
BAD_NAME = Refusal(
    400,
    "InvalidParameter",
    "The {what} name '{name}' is invalid. It can have letters, digits, {marks}, not at its ends,"
    " and at most 80 characters.",
    "inf",
)

# A version is a number of three parts.
BAD_NUMBER = Refusal(
    400,
    "InvalidParameter",
    "The image version name is invalid. The image version name should follow"
    " Major(int).Minor(int).Patch(int) format, for e.g: 1.0.0, 2018.12.1 etc",
    "quoted",
)

# Publisher, offer and sku are those of another definition of the gallery.
TRIPLE_TAKEN = Refusal(
    409,
    "Conflict",
    "Gallery image: {name} identified by (publisher:{publisher}, offer:{offer}, sku:{sku}) already"
    " exists. Choose a different publisher, offer, sku combination.",
    "quoted",
)

# What a definition or a version was made with stays.
NOT_CHANGEABLE = Refusal(
    409,
    "PropertyChangeNotAllowed",
    "Changing property '{path}' is not allowed.",
    "quoted",
)

# Trusted Launch and confidential machines are second generation.
SECURITY_NEEDS_V2 = Refusal(
    400,
    "InvalidParameter",
    "The security type '{security}' needs the Hypervisor generation 'V2'.",
    "inf",
)

# A region that a version cannot go to.
NO_REGION = Refusal(
    400,
    "InvalidParameter",
    "The target region '{region}' is not valid.",
    "inf",
)

# A version is in its own region, too.
OWN_REGION_MISSING = Refusal(
    400,
    "InvalidParameter",
    "Gallery image version publishing profile regions '{regions}' must contain the location of"
    " image version '{location}'",
    "quoted",
)

# At most 100 replicas of a version.
TOO_MANY_REPLICAS = Refusal(
    400,
    "InvalidParameter",
    "The gallery image version would have {count} replicas; the most is {most}.",
    "inf",
)

# The end of life lies ahead.
END_OF_LIFE_PAST = Refusal(
    400,
    "InvalidParameter",
    "The end of life date '{date}' must be in the future.",
    "inf",
)

# A region is given up only if the version allows it (a switch).
REGION_KEPT = Refusal(
    409,
    "OperationNotAllowed",
    "The gallery image version '{version}' cannot be removed from region '{region}' unless"
    " allowDeletionOfReplicatedLocations is set.",
    "inf",
)

# The source is not there, or elsewhere.
SOURCE_ELSEWHERE = Refusal(
    404,
    "NotFound",
    "Source '{source}' is not found. Please check source exists, and is in the same region as"
    " gallery image version being created",
    "quoted",
)

# The source is of another subscription (a switch).
SOURCE_OF_OTHERS = Refusal(
    400,
    "InvalidParameter",
    "Source '{source}' must be in the same subscription as the gallery image version.",
    "inf",
)

# A source, whole or disk by disk, but of one kind.
TWO_KINDS = Refusal(
    400,
    "InvalidParameter",
    "The gallery artifact version source can only be specified either directly under"
    " storageProfile or within individual OS or data disks. One and only one source type can be"
    " provided.",
    "quoted",
)

# What this local Azure has no bytes of: a blob, a community image.
SOURCE_NOT_REHEARSED = Refusal(
    501,
    "SourceNotRehearsed",
    "The local Azure makes no gallery image version of {what}. See docs/rehearsal.md.",
    "inf",
)

# A version has not been published yet, or could not be.
SOURCE_NOT_READY = Refusal(
    409,
    "OperationNotAllowed",
    "The source '{source}' cannot be used: its provisioning state is '{state}'.",
    "inf",
)

# One version at a time of a managed image.
SOURCE_BUSY = Refusal(409, "Conflict", "Too many requests on source '{source}'", "quoted")

# The source is of another kind than the definition says.
OTHER_STATE = Refusal(
    400,
    "InvalidParameter",
    "Cannot create Gallery Image Version from: {source} since the OS State in the parent gallery"
    " image ('{wanted}') is not '{found}'",
    "quoted",
)
OTHER_GENERATION = Refusal(
    400,
    "InvalidParameter",
    "The resource with id '{source}' has a different Hypervisor generation ['{found}'] than the"
    " parent gallery image Hypervisor generation ['{wanted}']",
    "quoted",
)
OTHER_OS = Refusal(
    400,
    "InvalidParameter",
    "The resource with id '{source}' has a different Operating system ['{found}'] than the parent"
    " gallery image Operating system ['{wanted}']",
    "quoted",
)

# No disk, snapshot or machine for a definition that only supports Trusted Launch.
SECURITY_SOURCE = Refusal(
    400,
    "InvalidParameter",
    "The security type '{security}' is not supported for the source id '{source}'. Currently only"
    " Vhd Blob, User Image and Gallery Image Version sources are supported for '{security}'"
    " images.",
    "quoted",
)

# The source has the guest state of another kind of machine than the definition wants.
SECURITY_DIFFERS = Refusal(
    400,
    "InvalidParameter",
    "The security type '{found}' of the source '{source}' does not fit the security type"
    " '{wanted}' of the parent gallery image.",
    "inf",
)

# What failed to be published is deleted first.
PUBLISH_FAILED = Refusal(
    409,
    "OperationNotAllowed",
    "The gallery image version '{version}' is in state 'Failed': delete it before it is made"
    " again.",
    "inf",
)

# Replication ended badly.
REPLICATION_FAILED = Refusal(
    409,
    "ValidationError",
    "Gallery replication jobs failed in one or more regions. Details of the job:"
    " '{{region:{region}, detail:{detail}}}'. If retry does not work, please contact support.",
    "quoted",
)

# Something is in it yet; also a version that can be brought back.
NESTED = Refusal(
    409,
    "CannotDeleteResource",
    "Can not delete resource before nested resources are deleted.",
    "quoted",
)

# A version says that it stays until the end of its life.
BEFORE_END_OF_LIFE = Refusal(
    409,
    "DeleteGalleryImageVersionBlockedBeforeEndOfLife",
    "The gallery image version '{version}' cannot be deleted before its end of life date '{date}'.",
    "inf",
)

# Where soft deletion is on, a failed version stays.
FAILED_STAYS = Refusal(
    409,
    "OperationNotAllowed",
    "The gallery image version '{version}' is in state 'Failed' and cannot be deleted while soft"
    " delete is enabled in its gallery.",
    "inf",
)

# A version that goes cannot be written.
MARKED_FOR_DELETION = Refusal(
    409,
    "OperationNotAllowed",
    "Operation 'Update Gallery Image Version' is not on allowed on {version} since it is marked for"
    " deletion. You can only retry the Delete operation (or wait for an ongoing one to complete).",
    "quoted",
)

# No version of a definition that a machine could be made of.
NO_LATEST = Refusal(
    404,
    "GalleryImageNotFound",
    'There is no latest image version exists for "{definition}"',
    "quoted",
)

# A machine is made where the version is.
NOT_IN_REGION = Refusal(
    404,
    "GalleryImageNotFound",
    "The gallery image {image} is not available in {region} region. Please contact image owner to"
    " replicate to this region, or change your requested region.",
    "quoted",
)

# Such images make Trusted Launch machines and no others.
ONLY_TRUSTED_LAUNCH = Refusal(
    400,
    "BadRequest",
    "The provided gallery image only supports creation of VMs and VM Scale Sets with '{security}'"
    " security type.",
    "contract 4.2",
)
