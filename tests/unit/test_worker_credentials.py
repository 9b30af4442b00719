"""What a plan's row and the settings say of our credentials at payers, and a worker that cannot read them."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.payers.rows import PayerRow
from firstdose.payer_ports import BackendServices
from firstdose.settings import SettingsError, load_settings
from workers.wiring import open_activities

ENVIRONMENT = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "FIRSTDOSE_KEYS": f"k1:{b64encode(bytes(32)).decode()}",
    "FIRSTDOSE_PHARMACY": '{"name": "Example Home Infusion", "npi": "1234567893", "originator": "9123456789"}',
}
ROW: dict[str, Any] = {
    "id": "northstar",
    "name": "Northstar",
    "authorization": "pas",
    "base_url": "https://payer.example/fhir",
    "token_url": "https://payer.example/token",
    "client_id": "firstdose",
    "private_key": "northstar-signing",
    "client_certificate": "gateway",
    "x12_login": "clearinghouse",
    "requests_per_minute": "120",
    "burst": "10",
}


def test_a_row_says_how_we_prove_ourselves_and_how_fast_the_payer_may_be_asked() -> None:
    endpoint = PayerRow.model_validate(ROW).endpoint
    assert endpoint is not None
    assert endpoint.auth == BackendServices(
        token_url=ROW["token_url"], client_id="firstdose", credential="northstar-signing"
    )
    assert (endpoint.client_certificate, endpoint.x12_login) == ("gateway", "clearinghouse")
    assert (endpoint.requests_per_minute, endpoint.burst) == (120, 10)


def test_a_row_without_credentials_needs_none() -> None:
    plain = {name: ROW[name] for name in ("id", "name", "authorization", "base_url")}
    endpoint = PayerRow.model_validate(plain).endpoint
    assert endpoint is not None
    assert (endpoint.auth, endpoint.client_certificate, endpoint.x12_login) == (None, None, None)
    assert endpoint.requests_per_minute is None


@pytest.mark.parametrize("missing", ["token_url", "client_id", "private_key"])
def test_half_a_credential_is_refused(missing: str) -> None:
    with pytest.raises(ValidationError, match="token_url: needed together"):
        PayerRow.model_validate({name: value for name, value in ROW.items() if name != missing})


@pytest.mark.parametrize(
    ("credential", "told"),
    [
        ({"private_key_file": "nowhere.pem"}, "private_key_file is no readable private key"),
        ({"user": "us", "password_file": "nowhere"}, "password_file must hold one line of printable text"),
        ({"user": "us"}, "user and password_file are needed together"),
    ],
)
async def test_a_worker_does_not_start_with_a_credential_that_it_cannot_read(
    tmp_path: Path, credential: dict[str, str], told: str
) -> None:
    there = {name: str(tmp_path / value) if name.endswith("_file") else value for name, value in credential.items()}
    credentials = json.dumps({"northstar-signing": there})
    settings = load_settings(environ={**ENVIRONMENT, "FIRSTDOSE_PAYER_CREDENTIALS": credentials})
    with pytest.raises(SettingsError) as refused:
        async with open_activities(settings, Keyring(settings.key_material())):
            pass
    assert str(refused.value) == f"FIRSTDOSE_PAYER_CREDENTIALS is not usable: credential northstar-signing: {told}"
