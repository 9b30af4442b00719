-- name: count(role, assignee, unassigned, due_before, now, most)$
SELECT count(*) FROM (
    SELECT FROM work_items
    WHERE state IN ('open', 'claimed')
      AND (CAST(:role AS text) IS NULL OR role = :role)
      AND (CAST(:assignee AS text) IS NULL OR assignee = :assignee)
      AND (NOT CAST(:unassigned AS boolean) OR assignee IS NULL)
      AND (CAST(:due_before AS timestamptz) IS NULL OR due_at < :due_before)
      AND (snoozed_until IS NULL OR snoozed_until <= :now OR due_at <= :now)
    LIMIT :most
) AS found;

-- name: waiting(waiting_for, after_at, after_id, size)
SELECT id, coalesce(next_due, 'infinity') AS at FROM referrals
WHERE stage NOT IN ('on_service', 'closed') AND waiting_for @> ARRAY[CAST(:waiting_for AS text)]
  AND (CAST(:after_at AS timestamptz) IS NULL OR (next_due, id) > (:after_at, CAST(:after_id AS uuid)))
  AND next_due IS NOT NULL
ORDER BY next_due, id
LIMIT :size;

-- name: ending(before, after_end, after_id, size)
SELECT id, authorization_ends AS at FROM referrals
WHERE stage <> 'closed' AND authorization_ends IS NOT NULL AND authorization_ends < :before
  AND (CAST(:after_end AS text) IS NULL OR (authorization_ends, id) > (:after_end, CAST(:after_id AS uuid)))
ORDER BY authorization_ends, id
LIMIT :size;

-- name: count_ending(before, most)$
SELECT count(*) FROM (
    SELECT FROM referrals
    WHERE stage <> 'closed' AND authorization_ends IS NOT NULL AND authorization_ends < :before LIMIT :most
) AS found;

-- name: found(number, first_id, last_id, source_indexes, ids, size)
-- Referrals by the number for people, the beginning of the id, the source's number, or whose they are.
SELECT id FROM (
    SELECT id, created_at FROM referrals WHERE referral_number = :number
    UNION SELECT id, created_at FROM referrals WHERE id BETWEEN CAST(:first_id AS uuid) AND CAST(:last_id AS uuid)
    UNION SELECT id, created_at FROM referrals WHERE source_index = ANY (CAST(:source_indexes AS bytea[]))
    UNION SELECT id, created_at FROM referrals WHERE id = ANY (CAST(:ids AS uuid[]))
) AS found ORDER BY created_at DESC, id LIMIT :size;

-- name: rows_of_items(ids)
SELECT item.id AS item, item.kind, item.role, item.assignee, item.due_at, item.level, item.asks, item.snoozed_until,
       item.opened_at, item.offered_to, referral.*, sealed, kek_id, wrapped, held.details AS held
FROM work_items AS item JOIN referrals AS referral ON referral.id = item.referral_id
LEFT JOIN referral_revisions AS facts ON facts.referral_id = referral.id AND facts.revision = referral.revision
LEFT JOIN referral_keys AS key ON key.referral_id = referral.id
LEFT JOIN LATERAL (
    SELECT details FROM audit WHERE chain = CAST(referral.id AS text) AND action = 'held' AND referral.on_hold
    ORDER BY seq DESC LIMIT 1
) AS held ON true
WHERE item.id = ANY (CAST(:ids AS text[]));

-- name: rows_of_referrals(ids)
-- Each with the open item that is due first, if it has one.
SELECT item.id AS item, item.kind, item.role, item.assignee, item.due_at, item.level, item.asks, item.snoozed_until,
       item.opened_at, item.offered_to, referral.*, sealed, kek_id, wrapped, held.details AS held
FROM referrals AS referral
LEFT JOIN referral_revisions AS facts ON facts.referral_id = referral.id AND facts.revision = referral.revision
LEFT JOIN referral_keys AS key ON key.referral_id = referral.id
LEFT JOIN LATERAL (
    SELECT details FROM audit WHERE chain = CAST(referral.id AS text) AND action = 'held' AND referral.on_hold
    ORDER BY seq DESC LIMIT 1
) AS held ON true
LEFT JOIN LATERAL (
    SELECT * FROM work_items WHERE referral_id = referral.id AND state IN ('open', 'claimed') ORDER BY due_at, id LIMIT 1
) AS item ON true
WHERE referral.id = ANY (CAST(:ids AS uuid[]));
