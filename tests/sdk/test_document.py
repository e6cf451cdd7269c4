"""What docs/rehearsal.md tells a newcomer to run is run."""

from __future__ import annotations

import re

import pytest

from rehearsal.coverage import DOCUMENT
from tests.sdk.cloud import CLIENTS, TENANT, Cloud


def test_the_example_runs_as_it_stands(
    cloud: Cloud,
    lab: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    for name, value in {
        "ARM_METADATA_HOSTNAME": cloud.url.removeprefix("https://"),
        "AZURE_AUTHORITY_HOST": cloud.url,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENTS["factory"],
        "AZURE_CLIENT_SECRET": cloud.home.client_secret("factory"),
        "REQUESTS_CA_BUNDLE": cloud.trust,
        "NO_PROXY": "localhost",
    }.items():
        monkeypatch.setenv(name, value)
    exec(compile(blocks[0], str(DOCUMENT), "exec"), {})  # noqa: S102 - our own document
    assert f"{lab[1]} westeurope" in capsys.readouterr().out
