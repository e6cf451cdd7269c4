"""Labs that cannot be served, and what is used in labs though nobody is to use it."""

from __future__ import annotations

from collections.abc import Iterator

from factory.common.names import image_name
from factory.common.versions import Version
from factory.plan.model import Action
from factory.plan.situation.situation import Situation
from factory.plan.verdicts.verdict import LabVerdict

EVERY_IMAGE = "every image"


def judge_labs(situation: Situation) -> Iterator[LabVerdict]:
    """Refuse labs that are gone or cannot be read, and warn of what is made from a revoked version.

    Also where the image itself is gone already: deleting it changes nothing for a VM that runs.
    """
    for lab in situation.labs:
        if not lab.reachable and not (lab.old_place and lab.gone):
            what, todo = lab.fault
            reason = f"{what} -> {todo}; the other labs are served"
            yield LabVerdict(Action.REFUSE, EVERY_IMAGE, "", reason, lab.name)
    for identity, versions in situation.revoked.items():
        for number, reason in versions.items():
            image = image_name(identity, Version.parse(number)).lower()
            for lab in situation.labs:
                if uses := lab.uses.get(image, ()):
                    made = ", ".join(
                        f"{'VM' if use.kind == 'vm' else use.kind} {use.name}"
                        for use in sorted(uses, key=lambda use: (use.kind, use.name))
                    )
                    told = f"revoked: {reason}; made from it: {made}"
                    yield LabVerdict(Action.WARN, identity, number, told, lab.name)
