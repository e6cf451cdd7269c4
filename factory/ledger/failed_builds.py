"""How often builds of a definition failed in a row with the same inputs: it outlives their parts.

Counted is what was written down as a failure of a build that had a VM. One that Azure refused at
once (a quota, a policy) cost nothing and ends by itself; one that was cut off is no failure.
"""

from __future__ import annotations

import json
from typing import Any

from factory.common.fields import Strict
from factory.definitions.artifact_content import SourceContent, read_contents
from factory.definitions.lineage import canonical, fingerprint_of
from factory.ledger.record import Spec, read_model
from factory.ledger.record_fields import Contents, Number, Short, TimeText
from factory.settings.stack import VersionText


class FailedBuilds(Strict):
    """So many in a row; ``version`` and ``built`` are the last one's number and its beginning."""

    inputs: Short
    contents: Contents
    count: Number
    version: VersionText
    built: TimeText

    def dump(self) -> dict[str, str]:
        """Give the mapping of strings that goes into the state."""
        return self.model_dump(mode="json", by_alias=True)

    def same(self, spec: Spec) -> bool:
        """Tell whether a build that begins with ``spec`` would be the same once more.

        Of an artifact repository it is what the definition uses, as far as it could be read then
        and now: before there is a lab nobody can tell, and other commits change nothing.
        """
        before, now = read_contents(self.contents), read_contents(spec.contents)
        return self.inputs == _digest(spec) and all(
            _same_files(before[source], now[source]) for source in before.keys() & now.keys()
        )


def one_more(before: FailedBuilds | None, spec: Spec) -> FailedBuilds:
    """Count the failure of a build that began with ``spec``."""
    count = int(before.count) + 1 if before is not None and before.same(spec) else 1
    return FailedBuilds(
        inputs=_digest(spec),
        contents=spec.contents,
        count=str(count),
        version=spec.version,
        built=spec.built,
    )


def read_failed_builds(value: Any) -> FailedBuilds | None:
    """Read them strictly; None for anything else: then counting begins anew."""
    return read_model(FailedBuilds, value)


def _digest(spec: Spec) -> str:
    facts = {
        "definition": json.loads(spec.effective),
        "base": spec.base_version,
        "parent": spec.parent,
    }
    return fingerprint_of(canonical(facts))


def _same_files(before: SourceContent, now: SourceContent) -> bool:
    for was, found in ((before.git, now.git), (before.azure, now.azure)):
        if both := was.keys() & found.keys():
            return all(was[name] == found[name] for name in both)
    return True
