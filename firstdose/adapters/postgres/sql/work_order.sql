-- name: by_due(role, assignee, unassigned, due_before, payer, stage, therapy, now, after_at, after_id, size)
-- Open items, the first due first. A snoozed one comes back when its time or its due time has come.
SELECT item.id, item.due_at AS at, item.urgency FROM work_items AS item JOIN referrals AS referral ON referral.id = item.referral_id
WHERE item.state IN ('open', 'claimed')
  AND (CAST(:role AS text) IS NULL OR item.role = :role)
  AND (CAST(:assignee AS text) IS NULL OR item.assignee = :assignee)
  AND (NOT CAST(:unassigned AS boolean) OR item.assignee IS NULL)
  AND (CAST(:due_before AS timestamptz) IS NULL OR item.due_at < :due_before)
  AND (CAST(:payer AS text) IS NULL OR referral.outline ->> 'payer_id' = :payer)
  AND (CAST(:stage AS text) IS NULL OR referral.stage = :stage)
  AND (CAST(:therapy AS text) IS NULL OR referral.outline ->> 'therapy' = :therapy)
  AND (item.snoozed_until IS NULL OR item.snoozed_until <= :now OR item.due_at <= :now)
  AND (CAST(:after_at AS timestamptz) IS NULL OR (item.due_at, item.id) > (:after_at, CAST(:after_id AS text)))
ORDER BY item.due_at, item.id
LIMIT :size;

-- name: by_due_last(role, assignee, unassigned, due_before, payer, stage, therapy, now, after_at, after_id, size)
-- The last due first.
SELECT item.id, item.due_at AS at, item.urgency FROM work_items AS item JOIN referrals AS referral ON referral.id = item.referral_id
WHERE item.state IN ('open', 'claimed')
  AND (CAST(:role AS text) IS NULL OR item.role = :role)
  AND (CAST(:assignee AS text) IS NULL OR item.assignee = :assignee)
  AND (NOT CAST(:unassigned AS boolean) OR item.assignee IS NULL)
  AND (CAST(:due_before AS timestamptz) IS NULL OR item.due_at < :due_before)
  AND (CAST(:payer AS text) IS NULL OR referral.outline ->> 'payer_id' = :payer)
  AND (CAST(:stage AS text) IS NULL OR referral.stage = :stage)
  AND (CAST(:therapy AS text) IS NULL OR referral.outline ->> 'therapy' = :therapy)
  AND (item.snoozed_until IS NULL OR item.snoozed_until <= :now OR item.due_at <= :now)
  AND (CAST(:after_at AS timestamptz) IS NULL OR (item.due_at, item.id) < (:after_at, CAST(:after_id AS text)))
ORDER BY item.due_at DESC, item.id DESC
LIMIT :size;

-- name: by_age(role, assignee, unassigned, due_before, payer, stage, therapy, now, after_at, after_id, size)
-- The longest open first.
SELECT item.id, item.opened_at AS at, item.urgency FROM work_items AS item JOIN referrals AS referral ON referral.id = item.referral_id
WHERE item.state IN ('open', 'claimed')
  AND (CAST(:role AS text) IS NULL OR item.role = :role)
  AND (CAST(:assignee AS text) IS NULL OR item.assignee = :assignee)
  AND (NOT CAST(:unassigned AS boolean) OR item.assignee IS NULL)
  AND (CAST(:due_before AS timestamptz) IS NULL OR item.due_at < :due_before)
  AND (CAST(:payer AS text) IS NULL OR referral.outline ->> 'payer_id' = :payer)
  AND (CAST(:stage AS text) IS NULL OR referral.stage = :stage)
  AND (CAST(:therapy AS text) IS NULL OR referral.outline ->> 'therapy' = :therapy)
  AND (item.snoozed_until IS NULL OR item.snoozed_until <= :now OR item.due_at <= :now)
  AND (CAST(:after_at AS timestamptz) IS NULL OR (item.opened_at, item.id) > (:after_at, CAST(:after_id AS text)))
ORDER BY item.opened_at, item.id
LIMIT :size;

-- name: by_urgency(role, assignee, unassigned, due_before, payer, stage, therapy, now, after_urgency, after_at, after_id, size)
-- Stat first, then urgent; of each the first due first.
SELECT item.id, item.due_at AS at, item.urgency FROM work_items AS item JOIN referrals AS referral ON referral.id = item.referral_id
WHERE item.state IN ('open', 'claimed')
  AND (CAST(:role AS text) IS NULL OR item.role = :role)
  AND (CAST(:assignee AS text) IS NULL OR item.assignee = :assignee)
  AND (NOT CAST(:unassigned AS boolean) OR item.assignee IS NULL)
  AND (CAST(:due_before AS timestamptz) IS NULL OR item.due_at < :due_before)
  AND (CAST(:payer AS text) IS NULL OR referral.outline ->> 'payer_id' = :payer)
  AND (CAST(:stage AS text) IS NULL OR referral.stage = :stage)
  AND (CAST(:therapy AS text) IS NULL OR referral.outline ->> 'therapy' = :therapy)
  AND (item.snoozed_until IS NULL OR item.snoozed_until <= :now OR item.due_at <= :now)
  AND (CAST(:after_at AS timestamptz) IS NULL OR (item.urgency, item.due_at, item.id) > (CAST(:after_urgency AS smallint), :after_at, CAST(:after_id AS text)))
ORDER BY item.urgency, item.due_at, item.id
LIMIT :size;
