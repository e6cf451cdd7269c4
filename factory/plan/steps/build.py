"""What is planned for versions to build."""

from __future__ import annotations

from factory.common.names import version_urn_name
from factory.ledger.foundations import LAB
from factory.ledger.model import Held
from factory.observed.artifact_manifest import artifact_faults
from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Source, Step, VersionPlan
from factory.plan.rules.channel import on_hold, pinned
from factory.plan.rules.due import Build, NoParentError, due
from factory.plan.rules.targets import takers
from factory.plan.steps.delivery import Consignment, regions


def plan_build(inputs: Inputs, identity: str, held: list[Held], draft: Draft) -> None:
    """Note the build that a definition needs, or why it needs none, or cannot have it."""
    image = inputs.images.get(identity)
    if image is None or inputs.elsewhere(identity):
        return
    if on_hold(inputs, identity):
        draft.steps.append(Step(Action.NOTHING, identity, "", "on hold"))
        return
    try:
        build = due(inputs, image, held, draft.newest)
        if isinstance(build, Build):
            _lab_there(inputs)
        if isinstance(build, Build) and not build.resumed:
            _secrets_there(inputs, build)
    except NoParentError as refusal:
        action, why = draft.parentless.get(refusal.parent, (Action.REFUSE, str(refusal)))
        draft.steps.append(Step(action, identity, "", why))
        return
    except LookupError as refusal:
        draft.steps.append(Step(Action.REFUSE, identity, "", str(refusal)))
        return
    if isinstance(build, Build) and (fault := _artifact_fault(inputs, build)):
        draft.steps.append(Step(Action.REFUSE, identity, "", fault))
    elif isinstance(build, Build):
        draft.builds.append(build)
        draft.newest[identity] = version_urn_name(build.spec.definition, build.spec.parsed())
    else:
        draft.steps.append(Step(Action.NOTHING, identity, "", build))


def _lab_there(inputs: Inputs) -> None:
    """Refuse a build where this stack's own lab was deleted by somebody, by a LookupError."""
    own = inputs.settings.factory_lab
    made = LAB in inputs.ledger.foundations
    if own is not None and made and not inputs.observed.factory_lab_exists:
        msg = (
            f"the lab {own.name} that this stack made is gone -> `pulumi refresh`; the next `up` "
            "makes it again"
        )
        raise LookupError(msg)


def _secrets_there(inputs: Inputs, build: Build) -> None:
    """Refuse a build whose secrets cannot be had before its VM is made, by a LookupError."""
    faults = inputs.observed.vault_faults
    for ref in build.spec.content.vault_refs:
        if ref in faults:
            raise LookupError(faults[ref])


def _artifact_fault(inputs: Inputs, build: Build) -> str:
    """Say why no VM should be paid for: what would fail on it for certain; "" if nothing does."""
    lab = inputs.ledger.foundations.get(LAB)
    unfinished = lab is not None and lab.state.lower() not in {"", "succeeded"}
    if build.resumed or unfinished:  # a lab that is half made has no artifacts to show yet
        return ""
    faults = artifact_faults(build.spec.content, inputs.observed.artifacts or {})
    more = f" (and {len(faults) - 1} more: `validate --online`)" if len(faults) > 1 else ""
    return f"{faults[0]}{more}" if faults else ""


def admit_build(inputs: Inputs, build: Build, draft: Draft) -> None:
    """Plan a build that runs now, and where its image will go."""
    identity, version = build.spec.definition, build.spec.parsed()
    own = next((old for old in inputs.ledger.of(identity) if old.version == version), None)
    goods = Consignment(
        identity=identity,
        version=version,
        capture=build.spec.content.capture,
        labs=[] if pinned(inputs, identity) else takers(inputs, identity),
        held=own,
        source_region=inputs.settings.region,
        same_subscription=True,
    )
    delivered = regions(inputs, goods, restore_capture=False)
    draft.versions.append(
        VersionPlan(
            identity,
            version,
            regions=delivered,
            spec=build.spec,
            attempt=build.attempt,
            verifying=build.verifying,
            captured_from=Source.VM,
            vm_held=own is not None and own.has("vm", str(build.attempt)),
            verifying_held=own is not None and own.has("verify", str(build.verifying)),
        )
    )
    action = Action.RESUME if build.resumed else Action.BUILD
    draft.steps.append(Step(action, identity, str(version), build.reason))
    draft.steps += goods.steps
