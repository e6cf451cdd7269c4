"""The sites that the tests of this folder look at, each made once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factory.common import names
from factory.common.versions import Version
from factory.observed.model import Use
from factory.page.site import site_files
from factory.page.site_data import site_data
from tests.page.company import EVIL, EVIL_IMAGE, company, views
from tests.plan.world import dev, image


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    uses = {names.image_name("linux/a", Version(20261122, 1)): (Use("vm", "web-1", "ann"),)}
    return site_files(site_data(views(*company(), uses=uses, weeks=2)))


@pytest.fixture(scope="session")
def hostile() -> dict[str, str]:
    """A site in which everything is called by somebody who means harm."""
    world = dev(EVIL_IMAGE)
    made = image(EVIL_IMAGE, description=EVIL[:500], author=EVIL, tags={"a": "b"})
    world.images[EVIL_IMAGE] = replace(made, file=EVIL)
    world.run()
    uses = {
        names.image_name(EVIL_IMAGE, Version(20261122, 1)): (Use("vm", EVIL, EVIL),),
        EVIL: (Use("formula", EVIL, EVIL),),
    }
    found = views(world, uses=uses, weeks=1)
    found[0].trouble = EVIL
    notices = [{"kind": "error", "text": EVIL}]
    found[0].job = {"outcome": {"result": EVIL, "notices": notices}, "plan": None, "log": EVIL}
    found[0].updates = [{"startTime": "2026-11-22T08:00:00Z", "kind": EVIL, "result": EVIL}]
    found[0].events = [replace(found[0].events[0], identity=EVIL_IMAGE, what=EVIL)]
    return site_files(site_data(found))
