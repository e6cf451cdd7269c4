"""What is planned for versions that the state lost: taken in as they stand, and nothing else.

No retention, no new lab, no mending in the run that takes them in: the next one has all of them in
its state and goes on as if nothing had happened.
"""

from __future__ import annotations

from factory.definitions.definition import Capture
from factory.ledger.model import Held, Returning
from factory.ledger.record import Record
from factory.ledger.recovered_file import noted
from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Source, SourcePlan, Step, VersionPlan
from factory.plan.steps.delivery import Consignment, regions
from factory.plan.steps.repair import source_plan, source_there


def take_in(inputs: Inputs, held: Held, draft: Draft, *, revoked: str = "") -> None:
    """Declare all that stands of a version; what of it the state has already stays as it is."""
    record, back = held.record, held.returning
    if record is None or back is None:
        return
    source = _source(inputs, held, back)
    number = str(held.version)
    shown = inputs.recovered.shown if inputs.recovered else "recovered"
    what = "as a retired version " if held.retired else ""
    draft.steps.append(Step(Action.ADOPT, held.identity, number, f"taken in {what}from {shown}"))
    if held.retired is not None:
        draft.versions.append(
            VersionPlan(
                held.identity, held.version, record=record, retired=held.retired, source=source
            )
        )
        return
    captured = _captured(inputs, held, back)
    goods = _goods(inputs, held, record, back)
    goods.available = source.adopt is not None or source_there(inputs, held, source)
    delivered = regions(inputs, goods, restore_capture=captured is Source.BACKING)
    draft.steps += goods.steps
    draft.versions.append(
        VersionPlan(
            held.identity,
            held.version,
            regions=delivered,
            record=record,
            revoked=revoked if inputs.settings.builds else "",
            captured_from=captured,
            adopt_capture=back.parts.get(("capture",)),
            source=source,
        )
    )


def left_out(inputs: Inputs) -> list[str]:
    """Name what the file lists and neither the state nor Azure has as this stack's: it stays out.

    Said in the run that takes the rest in: what goes later was meant to.
    """
    file = inputs.recovered
    found = []
    before = noted(inputs.ledger)
    for entry in file.entries if file else ():
        held = inputs.ledger.about(entry.key)
        if (entry.number in before and not held.returning) or held.going_on or held.retired:
            continue
        back = held.returning.parts if held.returning else {}
        out = [" ".join(path) for path in entry.paths if path not in back and not held.has(*path)]
        if out and file:
            found.append(
                f"{file.shown}: {' '.join(entry.number)}: not taken in, since nothing in Azure has "
                f"that id and the tags of this build: {', '.join(sorted(out))}"
            )
    return found


def _source(inputs: Inputs, held: Held, back: Returning) -> SourcePlan:
    there = back.parts.get(("source",))
    return SourcePlan(adopt=there) if there else source_plan(inputs, held, mend=False)


def _captured(inputs: Inputs, held: Held, back: Returning) -> Source | None:
    if not inputs.settings.builds:
        return None
    if held.has("capture"):
        return Source.VM if held.parts["capture",].get("vm") else Source.BACKING
    return Source(back.captured) if back.captured and ("capture",) in back.parts else None


def _goods(inputs: Inputs, held: Held, record: Record, back: Returning) -> Consignment:
    named = held.labs | {path[1] for path in back.parts if path[0] == "lab"}
    last = "image" if record.capture is Capture.GENERALIZED else "copy"
    return Consignment(
        identity=held.identity,
        version=held.version,
        capture=record.capture,
        labs=[lab for lab in inputs.settings.labs if lab.name in named],
        held=held,
        source_region=record.region,
        same_subscription=inputs.settings.builds,
        also=frozenset(path[1] for path in back.parts if path[0] == last),
    )
