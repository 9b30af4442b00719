"""What the process itself recorded last of a referral: what it waits for by the clock, and what was settled so far."""

from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from desk.web.page import DeskPage
from firstdose.adapters.keyring.sealed_texts import SealedTexts, shown
from firstdose.adapters.postgres.keys.vault import NoDataKey
from firstdose.adapters.postgres.pool import transaction
from firstdose.adapters.postgres.referrals.reconciliation import ProcessStore
from firstdose.ports import Impossible
from workflows.mechanism.case import Case
from workflows.mechanism.state import ReferralState

_STATE: TypeAdapter[ReferralState] = TypeAdapter(ReferralState)


async def recorded_state(page: DeskPage, referral_id: str, *, with_texts: bool) -> ReferralState:
    """As the process recorded it, at its beginning if nothing was recorded. Raises Unavailable.

    The payer's own texts are opened for who may read the facts, and None for others.
    """
    store = ProcessStore(page.desk.pool, page.desk.vault, page.desk.audit, "desk")
    try:
        recorded = await store.saved_state(referral_id)
        texts = await _texts(page, referral_id) if recorded and with_texts else None
    except (Impossible, NoDataKey):
        recorded, texts = "", None
    return _read(shown(orjson.loads(recorded), texts), referral_id) if recorded else _at_start(referral_id)


async def _texts(page: DeskPage, referral_id: str) -> SealedTexts:
    """Raises NoDataKey."""
    async with transaction(page.desk.pool) as connection:
        return (await page.desk.vault.sealer(connection, referral_id)).texts


def _read(recorded: Any, referral_id: str) -> ReferralState:
    """A worker of another version may have recorded what this one does not know: then nothing is shown of it."""
    try:
        return _STATE.validate_python(recorded, strict=False)
    except ValidationError:
        return _at_start(referral_id)


def _at_start(referral_id: str) -> ReferralState:
    return ReferralState(Case(referral_id))
