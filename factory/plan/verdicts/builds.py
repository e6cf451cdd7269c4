"""Whether a definition needs a new version, and why; or which build goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from factory.common import names
from factory.common.versions import base_order
from factory.definitions.artifact_content import changes, contents_of, dump_contents, read_contents
from factory.definitions.definition import Definition, ParentBase
from factory.definitions.lineage import Image, canonical, fingerprint_of, parent_of
from factory.ledger.record import SCHEMA, Record, Spec
from factory.observed.artifact_manifest import artifact_faults
from factory.plan.model import Action
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import VersionSituation
from factory.plan.verdicts.lab_policies import forbidden, no_vm
from factory.plan.verdicts.lock import moved, unbuildable
from factory.plan.verdicts.verdict import Arrival, Build, Parent


class _RefusedError(LookupError):
    """It is due, but cannot be built, and ``action`` says whether it ever will by itself."""

    def __init__(self, reason: str, action: Action = Action.REFUSE) -> None:
        super().__init__(reason)
        self.action = action


def judge_build(
    situation: Situation, found: ImageSituation, parents: Mapping[str, Parent]
) -> Arrival | None:
    """Decide on the build that a definition needs, or say why it needs none, or cannot have it.

    ``parents`` says of every definition above which version of it children are to be built on.
    """
    identity, image = found.identity, found.image
    if image is None or found.elsewhere:
        return None
    if found.on_hold:
        return Arrival(Action.NOTHING, identity, "on hold")
    try:
        build = _due(situation, found, image, parents)
        if build is None:
            return Arrival(Action.NOTHING, identity, "unchanged and fresh")
        _check(situation, found, build)
    except _RefusedError as refusal:
        return Arrival(refusal.action, identity, str(refusal))
    action = Action.RESUME if build.resumed else Action.BUILD
    labs = () if found.rules.pin else found.takers
    spec = build.spec
    return Arrival(action, spec.definition, build.reason, spec.version, labs=labs, build=build)


def _check(situation: Situation, found: ImageSituation, build: Build) -> None:
    """Refuse a build for which no VM should be paid: what would fail on it for certain."""
    lab, content = situation.factory_lab, build.spec.content
    if lab is not None and lab.deleted:
        msg = (
            f"the lab {lab.lab.name} that this stack made is gone -> `pulumi refresh`; the next "
            "`up` makes it again"
        )
        raise _RefusedError(msg)
    if build.resumed:
        return
    if given_up := _given_up(situation, found, build.spec):
        raise _RefusedError(given_up, Action.WAIT)
    for ref in content.vault_refs:
        if ref in situation.vault_faults:
            raise _RefusedError(situation.vault_faults[ref])
    if fault := _policy_fault(situation, content):
        raise _RefusedError(fault)
    if lab is not None and lab.unfinished:
        return  # one that is half made has no artifacts to show yet
    if faults := artifact_faults(content, situation.shelves):
        stack = situation.name.rpartition("/")[2]
        command = f"python -m factory validate --stack {stack} --online"
        more = f" (and {len(faults) - 1} more: `{command}`)" if len(faults) > 1 else ""
        msg = f"{faults[0]}{more}"
        raise _RefusedError(msg)


def _policy_fault(situation: Situation, content: Definition) -> str:
    """Say which rule of an adopted lab refuses a build, and what to do; "" if none does."""
    if situation.rules is None:
        return ""
    for _, what, todo in forbidden(situation.rules, content):
        return f"{what} -> {todo}"
    none = no_vm(situation.rules, [content])
    return " -> ".join(none) if none else ""


def _given_up(situation: Situation, found: ImageSituation, spec: Spec) -> str:
    """Say why a build that failed so often is not tried again; "" if it is to be tried.

    Each costs a VM for its time, and nothing that it begins with has changed.
    """
    failed, most = found.failed, spec.content.give_up_after
    if failed is None or not most or int(failed.count) < most or not failed.same(spec):
        return ""
    began = datetime.fromisoformat(failed.built)
    many = "a build" if failed.count == "1" else f"{failed.count} builds"
    if any(began < moment <= situation.now for _, moment in found.rules.rebuild):
        return ""
    return (
        f"{many} failed with the same inputs, the last one as {failed.version} -> "
        f"change the definition, or ask for it by hand: image-factory:rebuild {{{spec.definition}: "
        f"{situation.now:%Y-%m-%dT%H:%M}}}"
    )


def _due(
    situation: Situation, found: ImageSituation, image: Image, parents: Mapping[str, Parent]
) -> Build | None:
    """Decide for one definition: a build, or None if nothing is to be built."""
    if found.lock_fault:
        raise _RefusedError(found.lock_fault)
    parent = _parent(image, parents)
    for version in reversed(found.own):
        spec = version.held.spec
        if version.record is None and spec is not None:
            build = _resumable(situation, image, version, spec, parent)
            if build and not (found.lock and moved(situation, image, found.lock, spec)):
                return build
    if not found.alive:
        unfinished = any(version.record is None for version in found.own)
        reason = "the last build failed" if unfinished else "never built"
        return _fresh(situation, found, image, reason, parents)
    if not found.released:
        bad = found.alive[-1]
        why = f"no good version is left: {bad.number} is revoked"
        return _fresh(situation, found, image, why, parents)
    newest = found.alive[-1].record
    overdue = _overdue(situation, found, image, newest, parent) if newest is not None else None
    return None if overdue is None else _fresh(situation, found, image, overdue, parents)


def _parent(image: Image, parents: Mapping[str, Parent]) -> str:
    """Name the version that an image is to be built on; "" if there is none, or no parent."""
    return parents.get(parent_of(image) or "", Parent()).name


def _overdue(
    situation: Situation, found: ImageSituation, image: Image, newest: Record, parent: str
) -> str | None:
    """Say why the newest released version is no longer good enough, or None.

    What it is made of is compared with the newest one, though that be revoked: to make the same
    once more helps nobody. Its age is that of the newest good one.
    """
    if not _same_shape(situation, newest, image):
        before = _shape_now(situation, newest)
        return f"definition changed: {', '.join(changed_fields(before, image.shape))}"
    if found.lock:
        ahead = moved(situation, image, found.lock, newest)
    else:
        ahead = _upstream(situation, found, image, newest)
    if ahead is not None:
        return ahead
    # Receivers have that one, and would take no older number for newer.
    for offer in found.good_offers:
        if offer.entry.record.parsed() > newest.parsed():
            return f"{offer.origin} built {offer.entry.record.version} while it was that stack's"
    if parent and newest.parent != parent:
        return f"its base {parent_of(image)} moved to {_number(parent)}"
    built, refresh = found.released[-1].built or situation.now, image.definition.refresh
    if refresh is not None and refresh.due_at(built) <= situation.now:
        return f"refresh is due: {refresh}, built {built:%Y-%m-%d}"
    for pattern, moment in found.rules.rebuild:
        if built < moment <= situation.now:
            return f"asked for by hand: image-factory:rebuild {pattern} {moment:%Y-%m-%d}"
    return None


def _upstream(
    situation: Situation, found: ImageSituation, image: Image, newest: Record
) -> str | None:
    """Say what its artifacts' repositories or the marketplace have that is newer, or None."""
    files = changes(read_contents(newest.contents), situation.contents, image.definition)
    if files:
        return str(files[0]) if len(files) == 1 else f"{files[0]}, and {len(files) - 1} more"
    exact = found.base_version
    if exact is not None and base_order(exact) > base_order(newest.base_version):
        return f"base image has a newer version: {exact} after {newest.base_version}"
    return None


