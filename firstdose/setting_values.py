"""How the values of settings are read: keys, secrets, JSON, addresses. Errors are fixed words and show no value."""

import base64
import json
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretBytes, SecretStr, StringConstraints

from firstdose.adapters.webhooks import decode_secret
from firstdose.domain.address import mail_server, web_address


def _parse_keys(text: object) -> object:
    if not isinstance(text, str):
        return text
    keys: dict[str, bytes] = {}
    for entry in text.split(","):
        key_id, colon, encoded = entry.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not (key_id and colon and len(key) == 32):
            raise ValueError("each entry is `id:base64`, the base64 of exactly 32 random bytes")
        if key_id in keys:
            raise ValueError("two entries have the same id")
        keys[key_id] = key
    return keys


def _one_or_several(secrets: object) -> object:
    return [secrets] if isinstance(secrets, str) else secrets


def _long_enough(secret: SecretStr) -> SecretStr:
    decode_secret(secret.get_secret_value())
    return secret


def _mail(url: SecretStr) -> SecretStr:
    mail_server(url.get_secret_value())
    return url


def _parse_json(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError("it is not JSON") from None


WebhookSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
SourceSecrets = dict[str, Annotated[tuple[WebhookSecret, ...], Field(min_length=1), BeforeValidator(_one_or_several)]]
FromJson = BeforeValidator(_parse_json)
WebAddress = Annotated[str, AfterValidator(web_address)]
Keys = Annotated[dict[str, SecretBytes], BeforeValidator(_parse_keys)]
MailAddress = Annotated[SecretStr, AfterValidator(_mail)]
BuildId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
