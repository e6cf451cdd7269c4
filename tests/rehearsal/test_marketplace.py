"""The marketplace: "latest" moves with the clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rehearsal.azure.marketplace import Marketplace
from tests.rehearsal.cloud import DEV, Cloud

BASE = f"/subscriptions/{DEV}/providers/Microsoft.Compute/locations/westeurope/publishers"
SKU = "MicrosoftWindowsServer/artifacttypes/vmimage/offers/WindowsServer/skus/2022-datacenter-g2"
WANTED = [
    "MicrosoftWindowsServer/WindowsServer/2022-datacenter-g2",
    "MicrosoftWindowsServer/WindowsServer/2025-datacenter-g2",
    "MicrosoftWindowsServer/WindowsServer/2019-datacenter-gensecond",
    "MicrosoftWindowsDesktop/windows-11/win11-24h2-ent",
    "MicrosoftVisualStudio/visualstudio2022/vs-2022-ent-latest-win11-n-gen2",
    "MicrosoftVisualStudio/visualstudio2022/vs-2022-pro-latest-win11-n-gen2",
    "MicrosoftSQLServer/sql2022-ws2022/sqldev-gen2",
    "Canonical/ubuntu-24_04-lts/server",
    "Canonical/0001-com-ubuntu-server-jammy/22_04-lts-gen2",
    "Debian/debian-12/12-gen2",
    "RedHat/rhel/9-lvm-gen2",
    "microsoft-dsvm/ubuntu-2204/2204-gen2",
]


@pytest.mark.parametrize("name", WANTED)
def test_each_image_has_dated_versions_that_grow(name: str) -> None:
    image = Marketplace.read().find(*name.split("/"))
    assert image is not None
    now = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
    versions = image.versions(now)
    assert len(versions) == len(set(versions)) == 12
    assert image.os in ("Windows", "Linux")
    assert image.size >= (127 if image.os == "Windows" else 30)
    # Four weeks later one month's image has come at most, and then the oldest is gone.
    later = image.versions(now + 28 * 86400)
    assert later[:-1] == versions[1:]
    assert image.resolve("latest", now) == versions[-1]
    assert image.resolve(versions[3], now) == versions[3]
    assert image.resolve("0.0.0", now) is None


def test_a_release_day_is_what_the_table_says() -> None:
    image = Marketplace.read().find(*WANTED[0].split("/"))
    assert image is not None
    # The second Tuesday of November 2026 is the 10th; images follow three days later.
    before = datetime(2026, 11, 12, 23, 59, tzinfo=UTC).timestamp()
    assert image.versions(before)[-1].endswith(".261016")
    assert image.versions(before + 120)[-1].endswith(".261113")


def test_latest_is_asked_for_by_order_and_top(cloud: Cloud) -> None:
    versions = cloud.arm("GET", f"{BASE}/{SKU}/versions").body
    query = {"$orderby": "name desc", "$top": "1"}
    latest = cloud.arm("GET", f"{BASE}/{SKU}/versions", query=query).body
    assert latest == versions[-1:]
    assert latest[0]["location"] == "westeurope"
    cloud.advance("28d")
    newer = cloud.arm("GET", f"{BASE}/{SKU}/versions", query=query).body
    assert newer[0]["name"] > latest[0]["name"]


def test_a_version_says_what_is_in_it(cloud: Cloud) -> None:
    name = cloud.arm("GET", f"{BASE}/{SKU}/versions").body[0]["name"]
    found = cloud.arm("GET", f"{BASE}/{SKU}/versions/{name}").body["properties"]
    assert found["hyperVGeneration"] == "V2"
    assert found["osDiskImage"]["operatingSystem"] == "Windows"
    assert {"name": "SecurityType", "value": "TrustedLaunchSupported"} in found["features"]
    plan = "kinvolk/artifacttypes/vmimage/offers/flatcar-container-linux/skus/stable-gen2/versions"
    name = cloud.arm("GET", f"{BASE}/{plan}").body[0]["name"]
    found = cloud.arm("GET", f"{BASE}/{plan}/{name}").body["properties"]
    assert found["plan"]["product"] == "flatcar-container-linux"


def test_names_lead_from_publisher_to_sku(cloud: Cloud) -> None:
    def names(path: str) -> list[str]:
        return [each["name"] for each in cloud.arm("GET", path).body]

    assert "Canonical" in names(BASE)
    offers = f"{BASE}/canonical/artifacttypes/vmimage/offers"
    assert names(offers) == ["ubuntu-24_04-lts", "0001-com-ubuntu-server-jammy"]
    assert "22_04-lts-gen2" in names(f"{offers}/0001-com-ubuntu-server-jammy/skus")


def test_what_is_not_sold_is_not_found(cloud: Cloud) -> None:
    for path in ("Nobody/artifacttypes/vmimage/offers", f"{SKU}x/versions", f"{SKU}/versions/1.0"):
        reply = cloud.arm("GET", f"{BASE}/{path}")
        assert (reply.status, reply.code) == (404, "NotFound")


def test_a_region_that_is_none_has_no_provider(cloud: Cloud) -> None:
    for rest in ("usages", "publishers", "publishers/Canonical/artifacttypes/vmimage/offers"):
        path = f"/subscriptions/{DEV}/providers/Microsoft.Compute/locations/{{}}/{rest}"
        assert cloud.arm("GET", path.format("West Europe")).status == 200
        reply = cloud.arm("GET", path.format("middleearth"))
        assert (reply.status, reply.code) == (400, "NoRegisteredProviderFound")
        assert "'middleearth'" in reply.message


def test_the_lab_lists_gallery_images(cloud: Cloud) -> None:
    found = cloud.arm("GET", f"{cloud.lab()}/galleryimages").body["value"]
    references = {each["properties"]["imageReference"]["sku"] for each in found}
    assert "win11-24h2-ent" in references
    assert len({each["name"].lower() for each in found}) == len(found)


def test_a_gallery_image_is_found_by_the_name_that_people_know(cloud: Cloud) -> None:
    """As `az lab vm create --image "Ubuntu Server 22.04 LTS"` looks it up."""
    query = {"$filter": "name eq 'Ubuntu Server 22.04 LTS'"}
    (found,) = cloud.arm("GET", f"{cloud.lab()}/galleryimages", query=query).body["value"]
    assert found["properties"]["imageReference"] == {
        "publisher": "Canonical",
        "offer": "0001-com-ubuntu-server-jammy",
        "sku": "22_04-lts",
        "osType": "Linux",
        "version": "latest",
    }