def _number(name: str) -> str:
    return name.rpartition("@")[2]


def _shape_now(situation: Situation, facts: Record | Spec) -> str:
    """Give the shape a version was built with, its parent by the name it has now."""
    shape = json.loads(facts.shape)
    base = shape.get("base")
    if not isinstance(base, dict) or "image" not in base:
        return facts.shape
    name = str(base["image"])
    base["image"] = situation.present.get(name, name)
    return canonical(shape)


def _same_shape(situation: Situation, facts: Record | Spec, image: Image) -> bool:
    """Tell whether a rebuild would make the same image: a parent that only moved is the same."""
    if facts.fingerprint == image.fingerprint:
        return True
    return fingerprint_of(_shape_now(situation, facts)) == image.fingerprint


def _resumable(
    situation: Situation, image: Image, version: VersionSituation, spec: Spec, parent: str
) -> Build | None:
    """Give the build to go on with, or None if this attempt is over.

    Azure decides: is the build VM there, and can it still succeed?
    """
    held = version.held
    if held.failure is not None or not _same_shape(situation, spec, image):
        return None
    if parent and spec.parent != parent:
        return None
    if changes(read_contents(spec.contents), situation.contents, image.definition):
        return None  # what it began with is no longer to be had
    attempt = held.attempt
    name = names.vm_name(situation.stack, held.identity, held.version, attempt)
    vm = situation.vms.get(name.lower())
    if vm is None:
        if held.has("vm", str(attempt)):
            return None
        return Build(spec, attempt, True, "cut off before its VM was made")
    if vm.failed or version.half_made:
        return None
    if held.has("capture"):
        return _captured(situation, version, spec, attempt)
    done = sum(artifact.succeeded for artifact in vm.artifacts)
    total = len(spec.content.all_artifacts)
    return Build(spec, attempt, True, f"cut off after {done} of {total} artifacts")


