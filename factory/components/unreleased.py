"""A version that was not released: why, and what is kept of it for a look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi

from factory.common import names
from factory.common.ownership import BuildKey
from factory.components.capture import Capture, from_vm
from factory.components.gates import Check, Mark, RefusedError, clear_leftover
from factory.components.run_context import Run
from factory.components.source import source_snapshot
from factory.components.version_facts import Goods
from factory.components.work_mark import work_mark
from factory.ledger.record import Failure, Spec, tags_for
from factory.plan.model import UnmanagedVm, Unreleased, VersionPlan

# What is kept for a look is frozen: it is declared so that the engine does not delete it.
_FROZEN = ["*"]


@dataclass
class Failures:
    """Notes in the state how a version failed, once, before a gate tells it."""

    version: pulumi.ComponentResource
    run: Run
    plan: VersionPlan
    noted: list[str] = field(default_factory=list)

    async def note(self, ended: dict[str, str]) -> dict[str, str]:
        """Pass an outcome on; a bad one is in the state first, so that later plans say why."""
        if ended["error"] and not ended["cut_off"] and not self.noted:
            self.noted.append(ended["error"])
            now = self.run.waiter.arm.client.now.isoformat(timespec="seconds")
            failure = Failure(at=now, error=ended["error"][:4000])
            stash = _failed(self.version, self.plan.identity, self.plan, failure)
            await stash.id.future()
        return ended

    def passed(self, outcome: pulumi.Output[dict[str, str]]) -> Check:
        """Make the check that refuses what did not end well, with the one line that says why."""

        async def passed() -> None:
            ended = await outcome.future()
            if ended is None or ended["error"]:
                cause = ended["error"] if ended else "its build did not end"
                msg = f"{self.plan.identity} {self.plan.version} refused: {cause}"
                raise RefusedError(msg)

        return passed


def _failed(
    version: pulumi.Resource, identity: str, plan: VersionPlan | Unreleased, failure: Failure
) -> pulumi.Stash:
    opts = pulumi.ResourceOptions(parent=version)
    # When it was is no secret, and a command line has to know it; it is there before the rest.
    at = pulumi.Stash(
        names.part(identity, plan.version, "failed", "at"), input=failure.at, opts=opts
    )
    opts = pulumi.ResourceOptions(parent=version, depends_on=[at])
    # It is masked; but what a script says is the business of those alone who may read secrets.
    noted = pulumi.Output.secret(failure.dump())
    return pulumi.Stash(names.part(identity, plan.version, "failed"), input=noted, opts=opts)


def goods_of(spec: Spec, run: Run, attempt: pulumi.Input[str]) -> Goods:
    """Describe what a build makes, as far as that is known before it is made."""
    definition = spec.content
    return Goods(
        identity=spec.definition,
        version=spec.parsed(),
        kind=definition.capture,
        os=definition.os,
        description=definition.description or f"{spec.definition} {spec.version}",
        author=definition.author,
        plan=spec.purchase_plan(),
        generation="V1",
        tags=tags_for(spec, run.owner, attempt),
        time_limit=definition.time_limit,
    )


class Kept(pulumi.ComponentResource):
    """What is kept of a failed version: the same parts under the same names, and no more.

    The VM that failed is none of them: the engine has let go of it, and :func:`clear` ends it.
    """

    def __init__(
        self,
        run: Run,
        left: Unreleased,
        group: pulumi.Output[str],
        capture: Capture,
        opts: pulumi.ResourceOptions,
    ) -> None:
        name = names.version_urn_name(left.identity, left.version)
        super().__init__("imagefactory:index:Version", name, {}, opts)
        build = pulumi.ComponentResource(
            "imagefactory:index:Build", name, {}, pulumi.ResourceOptions(parent=self)
        )
        pulumi.Stash(
            names.part(left.identity, left.version, "spec"),
            input=left.spec.dump(),
            opts=pulumi.ResourceOptions(parent=build),
        )
        if left.failure is not None:
            _failed(self, left.identity, left, left.failure)
        goods, source = goods_of(left.spec, run, "1"), None
        if left.source:
            source = source_snapshot(
                goods,
                run,
                group,
                "",
                version=self,
                hooks=run.still_there,
                ignore_changes=_FROZEN,
            )
        if left.capture:
            capture.add(
                goods.custom_image("capture", vm=from_vm("", goods.os, goods.kind)),
                pulumi.ResourceOptions(
                    depends_on=[source] if source else [],
                    hooks=run.still_there,
                    ignore_changes=_FROZEN,
                    custom_timeouts=goods.timeouts,
                ),
            )
        self.register_outputs({})


def clear(run: Run, unmanaged: UnmanagedVm) -> None:
    """Delete a VM that nothing needs; what does not go now is found by the next run's plan."""
    lab = run.settings.factory_lab
    if lab is None or run.dry:
        return
    build = BuildKey(unmanaged.identity, str(unmanaged.version), built=unmanaged.built)
    mark = Mark(run.owner, build, unmanaged.attempt)
    vm_id = f"{run.lab_id(lab)}/virtualmachines/{unmanaged.vm}"

    async def gone(_: Any) -> str:
        try:
            await clear_leftover(run.waiter, vm_id, mark)
        except RefusedError as error:
            pulumi.warn(f"the VM {unmanaged.vm} stays until the next run: {error}")
        return vm_id

    work = names.part(unmanaged.identity, unmanaged.version, "run", unmanaged.vm)
    ended: pulumi.Output[str] = work_mark(run, work).apply(gone)
    del ended  # the engine's program waits for it all the same
