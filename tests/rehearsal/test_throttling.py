"""Token buckets: who is told to wait, for how long, and that a normal pace never is."""

from __future__ import annotations

from tests.rehearsal.cloud import AUDITOR, DEV, FACTORY, PROD, TENANT, Cloud

GROUPS = f"/subscriptions/{DEV}/resourceGroups"
LEFT = "x-ms-ratelimit-remaining-subscription-"


def drain(cloud: Cloud, count: int, path: str = GROUPS, who: str = FACTORY) -> list[int]:
    return [cloud.arm("GET", path, who=who).status for _ in range(count)]


def test_the_bucket_of_reads_holds_250_and_gives_back_25_a_second(cloud: Cloud) -> None:
    assert drain(cloud, 250) == [200] * 250
    refused = cloud.arm("GET", GROUPS)
    assert (refused.status, refused.code) == (429, "SubscriptionRequestsThrottled")
    assert f"Number of read requests for subscription '{DEV}' actor" in refused.message
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers[f"{LEFT}reads"] == "0"
    cloud.real += 1
    assert drain(cloud, 26) == [200] * 25 + [429]


def test_writes_and_deletes_have_buckets_of_their_own(cloud: Cloud) -> None:
    drain(cloud, 251)
    put = [cloud.arm("PUT", f"{GROUPS}/rg", {"location": "westeurope"}).status for _ in range(201)]
    assert put == [201] + [200] * 199 + [429]
    gone = [cloud.arm("DELETE", f"{GROUPS}/none").status for _ in range(201)]
    assert gone == [404] * 200 + [429]
    cloud.real += 1
    assert cloud.arm("PUT", f"{GROUPS}/rg", {"location": "westeurope"}).headers[
        f"{LEFT}writes"
    ] == str(10 - 1)


def test_each_principal_and_subscription_has_its_own(cloud: Cloud) -> None:
    drain(cloud, 250)
    assert cloud.arm("GET", GROUPS).status == 429
    assert cloud.arm("GET", GROUPS, who=AUDITOR).status == 200
    assert cloud.arm("GET", f"/subscriptions/{PROD}/resourceGroups").status == 200
    assert cloud.arm("GET", "/subscriptions").status == 200
    outside = drain(cloud, 250, "/subscriptions")
    assert outside.count(429) == 1
    assert TENANT in cloud.arm("GET", "/subscriptions").message


def test_what_is_left_is_told(cloud: Cloud) -> None:
    assert cloud.arm("GET", GROUPS).headers[f"{LEFT}reads"] == "249"
    assert cloud.arm("GET", GROUPS).headers[f"{LEFT}reads"] == "248"
    refused = cloud.arm("PUT", f"{GROUPS}/rg", {"location": "the moon"})
    assert refused.status == 400
    assert refused.headers[f"{LEFT}writes"] == "199"


def test_limits_go_with_the_scale_of_the_clock(cloud: Cloud) -> None:
    """At 240 times real time a factory that asks 240 times as often is as polite as before."""
    cloud.control("POST", "clock", {"scale": 240})
    drain(cloud, 250)
    assert cloud.arm("GET", GROUPS).status == 429
    cloud.real += 0.1
    assert drain(cloud, 250) == [200] * 250


def test_a_wait_is_in_whole_real_seconds(cloud: Cloud) -> None:
    cloud.control("POST", "clock", {"scale": 0.01})
    drain(cloud, 250)
    refused = cloud.arm("GET", GROUPS)
    assert refused.headers["Retry-After"] == "4"  # one token of 25 a second, a hundred times slower
    cloud.real += 4
    assert cloud.arm("GET", GROUPS).status == 200


def test_a_frozen_clock_starves_nobody_and_a_moved_one_refills(cloud: Cloud) -> None:
    cloud.control("POST", "clock", {"frozen": True})
    drain(cloud, 250)
    assert cloud.arm("GET", GROUPS).status == 429
    cloud.real += 1
    assert cloud.arm("GET", GROUPS).status == 200
    drain(cloud, 30)
    assert cloud.arm("GET", GROUPS).status == 429
    cloud.control("POST", "clock", {"advance": "1 min"})
    assert cloud.arm("GET", GROUPS).status == 200


def test_nobody_is_throttled_if_the_switch_is_off(cloud: Cloud) -> None:
    cloud.control("POST", "switches", {"throttling": "off"})
    assert drain(cloud, 300) == [200] * 300


def test_tokens_and_the_control_api_are_never_throttled(cloud: Cloud) -> None:
    drain(cloud, 251)
    assert cloud.token().status == 200
    assert cloud.control("GET", "clock").status == 200
