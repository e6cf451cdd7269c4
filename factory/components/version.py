"""A version: being built, kept, received or retired, with the same parts under the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi

from factory.common import names
from factory.components.capture import as_captured, from_vm
from factory.components.gates import gate
from factory.components.machine.build import Build
from factory.components.machine.lab_vm import MachineArgs, Parent
from factory.components.machine.verification import Verification
from factory.components.proof import proven
from factory.components.regional import FROZEN, Regional
from factory.components.retirement_notes import note_going
from factory.components.run_context import shield
from factory.components.source import source_snapshot
from factory.components.unreleased import Failures, goods_of
from factory.components.version_args import VersionArgs, room_for
from factory.components.version_facts import Goods
from factory.ledger.record import Record, Spec, released, tags_for
from factory.plan.model import Source


class Version(pulumi.ComponentResource):
    """One version of one definition.

    The order is: VM, artifacts, source snapshot, capture, verification, release record; then the
    build VM is released and the deliveries begin. The record exists only if every gate was passed,
    and all that comes after depends on it. Kept versions are declared from the record: an edit by
    hand is a diff, and what was deleted can be made again.
    """

    def __init__(
        self, name: str, args: VersionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("imagefactory:index:Version", name, {}, opts)
        self._args = args
        self._run = args.run
        plan = args.plan
        if plan.spec is not None:
            goods, self.record = self._build(plan.spec)
        elif plan.record is not None:
            goods, self.record = self._keep(plan.record)
        else:
            msg = f"{name}: a version is built or kept"
            raise ValueError(msg)
        self._stash = goods.record
        self._images: Mapping[str, pulumi.CustomResource] = {}
        if plan.retired is None:
            regional = Regional(self, self._run, args.group, args.deliveries, goods)
            self._images = regional.deliver(plan.regions)
        self.register_outputs({})

    def _part(self, *path: str) -> str:
        return names.part(self._args.plan.identity, self._args.plan.version, *path)

    def as_parent(self) -> Parent | None:
        """Give what a layered image is built on; the record stands for the custom image too.

        Not that of a foreign parent, which is there before its image has come.
        """
        if self._args.lab is None or self._stash is None:
            return None
        stands: pulumi.CustomResource | None = self._stash
        if self._args.plan.foreign:
            stands = self._images.get(self._args.lab.spec.name)
            if stands is None:
                return None
        name = names.image_name(self._args.plan.identity, self._args.plan.version)
        return Parent(f"{self._args.lab.id}/customimages/{name}", stands)

    def _build(self, spec: Spec) -> tuple[Goods, pulumi.Output[Any]]:
        plan, run = self._args.plan, self._run
        if self._args.lab is None:
            msg = "only a stack with a factory lab builds"
            raise ValueError(msg)
        build = Build(
            names.version_urn_name(plan.identity, plan.version),
            MachineArgs(run, self._args.lab, spec, plan.attempt, plan.vm_held),
            self._args.parent,
            pulumi.ResourceOptions(parent=self),
        )
        failures = Failures(self, run, plan)
        outcome: pulumi.Output[dict[str, str]] = build.outcome.apply(failures.note)
        goods = replace(goods_of(spec, run, outcome["attempt"]), generation=outcome["generation"])
        source = source_snapshot(
            goods,
            run,
            self._args.group,
            outcome["os_disk_id"],
            version=self,
            hooks=room_for(self._args, "source", outcome, failures.passed(outcome)),
        )
        capture = self._captured(goods, outcome["vm_id"], source, outcome)
        verified = self._verified(spec, capture, build, failures)
        gates = [failures.passed(verified)] if verified is not None else []
        record = pulumi.Stash(
            self._part("record"),
            input=pulumi.Output.all(
                outcome, verified, source.id, source.unique_id, source.time_created
            ).apply(
                lambda known: released(
                    spec, known[0], run.stack, run.settings.region, known[2:]
                ).dump()
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[source, capture],
                hooks=gate(f"{self._part('record')} may be made", *gates) if gates else None,
            ),
        )

        async def release(known: Sequence[Any]) -> str:
            return await build.release(int(known[0]["attempt"]))

        if not run.dry:
            # By an apply, which holds no engine slot while the VM goes; the next run's engine
            # finds it gone, or deletes it for real if this was cut off.
            known = pulumi.Output.all(outcome, proven(record))
            self.vm_released: pulumi.Output[str] = known.apply(release)
        return replace(goods, source_id=source.id, record=record), proven(record)

    def _verified(
        self, spec: Spec, capture: pulumi.CustomResource, build: Build, failures: Failures
    ) -> pulumi.Output[dict[str, str]] | None:
        """Boot a VM of the captured image where the definition asks for it; how that ended."""
        if spec.content.verification is None or self._args.lab is None:
            return None
        plan = self._args.plan
        verification = Verification(
            names.version_urn_name(plan.identity, plan.version),
            MachineArgs(self._run, self._args.lab, spec, plan.verifying, plan.verifying_held),
            capture,
            build.may_work,
            pulumi.ResourceOptions(parent=self),
        )

        async def noted(known: Sequence[dict[str, str]]) -> dict[str, str]:
            built, ended = known
            if ended["error"] and not ended["cut_off"] and not await verification.hindrance():
                await build.release(int(built["attempt"]))  # there is nothing to see on that one
            return await failures.note(ended)

        return pulumi.Output.all(build.outcome, verification.outcome).apply(noted)

    def _keep(self, record: Record) -> tuple[Goods, pulumi.Output[Any]]:
        plan, run = self._args.plan, self._run
        receiving = self._args.lab is None or plan.foreign
        tags = tags_for(record, run.owner, record.attempt)
        goods = Goods(
            identity=plan.identity,
            version=plan.version,
            kind=record.capture,
            os=record.os,
            description=record.description or f"{record.definition} {record.version}",
            author=record.author,
            plan=record.purchase_plan(),
            generation=record.generation,
            tags=tags,
            source_id=record.source_id,
            source_lost=plan.source.lost,
            guard=self._guard(),
            time_limit=plan.time_limit,
        )
        parts: list[pulumi.Resource] = []
        source = None
        if not receiving and not plan.source.lost:
            source = source_snapshot(
                goods,
                run,
                self._args.group,
                record.os_disk_id,
                version=self,
                hooks=None if plan.source.origin or plan.source.adopt else run.still_there,
                again_from=plan.source.origin,
                ignore_changes=FROZEN,
                adopt=plan.source.adopt,
            )
            goods = replace(goods, source_id=source.id, source_waits=plan.source.waits)
            parts.append(source)
        if not receiving and plan.captured_from is Source.VM:
            parts.append(self._captured(goods, record.vm_id, source))
        if plan.foreign:
            # Before the record, and gone after it: one of another stack never looks like our own.
            parts.append(
                pulumi.Stash(
                    self._part("guest"), input="yes", opts=pulumi.ResourceOptions(parent=self)
                )
            )
        stash = pulumi.Stash(
            self._part("record"),
            input=record.dump(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=parts),
        )
        note_going(plan, pulumi.ResourceOptions(parent=self, depends_on=[stash]))
        restored = plan.captured_from is Source.BACKING
        goods = replace(
            goods,
            record=stash,
            capture=self._args.capture if restored else None,
            capture_adopt=plan.adopt_capture,
        )
        return goods, proven(stash)

    def _guard(self) -> pulumi.Resource | None:
        """Note that images are protected before the first is; the engine drops the note last."""
        if not self._args.plan.protected:
            return None
        opts = pulumi.ResourceOptions(parent=self)
        return pulumi.Stash(self._part("protected"), input="yes", opts=opts)

    def _captured(
        self,
        goods: Goods,
        vm_id: pulumi.Input[str],
        source: pulumi.Resource | None,
        outcome: pulumi.Output[dict[str, str]] | None = None,
    ) -> pulumi.CustomResource:
        if self._args.capture is None:
            msg = "only a stack with a factory lab captures"
            raise ValueError(msg)

        # The snapshot first: capture makes the VM unusable.
        adopt = self._args.plan.adopt_capture
        hooks = None if adopt else self._run.still_there
        if outcome is not None:
            hooks = room_for(self._args, "capture", outcome)
        args = goods.custom_image("capture", vm=from_vm(vm_id, goods.os, goods.kind))
        kept = as_captured(adopt, self._args.capture.lab, args.name)
        opts = pulumi.ResourceOptions(
            depends_on=[source] if source else [],
            hooks=hooks,
            custom_timeouts=goods.timeouts,
            **(kept if outcome is None else {}),
        )
        return self._args.capture.add(args, pulumi.ResourceOptions.merge(opts, shield(goods.guard)))
