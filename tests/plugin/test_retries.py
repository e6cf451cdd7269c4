"""Which answers are tried again, how often, how long between, and what signing in needs."""

from __future__ import annotations

import time

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest

from rehearsal.plugin.answers import Answer, backoff_seconds, send_with_retries
from rehearsal.plugin.pace import OperationCancelledError, OperationTimedOutError, Pace
from rehearsal.plugin.service import Service
from tests.plugin.conftest import GROUP, SUBSCRIPTION, Plugin
from tests.plugin.fake_arm import FakeArmServer, Said

IMAGE = "azure-native:devtestlab:CustomImage"
PATH = f"{GROUP}/providers/Microsoft.DevTestLab/labs/lab/customimages/gold"


class FakePace(Pace):
    """Notes the waits instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[tuple[str, float]] = []

    def scaled(self, seconds: float, deadline: float) -> None:
        self.waits.append(("own", seconds))

    def real(self, seconds: float, deadline: float) -> None:
        self.waits.append(("asked", seconds))


def tries(status: int, headers: dict[str, str] | None = None, text: str = "") -> FakePace:
    pace = FakePace()
    answer = Answer(status, headers or {}, text)
    assert send_with_retries(lambda: answer, pace, time.monotonic() + 60) is answer
    return pace


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_failures_are_tried_three_times_more(status: int) -> None:
    kinds, waits = zip(*tries(status).waits, strict=True)
    assert kinds == ("own", "own", "own")
    for wait, base in zip(waits, (20, 60, 120), strict=True):
        assert 0.8 * base <= wait <= min(1.3 * base, 120)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 501])
def test_final_answers_are_not_tried_again(status: int) -> None:
    assert tries(status).waits == []


def test_a_busy_resource_is_tried_again() -> None:
    text = '{"error": {"code": "AnotherOperationInProgress", "message": "busy"}}'
    assert len(tries(409, text=text).waits) == 3


def test_retry_after_is_honoured_as_it_is() -> None:
    assert tries(429, {"Retry-After": "17"}).waits == [("asked", 17.0)] * 3


@pytest.mark.parametrize("name", ["Retry-After-Ms", "X-Ms-Retry-After-Ms"])
def test_milliseconds_win_over_seconds(name: str) -> None:
    assert tries(429, {name: "250", "Retry-After": "17"}).waits == [("asked", 0.25)] * 3


def test_a_long_retry_after_ends_the_tries() -> None:
    assert tries(429, {"Retry-After": "121"}).waits == []


def test_retry_after_may_be_a_date() -> None:
    past = Answer(429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, "")
    assert past.retry_after() == 0.0


def test_backoff_never_passes_two_minutes() -> None:
    assert all(backoff_seconds(3) <= 120 for _ in range(50))


def test_own_waits_are_scaled_and_asked_ones_are_not() -> None:
    pace = Pace(scale=1000)
    began = time.monotonic()
    pace.scaled(100, began + 60)
    assert 0.1 <= time.monotonic() - began < 5
    with pytest.raises(OperationTimedOutError):
        pace.real(100, time.monotonic() + 0.01)


@pytest.mark.parametrize(
    ("variables", "scale"),
    [
        ({"REHEARSAL_TIME_SCALE": "600"}, 600.0),
        ({"REHEARSAL_TIME_SCALE": "600", "REHEARSAL_PLUGIN_TIME": "real"}, 1.0),
        ({}, 1.0),
    ],
)
def test_own_waits_take_real_seconds_where_that_is_asked_for(
    variables: dict[str, str], scale: float
) -> None:
    assert Service(variables).pace.scale == scale


def test_cancellation_ends_a_wait() -> None:
    pace = Pace()
    pace.cancelled.set()
    with pytest.raises(OperationCancelledError):
        pace.real(100, time.monotonic() + 100)


def test_unregistered_namespace_is_registered_once(plugin: Plugin) -> None:
    error = {"code": "MissingSubscriptionRegistration", "message": "not registered"}
    plugin.arm.script("PUT", "/gold", Said(409, {"error": error}))
    plugin.arm.script(
        "POST", "/Microsoft.DevTestLab/register", Said(200, {"registrationState": "Registering"})
    )
    plugin.arm.script(
        "GET",
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DevTestLab",
        Said(200, {"registrationState": "Registering"}),
        Said(200, {"registrationState": "Registered"}),
    )
    inputs = {"resourceGroupName": "rg", "labName": "lab", "name": "gold"}
    plugin.create(IMAGE, inputs)
    assert len(plugin.arm.requests("PUT", "/gold")) == 2


def test_signing_in_once_for_all_requests(plugin: Plugin) -> None:
    inputs = {"resourceGroupName": "rg", "labName": "lab", "name": "gold"}
    plugin.create(IMAGE, inputs)
    form = plugin.arm.requests("POST", "/tenant/oauth2/v2.0/token")
    assert len(form) == 1
    assert form[0].form["client_id"] == "client"
    assert form[0].form["client_secret"] == "s3cret"
    assert form[0].form["scope"] == f"{plugin.arm.url}/.default"
    arm_calls = [seen for seen in plugin.arm.seen if "/providers/" in seen.path]
    assert all(seen.authorization.startswith("Bearer ey") for seen in arm_calls)


def test_a_token_about_to_end_is_renewed(plugin: Plugin) -> None:
    plugin.arm.token_lifetime = 0
    plugin.read(IMAGE, PATH)
    plugin.read(IMAGE, PATH)
    assert len(plugin.arm.requests("POST", "/token")) == 2


def test_a_wrong_secret_is_one_line(plugin: Plugin) -> None:
    refused = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid secret."}
    plugin.arm.script("POST", "/token", Said(401, refused))
    with pytest.raises(grpc.RpcError) as raised:
        plugin.read(IMAGE, PATH)
    text = raised.value.details()
    assert text == "authentication failed for client client: AADSTS7000215: Invalid secret."


def test_no_server_is_one_line(bare_plugin: Plugin) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        bare_plugin.configure(metadataHost="localhost:9")
    assert raised.value.details().startswith(
        "localhost:9 does not answer; is the local Azure running? `python -m rehearsal start`"
    )


def test_missing_settings_are_named_together(
    bare_plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rehearsal.plugin.settings import ConfigurationError, Settings  # noqa: PLC0415

    with pytest.raises(ConfigurationError) as raised:
        Settings.read({"tenantId": "t"}, {"ARM_CLIENT_ID": "c"})
    text = str(raised.value)
    assert "metadataHost (ARM_METADATA_HOSTNAME)" in text
    assert "clientSecret (ARM_CLIENT_SECRET)" in text
    assert "tenantId" not in text


def test_configuration_wins_over_the_environment(bare_plugin: Plugin) -> None:
    other = "99999999-2222-3333-4444-555555555555"
    bare_plugin.configure(subscriptionId=other)
    inputs = {"resourceGroupName": "rg", "labName": "lab", "name": "gold"}
    bare_plugin.create(IMAGE, inputs)
    assert bare_plugin.arm.requests("PUT")[0].path.startswith(f"/subscriptions/{other}/")


def test_only_loopback_is_touched(bare_plugin: Plugin, arm_server: FakeArmServer) -> None:
    public = {
        "resourceManager": "https://management.azure.com/",
        "authentication": {"loginEndpoint": f"{arm_server.url}/", "audiences": ["a"]},
    }
    bare_plugin.arm.script("GET", "/metadata/endpoints", Said(200, public))
    with pytest.raises(grpc.RpcError, match="works on loopback only"):
        bare_plugin.configure()
