"""One version in the regions of a subscription: copy once, back once, then one image per lab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

import pulumi
from pulumi_azure_native import compute

from factory.common import names
from factory.components.capture import Capture
from factory.components.delivery import Delivery
from factory.components.gates import Check, Mark, RefusedError, clear_leftover, gate, remake_gate
from factory.components.proof import proven
from factory.components.run_context import Run, adoption, shield, unknown
from factory.components.source import CLOSED
from factory.components.undeclared import undeclared
from factory.components.version_facts import Goods
from factory.components.work_mark import work_mark
from factory.definitions.definition import Capture as Kind
from factory.ledger.record import Record, read_record
from factory.plan.model import RegionDelivery
from factory.plan.travel import swap_fault, travel_fault

# 127 GiB to the other side of the world; Azure promises no speed.
_COPIED_WITHIN = timedelta(hours=24)
# Of a snapshot that is there: completionPercent is Azure's to write, but the provider's schema has
# it among the inputs; what it was made from may be gone, or another copy, and never changes. One
# that an earlier release made was open to the network: nothing is rewritten for that.
_SOURCES = ["managedImageId", "managedSnapshotId"]
FROZEN = [
    *("completionPercent", "creationData", "incremental"),
    *("networkAccessPolicy", "publicNetworkAccess"),
]


class Regional:
    """Declares copies, backing images and lab images of one version as parts of its component."""

    def __init__(
        self,
        version: pulumi.ComponentResource,
        run: Run,
        group: pulumi.Output[str],
        deliveries: Mapping[str, Delivery],
        goods: Goods,
    ) -> None:
        self._version = version
        self._run = run
        self._group = group
        self._deliveries = deliveries
        self._goods = goods
        # The release mark: what carries it is never cleared away as a leftover.
        self._tags = {**goods.tags, names.RELEASED: "yes"}

    def deliver(self, regions: Sequence[RegionDelivery]) -> dict[str, pulumi.CustomResource]:
        """Declare everything the plan wants in every region; gives the images by lab."""
        images: dict[str, pulumi.CustomResource] = {}
        snapshot_here: pulumi.Input[str] | None = self._goods.source_id
        image_here: pulumi.Input[str] | None = None
        for region in regions:
            snapshot, checks = self._snapshot(region)
            image = self._backing(region, snapshot, checks) if region.backing else None
            stuck = region.copy.lost if region.copy else self._goods.source_lost
            if region.copy is None:
                image_here = image
            for lab in region.labs:
                args = self._goods.custom_image(
                    "lab",
                    *lab.path,
                    tags=self._tags,
                    retiring=lab.retiring,
                    managed_image_id=image,
                    snapshot_id=None if region.backing else snapshot,
                )
                hooks = self._remade(args.logical_name, lab.remake)
                if checks and not lab.held and not region.backing:
                    hooks = gate(f"{args.logical_name} may be made", *checks)
                delivery = self._deliveries[lab.lab.name]
                frozen = _SOURCES if lab.held and (stuck or lab.lab.old_place) else None
                opts = self._after_release(hooks=hooks, ignore_changes=frozen)
                opts = pulumi.ResourceOptions.merge(opts, shield(self._goods.guard))
                images[lab.lab.name] = delivery.add(args, opts, lab.adopt)
        if self._goods.capture is not None:
            self._restore(self._goods.capture, image_here, snapshot_here)
        return images

    def _after_release(self, **options: Any) -> pulumi.ResourceOptions:
        """Everything here waits for the release record, and has the image's own time limit."""
        depends = [self._goods.record] if self._goods.record is not None else []
        return pulumi.ResourceOptions(
            depends_on=depends, custom_timeouts=self._goods.timeouts, **options
        )

    def _snapshot(self, region: RegionDelivery) -> tuple[pulumi.Input[str], list[Check]]:
        """Give the snapshot to use in a region, and what must hold before it is used."""
        goods = self._goods
        plan = region.copy
        source, ready = self._source(region)
        if plan is None:
            return source, ready
        if plan.lost:
            return self._run.compute_id("snapshots", plan.name), []
        hooks = self._run.still_there if plan.held else None
        if region.waits:
            hooks = self._copy_gate(region, plan.name, ready)
        option = "CopyStart" if plan.incremental else "Copy"
        args = compute.SnapshotArgs(
            snapshot_name=plan.name,
            resource_group_name=self._group,
            location=region.region,
            creation_data=compute.CreationDataArgs(
                create_option=option, source_resource_id=plan.origin or source
            ),
            incremental=plan.incremental,
            sku=compute.SnapshotSkuArgs(name="Standard_LRS"),
            hyper_v_generation=goods.generation,
            os_type=compute.OperatingSystemTypes(goods.os.azure),
            tags=self._tags,
            **CLOSED,
        )
        copy = compute.Snapshot(
            goods.part("copy", region.region),
            args,
            opts=self._after_release(
                parent=self._version,
                hooks=hooks,
                **(
                    adoption(plan.adopt, plan.name)
                    or {"ignore_changes": [*FROZEN, *undeclared(args)]}
                ),
            ),
        )
        if not region.waits:
            return copy.id, []
        return self._when_complete(copy.id, region.region, "copy", region.region)

    def _source(self, region: RegionDelivery) -> tuple[pulumi.Input[str], list[Check]]:
        """Give the source; one that is made again is waited for where something new needs it."""
        goods = self._goods
        if not (region.waits and goods.source_waits):
            return goods.source_id, []
        return self._source_complete

    @cached_property
    def _source_complete(self) -> tuple[pulumi.Input[str], list[Check]]:
        """The source that is made again, waited for once for all regions."""
        source = pulumi.Output.from_input(self._goods.source_id)
        return self._when_complete(source, "its home region", "source")

    def _when_complete(
        self, snapshot: pulumi.Output[str], where: str, *part: str
    ) -> tuple[pulumi.Output[str], list[Check]]:
        """Wait until a snapshot's data is there; the check judges how that ended."""
        goods, problem = self._goods, snapshot.apply(self._copied(*part))

        async def copied() -> None:
            fault = await problem.future()
            if fault:
                msg = f"{goods.identity} {goods.version} is not in {where}: {fault}"
                raise RefusedError(msg)

        return pulumi.Output.all(snapshot, problem).apply(lambda known: known[0]), [copied]

    def _copied(self, *part: str) -> Callable[[str], Any]:
        """Give what waits for the copy that is ``part``; of an earlier run's only in an update."""
        run = self._run

        async def may_wait() -> bool:
            if self._goods.part(*part) not in run.known:
                return True
            mark = work_mark(run, self._goods.part("run", *part), self._version)
            return await mark.is_known()

        def wait(snapshot_id: str) -> Any:
            return (
                unknown() if run.dry else run.waiter.copied(snapshot_id, _COPIED_WITHIN, may_wait)
            )

        return wait

    def _copy_gate(
        self, region: RegionDelivery, name: str, ready: Sequence[Check]
    ) -> pulumi.ResourceHookBinding:
        goods, run = self._goods, self._run

        async def may_travel() -> None:
            stash = goods.record
            record = read_record(await proven(stash).future()) if stash is not None else None
            fault = (
                travel_fault(record, region.region, run.settings.subscription_id)
                if record
                else None
            )
            if record and not fault and not self._is_own(record):
                source = await run.waiter.call(run.waiter.arm.thing, record.source_id)
                fault = swap_fault(record, source)
            if fault:
                msg = f"{goods.identity} {goods.version} cannot go to {region.region}: {fault}"
                raise RefusedError(msg)

        async def room() -> None:
            # Attempt "": a copy is cleared only if it died, never for being a leftover.
            mark = Mark(run.owner, goods.build)
            await clear_leftover(run.waiter, run.compute_id("snapshots", name), mark)

        return gate(f"{goods.part('copy', region.region)} may be made", *ready, may_travel, room)

    def _is_own(self, record: Record) -> bool:
        """Tell whether the source is this stack's, which may have made it again."""
        name = record.source_id.rpartition("/")[2]
        return record.source_id.lower() == self._run.compute_id("snapshots", name).lower()

    def _backing(
        self, region: RegionDelivery, snapshot: pulumi.Input[str], checks: list[Check]
    ) -> pulumi.Output[str]:
        """Declare the managed image behind all custom images of one region."""
        goods = self._goods
        part = goods.part("image", region.region)
        stuck = region.copy.lost if region.copy else goods.source_lost
        name = names.backing_name(goods.identity, goods.version, region.region)
        if region.backing_lost:
            return pulumi.Output.from_input(self._run.compute_id("images", name))
        args = compute.ImageArgs(
            image_name=name,
            resource_group_name=self._group,
            location=region.region,
            hyper_v_generation=goods.generation,
            storage_profile=compute.ImageStorageProfileArgs(
                os_disk=compute.ImageOSDiskArgs(
                    os_type=compute.OperatingSystemTypes(goods.os.azure),
                    os_state=compute.OperatingSystemStateTypes.GENERALIZED,
                    snapshot=compute.SubResourceArgs(id=snapshot),
                )
            ),
            tags=self._tags,
        )
        options = adoption(region.adopt_backing, name)
        if not options:
            options = {"ignore_changes": ["storageProfile"] if stuck else undeclared(args)}
        image = compute.Image(
            part,
            args,
            opts=self._after_release(
                parent=self._version,
                hooks=gate(f"{part} may be made", *checks)
                if checks and not region.remake_backing
                else self._remade(part, region.remake_backing),
                **options,
            ),
        )
        return image.id

    def _remade(self, part: str, resource_id: str | None) -> pulumi.ResourceHookBinding | None:
        """Make room for what Azure never finished, if the plan found such a one."""
        if resource_id is None:
            return None
        goods, run = self._goods, self._run
        mark = Mark(run.owner, goods.build)
        return remake_gate(f"{part} is made again", run.waiter, resource_id, mark)

    def _restore(
        self,
        capture: Capture,
        image: pulumi.Input[str] | None,
        snapshot: pulumi.Input[str] | None,
    ) -> None:
        """Declare the factory lab's custom image from what backs it: its VM is long gone."""
        goods = self._goods
        generalized = goods.kind is Kind.GENERALIZED
        args = goods.custom_image(
            "capture",
            managed_image_id=image if generalized else None,
            snapshot_id=None if generalized else snapshot,
        )
        own = self._after_release(**adoption(goods.capture_adopt, capture.lab, args.name))
        opts = pulumi.ResourceOptions.merge(own, shield(goods.guard))
        capture.add(args, opts)
