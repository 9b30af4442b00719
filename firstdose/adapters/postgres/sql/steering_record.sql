-- name: last_steered(chain, actions)^
-- By the audit, where the process says what it did.
SELECT action, actor, at, details FROM audit
WHERE chain = :chain AND action = ANY (CAST(:actions AS text[])) ORDER BY seq DESC LIMIT 1;

-- name: last_amendment(referral_id)^
SELECT actor, referral_revisions.created_at AS at
FROM referral_revisions LEFT JOIN messages ON messages.id = message_id
WHERE referral_revisions.referral_id = :referral_id ORDER BY revision DESC LIMIT 1;

-- name: pending_amendment(referral_id)^
SELECT actor, received_at AS at FROM messages
WHERE referral_id = :referral_id AND kind = 'amend' AND state = 'pending' ORDER BY ordinal DESC LIMIT 1;

-- name: last_assessment(referral_id)$
SELECT state FROM work_items WHERE referral_id = :referral_id AND kind = 'assess_patient'
ORDER BY opened_at DESC, id DESC LIMIT 1;

-- name: has_reserved(referral_id)$
SELECT EXISTS (SELECT FROM reservations WHERE referral_id = :referral_id AND released_at IS NULL);

-- name: stored_under(referral_id, key_index)$
SELECT state FROM messages WHERE referral_id = :referral_id AND key_index = :key_index;
