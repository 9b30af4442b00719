-- name: page(role, assignee, overdue, referral_id, now, after_due, after_id, size)
-- Open items, the most pressing first. A snoozed one comes back when its time or its due time has come.
SELECT *, (SELECT referral_number FROM referrals WHERE referrals.id = referral_id) AS referral_number
FROM work_items
WHERE state IN ('open', 'claimed')
  AND (CAST(:role AS text) IS NULL OR role = :role)
  AND (CAST(:assignee AS text) IS NULL OR assignee = :assignee)
  AND (CAST(:overdue AS boolean) IS NULL OR (due_at < :now) = :overdue)
  AND (CAST(:referral_id AS uuid) IS NULL OR referral_id = :referral_id)
  AND (snoozed_until IS NULL OR snoozed_until <= :now OR due_at <= :now)
  AND (CAST(:after_due AS timestamptz) IS NULL OR (due_at, id) > (:after_due, CAST(:after_id AS text)))
ORDER BY due_at, id
LIMIT :size;

-- name: one(id)^
SELECT *, (SELECT referral_number FROM referrals WHERE referrals.id = referral_id) AS referral_number
FROM work_items WHERE id = :id;

-- name: lock_referral(id)$
-- Whoever changes an item holds its referral, as whoever records the journal does.
SELECT id FROM referrals WHERE id = (SELECT referral_id FROM work_items WHERE id = :id) FOR NO KEY UPDATE;

-- name: claim(id, assignee)^
UPDATE work_items SET state = 'claimed', assignee = :assignee, snoozed_until = NULL WHERE id = :id
RETURNING *, (SELECT referral_number FROM referrals WHERE referrals.id = referral_id) AS referral_number;

-- name: release(id)^
UPDATE work_items SET state = 'open', assignee = NULL WHERE id = :id
RETURNING *, (SELECT referral_number FROM referrals WHERE referrals.id = referral_id) AS referral_number;

-- name: snooze(id, until)^
UPDATE work_items SET snoozed_until = :until WHERE id = :id
RETURNING *, (SELECT referral_number FROM referrals WHERE referrals.id = referral_id) AS referral_number;

-- name: join_team(referral_id, role, member)!
INSERT INTO teams (referral_id, role, member) VALUES (:referral_id, :role, :member)
ON CONFLICT (referral_id, role) DO NOTHING;

-- name: knows_nurse(nurse)$
SELECT EXISTS (SELECT FROM nurses WHERE id = :nurse);

-- name: has_role(subject, role)$
SELECT EXISTS (SELECT FROM staff WHERE subject = :subject AND :role = ANY (roles));

-- name: set_team(referral_id, role, member)!
INSERT INTO teams (referral_id, role, member) VALUES (:referral_id, :role, :member)
ON CONFLICT (referral_id, role) DO UPDATE SET member = excluded.member;
