"""Resolves what is known of one definition: its rules, its versions, and what is offered of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from factory.common import names
from factory.common.names import image_name, version_urn_name
from factory.common.patterns import matches, takes_any
from factory.common.versions import Version, next_version
from factory.definitions.lineage import Image, generations, root_base
from factory.definitions.policies import Keep
from factory.ledger.catalogue import Catalogue, Entry
from factory.ledger.failed_builds import FailedBuilds, one_more
from factory.ledger.foundations import compute_id
from factory.ledger.model import Held
from factory.ledger.record import Record
from factory.observed.model import BuildVm, Observed, Thing
from factory.plan.inputs import Inputs
from factory.plan.situation.image_situation import Heir, ImageSituation, Offer, Rules
from factory.plan.situation.lab_situation import LabSituation
from factory.plan.situation.lock_entry import lock_entry
from factory.plan.situation.revocation import bad_offer, revoked
from factory.plan.situation.version_situation import Place, Standing, VersionSituation, vm_names
from factory.settings.stack import Settings


@dataclass(frozen=True)
class Lookups:
    """What is looked up for every definition, by what it is looked up by."""

    inputs: Inputs
    labs: tuple[LabSituation, ...]

    @cached_property
    def identities(self) -> Sequence[str]:
        """Every definition of git, the ledger and the source, parents first.

        A child is due when the version that it is to be built on has moved.
        """
        inputs = self.inputs
        offered = self.source.identities if self.source else set()
        past = {inputs.present(name) for name in inputs.ledger.identities | offered}
        return sorted(
            {*inputs.images, *past}, key=lambda name: (self.generations.get(name, 0), name)
        )

    @cached_property
    def generations(self) -> Mapping[str, int]:
        """How many definitions stand below each one of git."""
        return generations(self.inputs.images)

    @cached_property
    def fingerprints(self) -> Mapping[str, str]:
        """What each definition of git makes, as a hash."""
        return {name: image.fingerprint for name, image in self.inputs.images.items()}

    @cached_property
    def stems(self) -> Mapping[str, Sequence[str]]:
        """The definitions that anything is known of, by what their names in Azure begin with."""
        ledger, found = self.inputs.ledger, dict[str, list[str]]()
        for name in sorted({*ledger.identities, *ledger.last_versions, *self.tagged}):
            found.setdefault(names.image_stem(name).lower(), []).append(name)
        return found

    @cached_property
    def tagged(self) -> Mapping[str, set[Version]]:
        """The numbers that VMs and captured images carry, by the definition in their tags."""
        tags = [vm.tags for vm in self.inputs.observed.vms.values()]
        captures = self.inputs.observed.captures.values()
        # Also another factory's in the same lab: its images have the names that ours would get.
        tags += [thing.tags for thing in captures]
        found: dict[str, set[Version]] = {}
        for each in tags:
            try:
                version = Version.parse(each.get(names.VERSION, ""))
            except ValueError:
                continue
            found.setdefault(each.get(names.DEFINITION, ""), set()).add(version)
        return found

    def used(self, identity: str) -> set[Version]:
        """Collect the newest numbers that a definition of git ever got under each of its names.

        Failed ones too, and those of a definition that is gone whose names in Azure are the same
        (a/b and a-b): no number ever names two different things.
        """
        last, known = self.inputs.ledger.last_versions, set(self.inputs.names_of(identity))
        for name in list(known):
            known.update(self.stems.get(names.image_stem(name).lower(), ()))
        used = {last[name] for name in known if name in last}
        return used.union(*(self.tagged.get(name, ()) for name in known))

    @cached_property
    def last_versions(self) -> dict[str, Version]:
        """The newest number that every definition ever got."""
        found = {name: max(used) for name in self.inputs.images if (used := self.used(name))}
        return {**self.inputs.ledger.last_versions, **found}

    @cached_property
    def entries(self) -> Mapping[str, Sequence[Entry]]:
        """What the source offers, by definition, oldest first."""
        found: dict[str, list[Entry]] = {}
        for (identity, _), entry in sorted(self.source.entries.items()) if self.source else ():
            found.setdefault(identity, []).append(entry)
        return found

    def records(self, name: str) -> Sequence[Record]:
        """Give what was released under one name, here and in what the source offers."""
        held = [each.record for each in self.inputs.ledger.of(name) if each.record]
        return [*held, *(each.record for each in self.entries.get(name, ()))]

    @cached_property
    def labs_by_patterns(self) -> Sequence[tuple[tuple[str, ...], LabSituation]]:
        """The labs with what they take, in the order of the settings."""
        return [(tuple(lab.spec.images), lab) for lab in self.labs]

    @property
    def source(self) -> Catalogue | None:
        """Where versions come from, or the parents that other stacks build."""
        return self.inputs.parents if self.inputs.settings.builds else self.inputs.catalogue

    @cached_property
    def vms(self) -> Mapping[tuple[str, str], Sequence[BuildVm]]:
        """The VMs by the version that their tags name."""
        found: dict[tuple[str, str], list[BuildVm]] = {}
        for vm in self.inputs.observed.vms.values():
            found.setdefault(vm.made_for, []).append(vm)
        return found

    def on_hold(self, identity: str) -> bool:
        """Tell whether nothing at all is to happen to a definition in this stack.

        What a trial leaves out rests too, and what another stack builds: a pattern must never read
        as a wish to retire the others.
        """
        inputs, settings = self.inputs, self.inputs.settings
        if (settings.only and identity not in inputs.here) or inputs.elsewhere(identity):
            return True
        return inputs.takes(settings.hold, identity)


def resolve_image(facts: Lookups, identity: str) -> ImageSituation:
    """Answer what is asked of one definition and of its versions."""
    inputs = facts.inputs
    image = inputs.images.get(identity)
    root = root_base(inputs.images, image) if image else None
    known = inputs.names_of(identity)
    # Many labs take the same.
    takes = {each: takes_any(each, known) for each in dict(facts.labs_by_patterns)}
    lock, lock_fault = lock_entry(inputs.lock, inputs.name, image) if image else (None, "")
    children = inputs.children.get(identity, ())
    last, offers = facts.last_versions.get(identity), tuple(_offers(facts, identity))
    given = [offer.entry.record.parsed() for offer in offers]
    return ImageSituation(
        identity=identity,
        image=image,
        names=known,
        generation=facts.generations.get(identity, 0),
        versions=tuple(_version(facts, held) for held in inputs.held_of(identity)),
        rules=_rules(inputs.settings, image, known),
        elsewhere=inputs.elsewhere(identity),
        on_hold=facts.on_hold(identity),
        takers=tuple(lab for patterns, lab in facts.labs_by_patterns if takes[patterns]),
        offers=offers,
        children=tuple(children),
        child=next((child for child in children if not facts.on_hold(child)), None),
        next_version=next_version(inputs.observed.now, [*given, last] if last else given),
        base_version=inputs.observed.base_versions.get(identity),
        purchase_plan=root.plan.model_dump() if root and root.plan else {},
        lock=lock,
        lock_fault=lock_fault,
        heir=None if image else _heir(facts, identity),
        failed=_failed(inputs, identity),
    )


def _failed(inputs: Inputs, identity: str) -> FailedBuilds | None:
    """Count on from the last run, through what failed since, oldest first.

    None if the last build was released, or none failed.
    """
    before = inputs.ledger.failed_builds
    noted = [before[name] for name in inputs.names_of(identity) if name in before]
    failed = max(noted, key=lambda each: each.built, default=None)
    for each in inputs.held_of(identity):
        if each.foreign or (failed is not None and each.built <= failed.built):
            continue
        if each.record is not None:
            failed = None
        elif each.failure is not None and each.spec is not None and each.attempts("vm"):
            failed = one_more(failed, each.spec)
    return failed


def _heir(facts: Lookups, identity: str) -> Heir | None:
    """Find the definition that one that left git was probably renamed to, if there is any.

    It makes the same image, or says that it was called nearly so; and nothing of it was built
    before the last version under the old name, which a receiver may not have yet. What left git
    too may stand between them.
    """
    inputs = facts.inputs
    last = max(facts.records(identity), key=lambda record: record.built, default=None)
    if last is None:
        return None
    for image in inputs.images.values():
        held = [h.record for h in inputs.held_of(image.identity) if h.record]
        older = any(each.built <= last.built for each in held)
        if older or inputs.elsewhere(image.identity):
            continue
        made = {each.fingerprint for name in image.names for each in facts.records(name)}
        made.add(facts.fingerprints[image.identity])
        unknown = sorted(set(image.definition.formerly) - inputs.ledger.identities)
        near = get_close_matches(identity, unknown, n=1, cutoff=0.8)
        if near or last.fingerprint in made:
            return Heir(image.identity, image.file, *near)
    for name in sorted({*inputs.ledger.identities, *facts.entries}):
        between = facts.records(name) if inputs.present(name) not in inputs.images else ()
        later = all(each.built > last.built for each in between)
        if later and any(each.fingerprint == last.fingerprint for each in between):
            return _heir(facts, name)
    return None


def _rules(settings: Settings, image: Image | None, known: Sequence[str]) -> Rules:
    definition = image.definition if image is not None else None
    pin = next((settings.pin[name] for name in known if name in settings.pin), None)
    approve = settings.approve
    return Rules(
        keep=settings.keep or (definition.keep if definition else None) or Keep(),
        pin=Version.parse(pin) if pin else None,
        hold=takes_any(settings.hold, known),
        let_go=takes_any(settings.let_go, known),
        allow_none=takes_any(settings.allow_none, known),
        retire_after=settings.retire_after
        if settings.retire_after is not None or definition is None
        else definition.retire_after,
        after=settings.after,
        approved=None
        if approve is None
        else frozenset(number for name in known for number in approve.get(name, [])),
        rebuild=tuple(
            (pattern, moment)
            for pattern, moment in settings.rebuild.items()
            if any(matches(pattern, name) for name in known)
        ),
    )


def _version(facts: Lookups, held: Held) -> VersionSituation:
    inputs, observed = facts.inputs, facts.inputs.observed
    bad, name = revoked(inputs, held), image_name(held.identity, held.version).lower()
    source = inputs.parents if held.foreign else inputs.catalogue
    entry = source.entries.get((held.identity, held.version)) if source else None
    if entry is not None and held.record and not entry.record.build.same(held.record.build):
        entry = None  # the source gave the number to another build; of this one it knows nothing
    capture = _not_anothers(inputs, observed.captures.get(name))
    snapshot = _not_anothers(inputs, observed.snapshots.get(name))
    broken_capture = capture is not None and capture.broken
    broken_source = snapshot is not None and snapshot.broken
    return VersionSituation(
        held=held,
        standing=_standing(held, bad),
        revoked=bad,
        child=inputs.ledger.children.get(version_urn_name(held.identity, held.version)),
        offered=source is None or entry is not None,
        retired_at_source=not held.foreign and entry is not None and entry.retired is not None,
        source=Place(compute_id(inputs.settings, "snapshots", name), name, True, snapshot)
        if held.has("source")
        else None,
        copies=dict(_copies(inputs.settings, observed, held)),
        half_made=broken_capture or broken_source,
        source_whole=held.has("source") and not broken_source,
        capture_whole=held.has("capture") and not broken_capture,
        vms=_vms(facts, held) if held.record is None else (),
    )


def _not_anothers(inputs: Inputs, thing: Thing | None) -> Thing | None:
    """Give what has the name of one of ours, unless it says that it is of another state."""
    if thing is None or thing.owner is None or thing.made_under(inputs.owner):
        return thing
    return None


def _standing(held: Held, bad: str) -> Standing:
    if held.foreign:
        return Standing.FOREIGN
    if held.retired:
        return Standing.RETIRED
    if held.record is None:
        return Standing.UNRELEASED
    return Standing.REVOKED if bad else Standing.RELEASED


def _copies(settings: Settings, observed: Observed, held: Held) -> Iterator[tuple[str, Place]]:
    """Give the copies that the ledger has, by region; only an incremental one crosses regions."""
    home = held.record.region if held.record else ""
    for path, outputs in sorted(held.parts.items()):
        if path[0] == "copy":
            name = str(outputs.get("name") or "")
            incremental = bool(outputs.get("incremental", path[1] != home))
            thing = observed.snapshots.get(name.lower())
            yield path[1], Place(compute_id(settings, "snapshots", name), name, incremental, thing)


def _vms(facts: Lookups, held: Held) -> tuple[BuildVm, ...]:
    """List the VMs of a version that are there, by name or by tags.

    One that is kept for a look is in the ledger no more. Those that verify (v...) come after those
    that build (b...).
    """
    vms = facts.inputs.observed.vms
    found = [vms[name] for name in vm_names(facts.inputs.stack, held) if name in vms]
    found += [vm for vm in facts.vms.get((held.identity, str(held.version)), ()) if vm not in found]
    return tuple(
        sorted(found, key=lambda vm: (vm.name[0], vm.tags.get(names.ATTEMPT, ""), vm.name))
    )


def _offers(facts: Lookups, identity: str) -> Iterator[Offer]:
    """Give what the source has of a definition under all its names, oldest first."""
    source, inputs = facts.source, facts.inputs
    if source is None:
        return
    found = [each for name in inputs.names_of(identity) for each in facts.entries.get(name, ())]
    for entry in sorted(found, key=lambda each: (each.record.parsed(), each.record.built)):
        record = entry.record
        key = (record.definition, record.parsed())
        thing = facts.inputs.observed.captures.get(image_name(*key).lower())
        yield Offer(
            entry,
            source.origin(record),
            bad_offer(inputs, source, record),
            own_number=key in inputs.ledger.held,
            neighbour=thing is not None
            and not thing.broken
            and thing.owner is not None
            and thing.owner.stack == record.stack
            and thing.is_of(record.build),
        )
