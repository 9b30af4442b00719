-- name: page(after, ids, size)
-- Referrals that are open, with how far the store has followed their workflows. `start` is the state of the message that
-- starts the workflow, while it has not done so.
SELECT id, source, referral_number, stage, coalesce(number, 0) AS number,
       (SELECT state FROM messages WHERE referral_id = referrals.id AND kind = 'start' AND state IN ('pending', 'parked')
        LIMIT 1) AS start
FROM referrals LEFT JOIN referral_states ON referral_id = id
WHERE stage NOT IN ('on_service', 'closed')
  AND (CAST(:after AS uuid) IS NULL OR id > :after) AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY (:ids))
ORDER BY id LIMIT :size;

-- name: stages(ids)
SELECT id, source, referral_number, stage, coalesce(number, 0) AS number, NULL AS start
FROM referrals LEFT JOIN referral_states ON referral_id = id WHERE id = ANY (CAST(:ids AS uuid[]));

-- name: lock(referral_id)$
SELECT id FROM referrals WHERE id = :referral_id FOR NO KEY UPDATE;

-- name: standing(referral_id)^
SELECT stage, closing, lines, on_hold, coalesce(number, 0) AS number
FROM referrals LEFT JOIN referral_states ON referral_id = id WHERE id = :referral_id;

-- name: items(referral_id, ids)
-- Those that are open here, and these.
SELECT id, kind, state, due_at, level FROM work_items
WHERE referral_id = :referral_id AND (state IN ('open', 'claimed') OR id = ANY (CAST(:ids AS text[])));

-- name: put_back(id, referral_id, kind, role, assignee, offered_to, asks, opened_at, due_at, level)!
INSERT INTO work_items (id, referral_id, kind, role, assignee, offered_to, asks, opened_at, due_at, level)
VALUES (:id, :referral_id, :kind, :role, :assignee, :offered_to, :asks, :opened_at, :due_at, :level)
ON CONFLICT (id) DO UPDATE
SET state = 'open', asks = excluded.asks, due_at = excluded.due_at, level = excluded.level, closed_at = NULL,
    resolution = NULL
WHERE work_items.referral_id = excluded.referral_id;

-- name: withdraw(id)!
UPDATE work_items SET state = 'withdrawn', closed_at = now() WHERE id = :id AND state IN ('open', 'claimed');

-- name: correct(id, due_at, level)!
UPDATE work_items SET due_at = :due_at, level = :level WHERE id = :id;

-- name: set_standing(referral_id, stage, closing, overall, lines, waiting_for, next_due, on_hold, blocked_by)!
UPDATE referrals
SET stage = :stage, closing = :closing, "authorization" = :overall, lines = :lines, waiting_for = :waiting_for,
    next_due = :next_due, on_hold = :on_hold, blocked_by = :blocked_by, updated_at = now()
WHERE id = :referral_id;

-- name: try_alone()$
SELECT pg_try_advisory_lock(hashtext('firstdose reconcile'));

-- name: let_others()$
SELECT pg_advisory_unlock(hashtext('firstdose reconcile'));

-- name: saved_state(referral_id)^
SELECT number, sealed, kek_id, wrapped FROM referral_states LEFT JOIN referral_keys USING (referral_id)
WHERE referral_id = :referral_id;