def _captured(
    situation: Situation, version: VersionSituation, spec: Spec, attempt: int
) -> Build | None:
    """Go on with a captured version: with its verifying VM if that is still good, or another."""
    attempts = version.held.attempts("verify")
    if spec.content.verification is None or not attempts:
        what = "the release" if spec.content.verification is None else "its verification"
        return Build(spec, attempt, True, f"captured; only {what} was cut off")
    newest = attempts[-1]
    name = names.verifying_vm_name(situation.stack, version.identity, version.version, newest)
    vm = situation.vms.get(name)
    if vm is not None and vm.failed:
        return None
    # The engine believes that a VM in the state is there: one that is not needs a successor.
    number = newest if vm is not None else newest + 1
    return Build(spec, attempt, True, "captured; its verification was cut off", number)


def _fresh(
    situation: Situation,
    found: ImageSituation,
    image: Image,
    reason: str,
    parents: Mapping[str, Parent],
) -> Build:
    if found.lock and (fault := unbuildable(situation, found, image, found.lock)):
        raise _RefusedError(fault)
    exact, parent = _exact_base(situation, found, image, parents)
    spec = Spec.model_validate(
        {
            "schema": SCHEMA,
            "definition": image.identity,
            "version": str(found.next_version),
            "fingerprint": image.fingerprint,
            "shape": image.shape,
            "baseVersion": exact,
            "parent": parent,
            "plan": json.dumps(found.purchase_plan, sort_keys=True),
            "commit": situation.commit,
            "built": situation.now.isoformat(timespec="seconds"),
            "contents": dump_contents(contents_of(situation.contents, image.definition)),
            "effective": image.definition.model_dump_json(by_alias=True, exclude_defaults=True),
        }
    )
    return Build(spec, 1, False, reason)


def _exact_base(
    situation: Situation, found: ImageSituation, image: Image, parents: Mapping[str, Parent]
) -> tuple[str, str]:
    """Give the exact version of the base and, for a layered image, the parent it is of."""
    base = image.definition.base
    if isinstance(base, ParentBase):
        above = parents.get(base.image, Parent())
        if above.name:
            return _number(above.name), above.name
        none = f"its base {base.image} has no released version, and none is being built"
        action, why = above.missing or (Action.REFUSE, none)
        raise _RefusedError(why, action)
    if found.base_version is None:
        wanted = "" if base.version == "latest" else f" with version {base.version}"
        msg = f"its base {base.urn}{wanted} is not offered in {situation.region}"
        raise _RefusedError(msg)
    return found.base_version, ""


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
