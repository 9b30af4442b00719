"""`send`: a referral from a file, signed as its source would sign it, through the same door."""

import json
import uuid
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from desk.cli import display
from desk.cli.data_file import parse_object, read_bytes
from desk.cli.failure import Misuse
from desk.cli.local_stack import LocalStackFiles
from desk.cli.options import AsJson, DataFile
from firstdose.adapters.webhooks import sign
from firstdose.settings import Settings, load_settings


class Format(StrEnum):
    JSON = "json"
    FHIR = "fhir"
    HL7 = "hl7"


_CONTENT_TYPE = {
    Format.JSON: "application/json",
    Format.FHIR: "application/fhir+json",
    Format.HL7: "application/hl7-v2",
}


def send(
    file: DataFile,
    /,
    *,
    source: Annotated[str | None, Parameter(help="Who sends it; needed when several sources are configured.")] = None,
    format: Annotated[Format | None, Parameter(help="What the file holds; seen from the file if not given.")] = None,  # noqa: A002 - the option's name
    as_json: AsJson = False,
) -> None:
    """Sign a referral and post it to the intake webhook."""
    from desk.cli.client import DeskClient, find_desk

    settings = load_settings()
    name, secret = _source(settings, source)
    content = read_bytes(file)
    kind = format or _format_of(content, file)
    body = _enveloped(content, file) if kind is Format.JSON else content
    headers = sign(secret, f"msg_{uuid.uuid4().hex}", datetime.now(UTC), body)
    with DeskClient(find_desk(settings)) as desk:
        answer = desk.deliver(
            "webhooks", "referrals", name, content=body, headers={**headers, "content-type": _CONTENT_TYPE[kind]}
        )
    if as_json:
        display.as_json(answer)
    else:
        display.line(f"{answer['referral_id']} {answer['status']}")


def _source(settings: Settings, name: str | None) -> tuple[str, str]:
    """The source and the secret that it signs with: of the settings, else of the local stack. Raises Misuse."""
    secrets = {source: given[0].get_secret_value() for source, given in settings.sources.items()}
    secrets = secrets or LocalStackFiles.running(settings.state).source_secrets()
    if not secrets:
        raise Misuse("no referral source is configured: set FIRSTDOSE_SOURCES or start the stack with `firstdose dev`")
    if name is None and len(secrets) == 1:
        name = next(iter(secrets))
    if name not in secrets:
        raise Misuse(f"name the source with --source: {', '.join(sorted(secrets))}")
    return name, secrets[name]


def _format_of(content: bytes, file: Path) -> Format:
    if content.lstrip().startswith(b"MSH"):
        return Format.HL7
    return Format.FHIR if "resourceType" in parse_object(content, file) else Format.JSON


def _enveloped(content: bytes, file: Path) -> bytes:
    """The message as it is; a bare referral gets the envelope of `referral.received` around it."""
    message = parse_object(content, file)
    if "type" in message and "data" in message:
        return content
    envelope = {"type": "referral.received", "timestamp": datetime.now(UTC).isoformat(), "data": message}
    return json.dumps(envelope).encode()
