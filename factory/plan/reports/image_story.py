"""One definition's story: due or not and why, its versions, and what comes next. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from factory.common.durations import spell_duration
from factory.common.errors import FactoryError
from factory.common.messages import near_name
from factory.definitions.definition import Definition
from factory.definitions.lineage import parent_of
from factory.ledger.model import Held
from factory.plan.forecast import Run
from factory.plan.inputs import Inputs
from factory.plan.model import CHANGES, Action, Plan, Step
from factory.plan.reports.table import table
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.resolution import resolve

_HEADS = ("version", "state", "built", "base", "labs", "now")
_STARTS = frozenset({Action.BUILD, Action.RESUME, Action.RECEIVE})


def story(inputs: Inputs, plan: Plan, identity: str, ahead: Iterator[Run]) -> str:
    """Tell everything about one definition; ``ahead`` are the runs after the coming one.

    Raises :class:`FactoryError` if neither git nor the state knows it.
    """
    identity = inputs.present(identity)
    found = resolve(inputs).images.get(identity)
    if found is None:
        raise _unknown(inputs, identity)
    image, held = found.image, [each.held for each in found.versions]
    steps = [step for step in plan.steps if step.identity == identity]
    lines = [f"{identity} ({image.file if image else 'removed from git'})"]
    if image is not None and image.definition.description:
        lines.append(f"  {image.definition.description}")
    if image is not None and image.definition.formerly:
        lines.append(f"  formerly {', '.join(image.definition.formerly)}")
    lines += ["", f"Now:    {_now(steps)}", f"Rules:  {rules(inputs, found)}"]
    if found.offers:
        newest, origin = found.offers[-1].entry, found.offers[-1].origin
        state = f", revoked: {newest.revoked}" if newest.revoked else ""
        state = state or (", retired" if newest.retired else "")
        lines.append(f"Offer:  {newest.record.version} by {origin}{state}")
    lines += [f"Next:   {_next(identity, plan, ahead)}", "", *_versions(inputs, held, steps)]
    return "\n".join(lines)


def _unknown(inputs: Inputs, identity: str) -> FactoryError:
    known = {*inputs.images, *inputs.ledger.identities}
    hint = near_name(identity, known) or "a definition's path below the images folder"
    return FactoryError(f"there is no image {identity!r} in {inputs.name} -> {hint}")


def _now(steps: list[Step]) -> str:
    """Sum up what the next run does to it, and why."""
    said = [_line(step) for step in steps if step.action in CHANGES | {Action.WAIT, Action.WARN}]
    said = said or [step.reason for step in steps if step.action is Action.NOTHING]
    return "\n        ".join(said or ["nothing is due"])


def _line(step: Step) -> str:
    where = f" {'to' if step.action is Action.DELIVER else 'from'} {step.lab}" if step.lab else ""
    return f"{step.action.value} {step.version or 'it'}{where}: {step.reason}"


def rules(inputs: Inputs, found: ImageSituation) -> str:
    """Say which rules are in force for a definition, and who takes it."""
    image, in_force = found.image, found.rules
    told = [f"keeps the {in_force.keep}"]
    if image is not None and found.identity in inputs.here and inputs.settings.builds:
        refresh = image.definition.refresh
        told += [f"built on {parent}"] if (parent := parent_of(image)) else []
        told += _gates(image.definition)
        told.append(f"refresh {refresh}" if refresh else "no refresh by age")
    if in_force.retire_after:
        told.append(f"marked for {spell_duration(in_force.retire_after)} before it is deleted")
    if in_force.pin:
        told.append(f"pinned to {in_force.pin}")
    if found.elsewhere:
        told.append("another stack builds it")
    elif found.on_hold:
        told.append("on hold")
    labs = [lab.name for lab in found.takers]
    told.append(f"taken by {', '.join(labs)}" if labs else "no lab takes it")
    return "; ".join(told)


def _gates(definition: Definition) -> list[str]:
    """Say how a version is verified, and for how long a failed one is kept."""
    tests, kept = definition.verification, definition.keep_failed
    rules = []
    if tests is not None:
        names = ", ".join(artifact.name for artifact in tests)
        rules.append(f"verified by {names}" if names else "verified by booting it")
    return rules + ([f"keeps failed ones for {spell_duration(kept)}"] if kept else [])


def _next(identity: str, plan: Plan, ahead: Iterator[Run]) -> str:
    """Find the first thing that time alone brings about; ``ahead`` begins after the coming run."""
    due = any(step.identity == identity and step.action in CHANGES for step in plan.steps)
    horizon = None
    for run in ahead:
        horizon = run.now
        changes = [s for s in run.plan.steps if s.identity == identity and s.action in CHANGES]
        starts = [step for step in changes if step.action in _STARTS]
        goes = [
            step for step in changes if step.action in {Action.MARK, Action.RETIRE, Action.REMOVE}
        ]
        if found := starts or goes:
            return f"{run.now:%Y-%m-%d} {_line(found[0])}"
    until = f" before {horizon:%Y-%m-%d}" if horizon else ""
    return f"nothing{' else' if due else ''}{until}, unless something changes"


def _versions(inputs: Inputs, held: list[Held], steps: list[Step]) -> list[str]:
    if not held:
        return ["No version here yet."]
    own = inputs.settings.factory_lab
    rows = []
    for version in held:
        labs = [own.name] if own is not None and version.has("capture") else []
        labs += sorted(version.labs)
        fate = [s for s in steps if s.version == str(version.version) and s.action in _FATES]
        # What is kept for a look is told as such; that its VMs leave the state is no fate.
        looked_at = any(step.action is Action.WAIT for step in fate)
        fate = [s for s in fate if not (looked_at and s.action is Action.FORGET)]
        facts = version.record or version.spec
        rows.append(
            (
                str(version.version),
                _state(version),
                facts.built[:16].replace("T", " ") if facts else "-",
                facts.base_version if facts else "-",
                ", ".join(labs) or "-",
                "; ".join(dict.fromkeys(f"{s.action.value}: {s.reason}" for s in fate)) or "-",
            )
        )
    return ["Versions:", *table(_HEADS, rows)]


_FATES = frozenset(
    {
        Action.KEEP,
        Action.MARK,
        Action.UNMARK,
        Action.RETIRE,
        Action.REMOVE,
        Action.RESTORE,
        Action.FORGET,
        Action.RESUME,
        Action.WAIT,
    }
)


def _state(held: Held) -> str:
    if held.retired is not None:
        return f"retired {held.retired:%Y-%m-%d}"
    if held.record is not None:
        return "released"
    return "unreleased" if held.has("capture") or held.failure else "unfinished"
