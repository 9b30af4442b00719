-- name: lock_key(key)$
-- Deliveries about one referral of a source are accepted one after the other, the first one too.
SELECT pg_advisory_xact_lock(:key)::text;

-- name: receipt(source, webhook_index, webhook_id)^
-- Those from before migration 17 have the id itself.
SELECT referral_id, body_index FROM webhook_receipts
WHERE source = :source AND (webhook_index = :webhook_index OR webhook_id = :webhook_id);

-- name: keep_receipt(source, webhook_index, body_index, referral_id, received_at)$
INSERT INTO webhook_receipts (source, webhook_index, body_index, referral_id, received_at)
VALUES (:source, :webhook_index, :body_index, :referral_id, :received_at)
ON CONFLICT (source, webhook_index) DO NOTHING
RETURNING webhook_index;

-- name: known_as(source, source_index)$
SELECT id FROM referrals WHERE source = :source AND source_index = :source_index;

-- name: create_referral(id, source, source_index, outline, at)!
INSERT INTO referrals (id, source, source_index, outline, created_at, updated_at)
VALUES (:id, :source, :source_index, :outline, :at, :at);

-- name: first_revision(referral_id, sealed, message_id, at)!
INSERT INTO referral_revisions (referral_id, revision, sealed, message_id, created_at)
VALUES (:referral_id, 1, :sealed, :message_id, :at);

-- name: sealed_first_revision(referral_id)$
SELECT sealed FROM referral_revisions WHERE referral_id = :referral_id AND revision = 1;

-- name: newest_from_source(referral_id, kind)$
-- Messages that were stored before actors had a kind name the source by its id.
SELECT id FROM messages
WHERE referral_id = :referral_id AND kind = :kind AND coalesce(actor ->> 'kind', actor ->> 'id') = 'source'
  AND state <> 'refused'
ORDER BY ordinal DESC LIMIT 1;
