"""What the engine is started with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.pipelines.runner import EngineRunner

ENGINE = '#!/bin/sh\necho "$* run-program=$PULUMI_RUN_PROGRAM" >>"$SAID"\necho "$STATE"\n'
PENDING = '{"deployment": {"pending_operations": [{"type": "creating"}]}}'


def test_clearing_pending_creates_never_runs_the_program(tmp_path: Path) -> None:
    fake, said = tmp_path / "pulumi", tmp_path / "said"
    fake.write_text(ENGINE)
    fake.chmod(0o755)
    # As the documentation of Pulumi has it for pipelines.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        user = {**os.environ, "PULUMI_RUN_PROGRAM": "true", "SAID": str(said), "STATE": PENDING}
        assert EngineRunner(tmp_path, user, lambda _: None).clear_pending("dev") == 1
    (refresh,) = [line for line in said.read_text().splitlines() if " refresh " in line]
    assert "--clear-pending-creates" in refresh
    assert refresh.endswith("run-program=false")
