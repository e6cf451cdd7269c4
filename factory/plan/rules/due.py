"""Whether a definition needs a new version, and why; or which build goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from factory.common import names
from factory.common.patterns import matches
from factory.common.versions import Version, base_order, next_version
from factory.definitions.artifact_content import changes, contents_of, dump_contents, read_contents
from factory.definitions.definition import ParentBase
from factory.definitions.lineage import Image, canonical, fingerprint_of, parent_of, root_base
from factory.ledger.model import Held
from factory.ledger.record import SCHEMA, Record, Spec
from factory.plan.inputs import Inputs
from factory.plan.rules.lock import check_buildable, entry_for, moved


@dataclass(frozen=True)
class Build:
    """A version to build. ``resumed`` goes on where a run was cut off, with what it began with."""

    spec: Spec
    attempt: int
    resumed: bool
    reason: str
    verifying: int = 1


class NoParentError(LookupError):
    """It is due, but there is no version of ``parent`` that it could be built on."""

    def __init__(self, parent: str) -> None:
        super().__init__(f"its base {parent} has no released version, and none is being built")
        self.parent = parent


def due(inputs: Inputs, image: Image, held: list[Held], parents: Mapping[str, str]) -> Build | str:
    """Decide for one definition: a build, or the reason why nothing is to be built.

    ``parents`` names the version (identity@version) of every definition above that children are to
    be built on.
    Raises :class:`LookupError` with a line for the user if it is due but cannot be built.
    """
    entry = entry_for(inputs, image)
    for version in reversed(held):
        if version.record is None and version.spec is not None:
            build = _resumable(inputs, image, version, version.spec, parents)
            if build is not None and not (entry and moved(inputs, image, entry, version.spec)):
                return build
    released = [version for version in held if version.record and not version.retired]
    if not released:
        unfinished = [version for version in held if version.record is None]
        reason = "the last build failed" if unfinished else "never built"
        return _fresh(inputs, image, reason, parents)
    newest = released[-1].record
    overdue = _overdue(inputs, image, newest, parents) if newest is not None else None
    return "unchanged and fresh" if overdue is None else _fresh(inputs, image, overdue, parents)


def _overdue(
    inputs: Inputs, image: Image, newest: Record, parents: Mapping[str, str]
) -> str | None:
    """Say why the newest released version is no longer good enough, or None."""
    if not _same_shape(inputs, newest, image):
        before = _shape_now(inputs, newest)
        return f"definition changed: {', '.join(changed_fields(before, image.shape))}"
    entry = entry_for(inputs, image)
    ahead = moved(inputs, image, entry, newest) if entry else _upstream(inputs, image, newest)
    if ahead is not None:
        return ahead
    parent = parent_of(image)
    if parent is not None and _moved(newest.parent, parent, parents):
        return f"its base {parent} moved to {_number(parents[parent])}"
    built, now = datetime.fromisoformat(newest.built), inputs.observed.now
    refresh = image.definition.refresh
    if refresh is not None and refresh.due_at(built) <= now:
        return f"refresh is due: {refresh}, built {newest.built[:10]}"
    for pattern, moment in inputs.settings.rebuild.items():
        if any(matches(pattern, name) for name in image.names) and built < moment <= now:
            return f"asked for by hand: image-factory:rebuild {pattern} {moment:%Y-%m-%d}"
    return None


def _upstream(inputs: Inputs, image: Image, newest: Record) -> str | None:
    """Say what its artifacts' repositories or the marketplace have that is newer, or None."""
    observed = inputs.observed
    if files := changes(read_contents(newest.contents), observed.contents, image.definition):
        return str(files[0]) if len(files) == 1 else f"{files[0]}, and {len(files) - 1} more"
    exact = observed.base_versions.get(image.identity)
    if exact is not None and base_order(exact) > base_order(newest.base_version):
        return f"base image has a newer version: {exact} after {newest.base_version}"
    return None


def _moved(built_on: str, parent: str, parents: Mapping[str, str]) -> bool:
    return parent in parents and built_on != parents[parent]


def _number(name: str) -> str:
    return name.rpartition("@")[2]


def _shape_now(inputs: Inputs, facts: Record | Spec) -> str:
    """Give the shape a version was built with, its parent by the name it has now."""
    shape = json.loads(facts.shape)
    base = shape.get("base")
    if not isinstance(base, dict) or "image" not in base:
        return facts.shape
    base["image"] = inputs.present(str(base["image"]))
    return canonical(shape)


def _same_shape(inputs: Inputs, facts: Record | Spec, image: Image) -> bool:
    """Tell whether a rebuild would make the same image: a parent that only moved is the same."""
    if facts.fingerprint == image.fingerprint:
        return True
    return fingerprint_of(_shape_now(inputs, facts)) == image.fingerprint


