"""The MIME envelope of CAQH CORE connectivity (rule 2.2.0): an interchange as one field of a multipart form."""

import re
from datetime import UTC, datetime
from email.message import Message
from typing import Final, NamedTuple
from uuid import UUID

from firstdose.adapters.payers.credentials import Login
from firstdose.adapters.payers.x12.envelope import REVIEW, InterchangeAddress, TransactionType
from firstdose.adapters.payers.x12.segments import UnreadableX12
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import RefusedRequest
from firstdose.ports import Impossible, Unavailable

_RULE: Final = "2.2.0"
_ERRATA: Final = {REVIEW.guide: "E1_2"}
"""What the rule adds to the name of a guide that had errata."""
_NAME: Final = re.compile(rb'content-disposition:[^\r\n]*\bname="?([A-Za-z0-9]{1,40})"?', re.IGNORECASE)
_LINE_END: Final = b"\r\n"


class Enveloped(NamedTuple):
    body: bytes
    content_type: str


def wrap(
    kind: TransactionType,
    interchange: bytes,
    address: InterchangeAddress,
    login: Login | None,
    number: UUID,
    at: datetime,
) -> Enveloped:
    """A real-time request; `number` is its PayloadID, another each time it is sent."""
    fields = {
        "PayloadType": f"X12_{kind.code}_Request_{kind.guide}{_ERRATA.get(kind.guide, '')}",
        "ProcessingMode": "RealTime",
        "PayloadID": str(number),
        "TimeStamp": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **({"UserName": login.user, "Password": login.password} if login else {}),
        "SenderID": address.sender,
        "ReceiverID": address.receiver,
        "CORERuleVersion": _RULE,
    }
    boundary = f"firstdose-{number.hex}"
    parts = [_part(boundary, name, value.encode()) for name, value in fields.items()]
    body = b"".join([*parts, _part(boundary, "Payload", interchange), f"--{boundary}--\r\n".encode()])
    return Enveloped(body, f'multipart/form-data; boundary="{boundary}"')


def _part(boundary: str, name: str, value: bytes) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + _LINE_END


def unwrap(answer: Enveloped) -> bytes:
    """The interchange in an answer.

    Raises:
        Unreadable: there is none.
        RefusedRequest: the clearinghouse refuses the envelope.
        Impossible: it does not know our name and password.
        Unavailable: the fault is its own.
    """
    fields = _fields(answer)
    match fields.get(b"ErrorCode", b"").strip():
        case b"UnAuthorized":
            raise Impossible(ProblemCode.PAYER_REFUSED_CREDENTIALS)
        case b"Receiver":
            raise Unavailable(ProblemCode.PAYER_FAILED)
        case error if error not in (b"Success", b""):
            raise RefusedRequest(answer.body)
    if b"Payload" not in fields:
        raise UnreadableX12("no payload")
    return fields[b"Payload"]


def _fields(answer: Enveloped) -> dict[bytes, bytes]:
    header = Message()
    header["content-type"] = answer.content_type
    boundary = header.get_boundary()
    if header.get_content_maintype() != "multipart" or not boundary:
        raise UnreadableX12("not a multipart form")
    found: dict[bytes, bytes] = {}
    for part in (_LINE_END + answer.body).split(b"\r\n--" + boundary.encode(errors="replace"))[1:]:
        head, blank, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if blank and name:
            found[name.group(1)] = value
    return found
