-- name: lock_referral(referral_id)$
-- Notices of one referral come one after the other, so that the same one is never told twice.
SELECT referral_number FROM referrals WHERE id = :referral_id FOR NO KEY UPDATE;

-- name: is_told(referral_id, key)$
-- Also when there was nowhere to send it to: then only the audit knows of it.
SELECT EXISTS (SELECT FROM outbox WHERE key = :key)
    OR EXISTS (SELECT FROM audit WHERE chain = CAST(CAST(:referral_id AS uuid) AS text) AND details ->> 'notice' = :key);
