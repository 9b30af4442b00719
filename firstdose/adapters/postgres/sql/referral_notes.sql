-- name: lock_referral(referral_id)$
-- The same note sent twice at once is stored once.
SELECT id FROM referrals WHERE id = :referral_id FOR NO KEY UPDATE;

-- name: stored_as(referral_id, key_index)^
SELECT id, author, roles, sealed, written_at FROM referral_notes
WHERE referral_id = :referral_id AND key_index = :key_index;

-- name: add(id, referral_id, author, roles, sealed, key_index)$
INSERT INTO referral_notes (id, referral_id, author, roles, sealed, key_index, written_at)
VALUES (:id, :referral_id, :author, :roles, :sealed, :key_index, now()) RETURNING written_at;

-- name: page(referral_id, before_at, before_id, size)
SELECT id, author, roles, sealed, written_at FROM referral_notes
WHERE referral_id = :referral_id
  AND (CAST(:before_at AS timestamptz) IS NULL OR (written_at, id) < (:before_at, CAST(:before_id AS uuid)))
ORDER BY written_at DESC, id DESC LIMIT :size;

-- name: texts(referral_id)
SELECT id, sealed FROM referral_notes WHERE referral_id = :referral_id;
