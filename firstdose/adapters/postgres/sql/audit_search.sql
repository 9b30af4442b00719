-- name: search(chain, actor, action, since, until, before_at, before_chain, before_seq, size)
-- With the number for people of the referral that it is about.
SELECT found.*, (
    SELECT referral_number FROM referrals
    WHERE id = CASE WHEN found.chain <> 'system' THEN CAST(found.chain AS uuid) END
) AS number FROM (
SELECT chain, seq, at, actor, action, details FROM audit
WHERE at >= :since AND at < :until
  AND (CAST(:chain AS text) IS NULL OR chain = :chain)
  AND (CAST(:actor AS text) IS NULL OR actor = :actor)
  AND (CAST(:action AS text) IS NULL OR action = :action)
  AND (CAST(:before_at AS timestamptz) IS NULL
       OR (at, chain, seq) < (:before_at, CAST(:before_chain AS text), CAST(:before_seq AS bigint)))
ORDER BY at DESC, chain DESC, seq DESC
LIMIT :size
) AS found ORDER BY at DESC, chain DESC, seq DESC;

-- name: numbered(number)$
SELECT id FROM referrals WHERE referral_number = :number;

-- name: verified(at, actor, records, chains, broken)!
INSERT INTO audit_verifications (at, actor, records, chains, broken) VALUES (:at, :actor, :records, :chains, :broken);

-- name: last_verified()^
SELECT at, actor, records, chains, broken FROM audit_verifications ORDER BY at DESC LIMIT 1;
