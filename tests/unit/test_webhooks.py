"""Standard Webhooks against the reference package, and against what hostile senders try."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from firstdose.adapters.webhooks import Unverified, WebhookVerifier, decode_secret, sign

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
OLD = "whsec_" + base64.b64encode(bytes(range(24))).decode()
NEW = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(64)).decode()
BODY = b'{"type":"referral.received"}'


def _headers(**changes: str | None) -> dict[str, str]:
    headers: dict[str, str | None] = {**sign(NEW, "msg_1", NOW, BODY)}
    headers |= {f"webhook-{name}": value for name, value in changes.items()}
    return {name: value for name, value in headers.items() if value is not None}


def _verify(body: bytes, headers: Mapping[str, str], now: datetime = NOW) -> None:
    WebhookVerifier([OLD, NEW]).verify(body, headers, now=now)


def test_what_the_reference_package_signs_is_verified() -> None:
    signature = Webhook(OLD).sign("msg_1", NOW, BODY.decode())
    headers = {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(NOW.timestamp())), "Webhook-Signature": signature}
    message = WebhookVerifier([NEW, OLD]).verify(BODY, headers, now=NOW)
    assert message == ("msg_1", NOW)


def test_what_we_sign_is_verified_by_the_reference_package() -> None:
    Webhook(NEW).verify(BODY, sign(NEW, "msg_1", datetime.now(UTC), BODY))


@given(body=st.binary(), flip=st.integers(min_value=0))
def test_any_bytes_verify_and_any_changed_byte_does_not(body: bytes, flip: int) -> None:
    headers = sign(NEW, "msg_1", NOW, body)
    _verify(body, headers)
    changed = bytearray(body or b"x")
    changed[flip % len(changed)] ^= 1
    with pytest.raises(Unverified):
        _verify(bytes(changed), headers)


def test_one_good_signature_among_several_is_enough() -> None:
    good = _headers()["webhook-signature"]
    _verify(BODY, _headers(signature=f"v1a,xxxx v1,AAAA {good}"))


@pytest.mark.parametrize("off", [timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)])
def test_a_timestamp_more_than_five_minutes_off_is_refused(off: timedelta) -> None:
    _verify(BODY, _headers(), NOW + off - off / 300)
    with pytest.raises(Unverified, match="5 minutes"):
        _verify(BODY, _headers(), NOW + off)


def test_another_secret_is_refused() -> None:
    with pytest.raises(Unverified):
        _verify(BODY, sign(OTHER, "msg_1", NOW, BODY))


def test_a_source_without_secrets_verifies_nothing() -> None:
    with pytest.raises(Unverified):
        WebhookVerifier([]).verify(BODY, _headers(), now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": ""},
        {"id": "msg 1"},
        {"id": "msg_2"},
        {"id": "m" * 257},
        {"timestamp": None},
        {"timestamp": "nan"},
        {"timestamp": "1e9"},
        {"timestamp": "٣" * 10},
        {"timestamp": "9" * 40},
        {"signature": None},
        {"signature": ""},
        {"signature": "v1"},
        {"signature": "v1,"},
        {"signature": "v1,é\udcff"},
        {"signature": "v1,====,,"},
    ],
)
def test_hostile_headers_are_unverified_and_never_another_error(changes: dict[str, str | None]) -> None:
    with pytest.raises(Unverified):
        _verify(BODY, _headers(**changes))


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()))
def test_no_headers_raise_anything_else(headers: dict[str, str]) -> None:
    with pytest.raises(Unverified):
        _verify(BODY, headers)


@pytest.mark.parametrize("size", [0, 16, 23, 65])
def test_secrets_outside_the_bounds_are_refused_when_configured(size: int) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        WebhookVerifier(["whsec_" + base64.b64encode(bytes(size)).decode()])


def test_a_secret_that_is_not_base64_is_refused_without_an_echo() -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as refusal:
        decode_secret("whsec_CANARY not base64")
    assert "CANARY" not in str(refusal.value)
