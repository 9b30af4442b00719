"""What the payer's desk must know of a referral to speak to its payer."""

from firstdose.adapters.keyring.sealed_texts import SealedTexts
from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.revisions import Revisions, unshredded
from firstdose.domain.payer.channel import UNKNOWN_PLAN, Plan
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.referral import Referral
from firstdose.ports import Impossible


class PostgresCaseFiles:
    """Implements case_file.CaseFiles."""

    def __init__(self, pool: Pool, vault: Vault, payers: PayerTable) -> None:
        self._pool = pool
        self._vault = vault
        self._revisions = Revisions(vault)
        self._payers = payers

    async def case(self, referral_id: str, *, payer: str | None = None) -> CaseFile:
        referral, plan, texts = await self._as_it_stood(referral_id, payer)
        endpoint = await self._payers.endpoint(plan.payer)
        if endpoint is None:
            raise Impossible(ProblemCode.PAYER_NOT_ELECTRONIC)
        return CaseFile(referral, endpoint, plan, texts)

    async def plan(self, referral_id: str) -> tuple[Referral, Plan]:
        referral, plan, _ = await self._as_it_stood(referral_id, None)
        return referral, plan

    async def _as_it_stood(self, referral_id: str, payer: str | None) -> tuple[Referral, Plan, SealedTexts]:
        with unshredded():
            async with transaction(self._pool) as connection:
                sealer = await self._vault.sealer(connection, referral_id)
                versions = [each async for each in self._revisions.history(connection, referral_id)]
        for referral in versions:
            plan = await plan_of(self._payers, referral)
            if payer in (None, plan.payer):
                return referral, plan, sealer.texts
        raise Impossible(ProblemCode.PAYER_NOT_ELECTRONIC)


async def plan_of(payers: PayerTable, referral: Referral) -> Plan:
    """The plan that pays first; a coverage that nobody has named yet is reached by people."""
    if referral.primary is None:
        return UNKNOWN_PLAN
    coverage = referral.coverages[referral.primary]
    return await payers.plan(coverage.payer.id, coverage.payer.name, coverage.line_of_business)
