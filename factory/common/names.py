"""Every name the factory gives: in Azure, and (logical ones) in the stack's state.

Both are contract. A changed Azure name replaces a resource, a changed logical name moves its URN;
the ledger finds its way by the logical names alone.
"""

from __future__ import annotations

import hashlib
import re

from factory.common.versions import Version

# What Microsoft.DevTestLab and Microsoft.Compute accept alike for images and snapshots.
_LONGEST = 80
_TAG_PREFIX = "image-factory-"

STACK = f"{_TAG_PREFIX}stack"
STATE = f"{_TAG_PREFIX}state"
DEFINITION = f"{_TAG_PREFIX}definition"
VERSION = f"{_TAG_PREFIX}version"
ATTEMPT = f"{_TAG_PREFIX}attempt"
FINGERPRINT = f"{_TAG_PREFIX}fingerprint"
BASE = f"{_TAG_PREFIX}base"
COMMIT = f"{_TAG_PREFIX}commit"
BUILT = f"{_TAG_PREFIX}built"
RELEASED = f"{_TAG_PREFIX}released"
RETIRING = f"{_TAG_PREFIX}retiring"


def is_own_tag(tag: str) -> bool:
    """Tell whether a tag is the factory's, and none of a definition's own."""
    return tag.startswith(_TAG_PREFIX)


def _short_hash(text: str, length: int = 8) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def image_stem(identity: str) -> str:
    """Give the Azure form of an identity: lower case, dashes between segments."""
    return re.sub(r"[^a-z0-9]+", "-", identity.lower()).strip("-")


def image_name(identity: str, version: Version) -> str:
    """Name a custom image: ``windows-2022-visual-studio-20261122-1``; long ones end in a hash."""
    return _fitted(f"{image_stem(identity)}-{version.dashed}", identity)


def copy_name(identity: str, version: Version, region: str, attempt: int) -> str:
    """Name the copy of a snapshot in one region; a copy that died is followed by another name."""
    again = f"-r{attempt}" if attempt > 1 else ""
    return _fitted(f"{image_stem(identity)}-{version.dashed}-{region}{again}", identity)


def backing_name(identity: str, version: Version, region: str) -> str:
    """Name the managed image that backs the custom images of one region."""
    return _fitted(f"{image_stem(identity)}-{version.dashed}-{region}", identity)


def _fitted(name: str, identity: str) -> str:
    if len(name) <= _LONGEST:
        return name
    # The end of a name tells versions and regions apart: cut the front part, keep the end.
    tail = name[len(image_stem(identity)) :]
    head = image_stem(identity)[: _LONGEST - len(tail) - 9].rstrip("-")
    return f"{head}-{_short_hash(identity)}{tail}"


def vm_name(stack: str, identity: str, version: Version, attempt: int) -> str:
    """Name a build VM within the 15 characters of Windows; never all digits.

    A hash, because two folders may hold files of one name and several stacks share a lab.
    """
    return "b" + _short_hash(f"{stack}|{identity}|{version}|{attempt}", 14)


# The type of the stack itself in its state; no other resource has it.
STACK_TYPE = "pulumi:pulumi:Stack"
# The logical name of what remembers the id of the state.
STATE_ID = "factory/state"
# Logical names of images of the original factory begin so: adopted/<lab>/<image>.
ADOPTED = "adopted/"


def adopted_name(lab: str, image: str) -> str:
    """Give the logical name of an image that the original factory left in a lab."""
    return f"{ADOPTED}{lab}/{image}"


def refused_name(identity: str, lab: str) -> str:
    """Give the logical name of what is never made, so that a run ends as failed."""
    return "/".join(("refused", identity, *((lab,) if lab else ())))


def verifying_vm_name(stack: str, identity: str, version: Version, attempt: int) -> str:
    """Name the VM that verifies a captured image, by the same rules as a build VM."""
    return "v" + _short_hash(f"{stack}|{identity}|{version}|verify|{attempt}", 14)


def version_urn_name(identity: str, version: Version) -> str:
    """Give the logical name of a version's component; its parts' names begin with it."""
    return f"{identity}@{version}"


def part(identity: str, version: Version, *path: str) -> str:
    """Give the logical name of a version's part: ``windows/x@20261122.1/copy/westeurope``."""
    return "/".join((version_urn_name(identity, version), *path))


_PART = re.compile(r"(?P<identity>[^@]+)@(?P<version>\d{8}\.\d+)(?:/(?P<path>.+))?")


def logical_name(urn: str) -> str:
    """Give the logical name in a resource's URN, its last part."""
    return urn.split("::", 3)[3]


def parse_part(name: str) -> tuple[str, Version, tuple[str, ...]] | None:
    """Read a logical name back into (identity, version, path); None if it is not of a version."""
    match = _PART.fullmatch(name)
    if match is None:
        return None
    path = tuple(match["path"].split("/")) if match["path"] else ()
    return match["identity"], Version.parse(match["version"]), path
