-- name: last_steered(chain, actions)^
-- By the audit, where the process says what it did.
SELECT action, actor, at, details FROM audit
WHERE chain = :chain AND action = ANY (CAST(:actions AS text[])) ORDER BY seq DESC LIMIT 1;

-- name: newest_version(referral_id)^
SELECT revision, referral_revisions.created_at AS at, actor
FROM referral_revisions LEFT JOIN messages ON messages.id = message_id
WHERE referral_revisions.referral_id = :referral_id ORDER BY revision DESC LIMIT 1;

-- name: last_assessment(referral_id)$
SELECT state FROM work_items WHERE referral_id = :referral_id AND kind = 'assess_patient'
ORDER BY opened_at DESC, id DESC LIMIT 1;

-- name: has_reserved(referral_id)$
SELECT EXISTS (SELECT FROM reservations WHERE referral_id = :referral_id AND released_at IS NULL);

-- name: stored_under(referral_id, key_index)$
SELECT state FROM messages WHERE referral_id = :referral_id AND key_index = :key_index;
