from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk.cloud import Cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    found = Cloud(tmp_path_factory.mktemp("azure"))
    yield found
    found.close()


@pytest.fixture(scope="session")
def lab(cloud: Cloud) -> tuple[str, str]:
    """Give a lab that tests share: none changes what another one looks at."""
    return cloud.lab("shared")


@pytest.fixture(scope="session")
def linux(cloud: Cloud, lab: tuple[str, str]) -> str:
    """Give a running Linux machine in the shared lab, by name."""
    cloud.vm(lab, "linux")
    return "linux"