def _resumable(
    inputs: Inputs, image: Image, held: Held, spec: Spec, parents: Mapping[str, str]
) -> Build | None:
    """Give the build to go on with, or None if this attempt is over.

    Azure decides: is the build VM there, and can it still succeed?
    """
    if held.failure is not None or not _same_shape(inputs, spec, image):
        return None
    parent = parent_of(image)
    if parent is not None and _moved(spec.parent, parent, parents):
        return None
    if changes(read_contents(spec.contents), inputs.observed.contents, image.definition):
        return None  # what it began with is no longer to be had
    attempt = held.attempt
    name = names.vm_name(inputs.stack, held.identity, held.version, attempt)
    vm = inputs.observed.vms.get(name.lower())
    if vm is None:
        if held.has("vm", str(attempt)):
            return None
        return Build(spec, attempt, True, "cut off before its VM was made")
    if vm.failed or inputs.half_made(held):
        return None
    if held.has("capture"):
        return _captured(inputs, held, spec, attempt)
    done = sum(artifact.succeeded for artifact in vm.artifacts)
    total = len(spec.content.all_artifacts)
    return Build(spec, attempt, True, f"cut off after {done} of {total} artifacts")


def _captured(inputs: Inputs, held: Held, spec: Spec, attempt: int) -> Build | None:
    """Go on with a captured version: with its verifying VM if that is still good, or another."""
    if spec.content.verification is None or not held.attempts("verify"):
        what = "the release" if spec.content.verification is None else "its verification"
        return Build(spec, attempt, True, f"captured; only {what} was cut off")
    newest = held.attempts("verify")[-1]
    name = names.verifying_vm_name(inputs.stack, held.identity, held.version, newest)
    vm = inputs.observed.vms.get(name)
    if vm is not None and vm.failed:
        return None
    # The engine believes that a VM in the state is there: one that is not needs a successor.
    number = newest if vm is not None else newest + 1
    return Build(spec, attempt, True, "captured; its verification was cut off", number)


def _fresh(inputs: Inputs, image: Image, reason: str, parents: Mapping[str, str]) -> Build:
    if entry := entry_for(inputs, image):
        check_buildable(inputs, image, entry)
    exact, parent = _exact_base(inputs, image, parents)
    root = root_base(inputs.images, image)
    plan = root.plan.model_dump() if root and root.plan else {}
    version = next_version(inputs.observed.now, used_versions(inputs, image.identity))
    spec = Spec.model_validate(
        {
            "schema": SCHEMA,
            "definition": image.identity,
            "version": str(version),
            "fingerprint": image.fingerprint,
            "shape": image.shape,
            "baseVersion": exact,
            "parent": parent,
            "plan": json.dumps(plan, sort_keys=True),
            "commit": inputs.commit,
            "built": inputs.observed.now.isoformat(timespec="seconds"),
            "contents": dump_contents(contents_of(inputs.observed.contents, image.definition)),
            "effective": image.definition.model_dump_json(by_alias=True, exclude_defaults=True),
        }
    )
    return Build(spec, 1, False, reason)


def _exact_base(inputs: Inputs, image: Image, parents: Mapping[str, str]) -> tuple[str, str]:
    """Give the exact version of the base and, for a layered image, the parent it is of."""
    base = image.definition.base
    if isinstance(base, ParentBase):
        if base.image not in parents:
            raise NoParentError(base.image)
        return _number(parents[base.image]), parents[base.image]
    exact = inputs.observed.base_versions.get(image.identity)
    if exact is None:
        wanted = "" if base.version == "latest" else f" with version {base.version}"
        msg = f"its base {base.urn}{wanted} is not offered in {inputs.settings.region}"
        raise LookupError(msg)
    return exact, ""


def used_versions(inputs: Inputs, identity: str) -> set[Version]:
    """Collect every version number that this definition ever got under any of its names.

    Failed ones too: no number ever names two different things.
    """
    known = inputs.names_of(identity)
    last = inputs.ledger.last_versions
    used = {held.version for held in inputs.held_of(identity)}
    used |= {last[name] for name in known if name in last}
    observed = inputs.observed
    tagged = [vm.tags for vm in observed.vms.values()]
    tagged += [thing.tags for thing in observed.captures.values() if thing.belongs_to(inputs.stack)]
    for tags in tagged:
        if tags.get(names.DEFINITION) in known:
            try:
                used.add(Version.parse(tags.get(names.VERSION, "")))
            except ValueError:
                continue
    return used


def changed_fields(before: str, after: str) -> list[str]:
    """Name the fields in which two shapes (canonical JSON) differ."""
    old, new = json.loads(before), json.loads(after)
    fields = []
    for key in sorted({*old, *new}):
        if old.get(key) == new.get(key):
            continue
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            inner = sorted({*old[key], *new[key]})
            fields += [f"{key}.{sub}" for sub in inner if old[key].get(sub) != new[key].get(sub)]
        else:
            fields.append(key)
    return fields
