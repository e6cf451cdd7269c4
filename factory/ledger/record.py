"""What the stack remembers of a version: strings only, since state gives numbers back as floats.

A :class:`Spec` is written before a build begins and lets a run that was cut off go on with the
inputs it began with. A :class:`Record` is written when a version passed every gate; from then on
the version is declared from it, and a receiving stack gets exactly it through the catalogue.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from factory.common import names
from factory.common.fields import Strict
from factory.common.ownership import BuildKey, Owner
from factory.common.versions import Version
from factory.definitions.definition import Capture, Definition, Os
from factory.ledger.record_fields import (
    Contents,
    JsonObject,
    JsonTexts,
    Number,
    Short,
    SnapshotId,
    TimeText,
)
from factory.settings.stack import VersionText

SCHEMA = "1"
_LONG_AGO = "1970-01-01T00:00:00+00:00"
# By this key the engine marks a secret: https://www.pulumi.com/docs/iac/concepts/secrets.
_MARK_OF_SECRETS = "4dabf18193072939515e22adb298388d"
_HIDDEN = "why is a secret of the state: `pulumi preview` says it, and the log of that run"
_T = TypeVar("_T", bound=Strict)


class _Facts(Strict):
    """Common to both: what the version is made from."""

    model_config = ConfigDict(str_strip_whitespace=False)

    schema_: Annotated[Literal["1"], Field(alias="schema")] = "1"
    definition: Short
    version: VersionText
    fingerprint: Short
    base_version: Short
    # The version it was built on, identity@version, "" on a marketplace image.
    parent: Short = ""
    plan: JsonTexts = "{}"
    commit: Short
    built: TimeText
    # The fingerprinted content itself as JSON, so that a plan can name the fields that changed.
    shape: JsonObject

    # What the artifacts' files were (definitions/artifact_content.py), as JSON; "{}" where nobody
    # looked.
    contents: Contents = "{}"

    def parsed(self) -> Version:
        """Give the version as a comparable value."""
        return Version.parse(self.version)

    @property
    def build(self) -> BuildKey:
        """What tells it from any other build, of this number too."""
        return BuildKey(self.definition, self.version, self.fingerprint, self.built)

    def purchase_plan(self) -> dict[str, str]:
        """The marketplace plan (name, publisher, product), empty for most images."""
        return {str(key): str(value) for key, value in json.loads(self.plan).items()}

    def dump(self) -> dict[str, str]:
        """Give the mapping of strings that goes into the state.

        Exactly the keys it was read with: a newer program must not change an old record.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Spec(_Facts):
    """What a build began with. ``effective`` is the whole definition as JSON."""

    effective: str

    @property
    def content(self) -> Definition:
        """The definition this build began with."""
        return Definition.model_validate_json(self.effective)


class Record(_Facts):
    """What a released version was made from and where its bytes are."""

    stack: Short
    attempt: Number
    description: Short = ""
    author: Short = ""
    tags: JsonTexts = "{}"
    base: Short
    os: Os
    capture: Capture
    region: Annotated[str, Field(pattern=r"^[a-z0-9]{3,40}$")]
    source_id: SnapshotId
    os_disk_id: Short
    vm_id: Short
    generation: Literal["V1", "V2"]
    security_type: Short = ""
    encryption: Short = ""
    disk_size_gb: Number
    # What Azure calls the source snapshot, and since when: one that was put in its place has its
    # id and tags, and not these. "" in records of older programs.
    source_unique_id: Short = ""
    source_created: Short = ""

    @property
    def digest(self) -> str:
        """What sets this very release apart: 32 hex digits of all that the record holds."""
        text = json.dumps(self.dump(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def user_tags(self) -> dict[str, str]:
        """The definition's own tags at the time of the build."""
        return {str(key): str(value) for key, value in json.loads(self.tags).items()}


class Failure(Strict):
    """How a version came to its end without a release: when, by Azure's clock, and why."""

    at: TimeText
    error: Annotated[str, Field(max_length=4000)]

    def dump(self) -> dict[str, str]:
        """Give the mapping of strings that goes into the state."""
        return self.model_dump(mode="json", by_alias=True)


def expiry(spec: Spec) -> datetime:
    """Give the moment at which Azure itself deletes the VMs of a build that everybody forgot.

    Later than any run needs them, and than ``keepFailed`` keeps them.
    """
    definition = spec.content
    phases = 1 if definition.verification is None else 2
    longest = phases * (definition.retries + 2) * definition.time_limit
    kept = definition.keep_failed or timedelta()
    return datetime.fromisoformat(spec.built) + longest + timedelta(days=1) + kept


def tags_for(facts: Record | Spec, owner: Owner, attempt: Any) -> dict[str, Any]:
    """Give the tags of everything made for a version; ``attempt`` may be an Output."""
    if isinstance(facts, Spec):
        definition = facts.content
        base, own = definition.base.urn, dict(definition.tags)
    else:
        base, own = facts.base, facts.user_tags()
    return {
        **own,
        **owner.tags,
        names.DEFINITION: facts.definition,
        names.VERSION: facts.version,
        names.ATTEMPT: attempt,
        names.FINGERPRINT: facts.fingerprint,
        names.BASE: f"{base}:{facts.base_version}"[:256],
        names.COMMIT: facts.commit,
        names.BUILT: facts.built,
    }


def released(
    spec: Spec, outcome: Mapping[str, str], stack: str, region: str, source: Sequence[str | None]
) -> Record:
    """Write down what a version was made from, at the moment it has passed every gate.

    ``source`` are the id, the unique id and the time of creation of its source snapshot.
    ``outcome`` is a :class:`factory.components.machine.vm_work.BuildOutcome` as plain data.
    """
    definition = spec.content
    return Record.model_validate(
        {
            **{key: value for key, value in spec.dump().items() if key != "effective"},
            "stack": stack,
            "attempt": outcome["attempt"],
            "description": definition.description,
            "author": definition.author,
            "tags": json.dumps(definition.tags, sort_keys=True),
            "base": definition.base.urn,
            "os": definition.os.value,
            "capture": definition.capture.value,
            "region": region,
            "sourceId": source[0],
            "sourceUniqueId": source[1] or "",
            "sourceCreated": source[2] or "",
            "osDiskId": outcome["os_disk_id"],
            "vmId": outcome["vm_id"],
            "generation": outcome["generation"],
            "securityType": outcome["security_type"],
            "encryption": outcome["encryption"],
            "diskSizeGb": outcome["disk_size_gb"],
        }
    )


def read_record(value: Any) -> Record | None:
    """Read a record strictly; None for anything that is not exactly one."""
    return read_model(Record, value)


def read_spec(value: Any) -> Spec | None:
    """Read a spec strictly; None for anything that is not exactly one."""
    spec = read_model(Spec, value)
    try:
        return spec if spec and spec.content else None
    except ValidationError:
        return None


def read_failure(value: Any, at: Any = _LONG_AGO) -> Failure | None:
    """Read a failure strictly; None for anything that is not exactly one: then the why is lost.

    It is a secret of the state, which the engine does not tell a command line: ``at`` is its time.
    """
    if isinstance(value, Mapping) and _MARK_OF_SECRETS in value:
        value = {"at": at, "error": _HIDDEN}
    return read_model(Failure, value)


def read_model(model: type[_T], value: Any) -> _T | None:
    """Read what the state remembers strictly; None for anything that is not exactly that."""
    if not isinstance(value, Mapping):
        return None
    try:
        return model.model_validate(value)
    except ValidationError:
        return None
