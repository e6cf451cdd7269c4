"""Lists as clients ask for them: pages, filters, order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.mgmt.devtestlabs import models

from tests.sdk.cloud import Cloud, refused

MANY = 1001  # one more than Azure puts on a page


@pytest.fixture(scope="module")
def lab(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Give a lab whose policies and channels can be told apart."""
    found = cloud.lab("lists")
    for name, size in (("b", "3"), ("a", "20"), ("c", "100")):
        body = models.Policy(fact_name="LabVmCount", threshold=size, description=f"at most {size}")
        cloud.labs.policies.create_or_update(*found, "default", name, body)
    yield found
    cloud.labs.labs.begin_delete(*found).result()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name eq 'A'", ["a"]),
        ("name ne 'a'", ["b", "c"]),
        ("Properties/description eq 'at most 3'", ["b"]),
        ("properties/threshold gt '100'", ["a", "b"]),  # as text, which a threshold is
        ("startswith(properties/description, 'at most 1') or name eq 'b'", ["b", "c"]),
        ("not (name eq 'a') and contains(tolower(properties/description), 'MOST')", ["b", "c"]),
        ("substringof('20', properties/description)", ["a"]),
        ("properties/nothing eq null and name le 'a'", ["a"]),
        ("properties/nothing eq 'x'", []),
        ("properties/createdDate gt datetime'2020-01-01T00:00:00Z' and name eq 'a'", ["a"]),
        ("properties/createdDate lt 2020-01-01T00:00:00.000Z", []),
        (
            "properties/uniqueIdentifier ne guid'5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001'",
            ["a", "b", "c"],
        ),
        ("properties/uniqueIdentifier eq 5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001", []),
    ],
)
def test_filters(cloud: Cloud, lab: tuple[str, str], text: str, names: list[str]) -> None:
    found = cloud.labs.policies.list(*lab, "default", filter=text)
    assert sorted(each.name for each in found) == names


@pytest.mark.parametrize("text", ["name", "name eq", "name eq 'a' and", "f(name) eq 1", "'"])
def test_filters_that_cannot_be_read(cloud: Cloud, lab: tuple[str, str], text: str) -> None:
    with refused(400, "InvalidFilterInQueryString"):
        list(cloud.labs.policies.list(*lab, "default", filter=text))


@pytest.mark.parametrize(
    ("order", "top", "names"),
    [
        ("name", None, ["a", "b", "c"]),
        ("name desc", 2, ["c", "b"]),
        ("properties/factName, name desc", None, ["c", "b", "a"]),
        ("properties/threshold", 1, ["c"]),
    ],
)
def test_order_and_top(
    cloud: Cloud, lab: tuple[str, str], order: str, top: int | None, names: list[str]
) -> None:
    found = cloud.labs.policies.list(*lab, "default", orderby=order, top=top)
    assert [each.name for each in found] == names


def test_expand_in_lists(cloud: Cloud, lab: tuple[str, str]) -> None:
    (found,) = cloud.labs.virtual_networks.list(*lab, expand="properties($expand=externalSubnets)")
    assert [each.name for each in found.external_subnets] == ["DtllistsSubnet"]
    text = "properties($select=threshold)"
    for each in cloud.labs.policies.list(*lab, "default", expand=text):
        assert (bool(each.threshold), each.description) == (True, None)


def test_long_lists_come_in_pages(cloud: Cloud, lab: tuple[str, str]) -> None:
    client = cloud.labs.notification_channels
    body = models.NotificationChannel(description="one of many")
    for number in range(MANY):
        client.create_or_update(*lab, f"n{number:04}", body)
    pages = [list(page) for page in client.list(*lab).by_page()]
    assert [len(page) for page in pages] == [1000, 1]
    names = [each.name for each in client.list(*lab, orderby="name desc")]
    assert names == [f"n{number:04}" for number in reversed(range(MANY))]
    chosen = list(client.list(*lab, filter="name ge 'n0990'"))
    assert len(chosen) == MANY - 990
