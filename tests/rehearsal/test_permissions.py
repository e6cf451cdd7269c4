"""A caller may ask what it may do, and which terms were accepted."""

from __future__ import annotations

from tests.rehearsal.cloud import DEV, Cloud

AGREEMENT = (
    f"/subscriptions/{DEV}/providers/Microsoft.MarketplaceOrdering/offerTypes/virtualmachine"
    "/publishers/kinvolk/offers/{offer}/plans/stable-gen2/agreements/current"
)


def test_permissions_are_those_that_calls_are_judged_by(cloud: Cloud) -> None:
    path = f"/subscriptions/{DEV}/providers/Microsoft.Authorization/permissions"
    found = cloud.arm("GET", path).body["value"]
    assert [each["actions"] for each in found] == [["*"]]
    assert "microsoft.authorization/*/write" in found[0]["notActions"]


def test_terms_are_those_of_the_estate(cloud: Cloud) -> None:
    def accepted(offer: str) -> bool:
        body = cloud.arm("GET", AGREEMENT.format(offer=offer)).body
        return bool(body["properties"]["accepted"])

    assert accepted("flatcar-container-linux")
    assert not accepted("another")
