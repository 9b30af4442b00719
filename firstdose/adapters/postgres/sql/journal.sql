-- name: lock_referral(referral_id)^
-- The row stays locked until the transaction ends: journals of one referral are recorded one after the other.
SELECT source, referral_number FROM referrals WHERE id = :referral_id FOR NO KEY UPDATE;

-- name: begin(referral_id, keys)^
-- Which of the keys are new, and which run spoke last. A statement of its own: it must see what whoever held the lock left.
WITH new AS (
    INSERT INTO journal_keys (referral_id, key) SELECT :referral_id, unnest(CAST(:keys AS text[]))
    ON CONFLICT DO NOTHING RETURNING key
)
SELECT ARRAY(SELECT key FROM new) AS new_keys, run_id, events, retired, kek_id, wrapped
FROM (SELECT CAST(:referral_id AS uuid) AS referral_id) AS one
LEFT JOIN referral_states USING (referral_id) LEFT JOIN referral_keys USING (referral_id);

-- name: finish(referral_id, stage, closing, overall, lines, waiting_for, next_due, on_hold, visit_at, blocked_by, at, number, run_id, events, sealed, open_items)
-- Where the referral stands now. With a number also the state, and which items are open: another one that the store has
-- was opened by a task of the workflow that was lost, and one that it closed for such a task is open after all.
WITH standing AS (
    UPDATE referrals
    SET stage = :stage, closing = :closing, "authorization" = :overall, lines = :lines, waiting_for = :waiting_for,
        next_due = :next_due, on_hold = :on_hold, visit_at = :visit_at, blocked_by = :blocked_by,
        updated_at = greatest(updated_at, CAST(:at AS timestamptz))
    WHERE id = :referral_id
), state AS (
    INSERT INTO referral_states AS known (referral_id, number, run_id, events, sealed, recorded_at)
    SELECT :referral_id, :number, :run_id, :events, :sealed, now() WHERE CAST(:number AS integer) > 0
    ON CONFLICT (referral_id) DO UPDATE
    SET number = excluded.number, run_id = excluded.run_id, events = excluded.events, sealed = excluded.sealed,
        recorded_at = excluded.recorded_at,
        retired = CASE known.run_id WHEN excluded.run_id THEN known.retired ELSE known.retired || known.run_id END
)
UPDATE work_items
SET state = CASE state WHEN 'withdrawn' THEN 'open' ELSE 'withdrawn' END,
    closed_at = CASE state WHEN 'withdrawn' THEN NULL ELSE coalesce(CAST(:at AS timestamptz), now()) END
WHERE CAST(:number AS integer) > 0 AND referral_id = :referral_id
  AND CASE WHEN id = ANY (CAST(:open_items AS text[])) THEN state = 'withdrawn' ELSE state IN ('open', 'claimed') END
RETURNING id, kind, state;

-- name: open_item(id, referral_id, kind, role, assignee, offered_to, asks, opened_at, due_at, level)$
INSERT INTO work_items (id, referral_id, kind, role, assignee, offered_to, asks, opened_at, due_at, level)
VALUES (:id, :referral_id, :kind, :role, :assignee, :offered_to, :asks, :opened_at, :due_at, :level)
ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, asks = excluded.asks
WHERE work_items.referral_id = excluded.referral_id
RETURNING id;

-- name: move_item(id, referral_id, asks, due_at)!
-- A withdrawn item may be open in the process: this and the next two change it as well, but never an answered one.
UPDATE work_items SET due_at = :due_at, asks = :asks
WHERE id = :id AND referral_id = :referral_id AND state <> 'resolved';

-- name: close_item(id, referral_id, state, closed_at, resolution)$
UPDATE work_items SET state = :state, closed_at = :closed_at, resolution = :resolution
WHERE id = :id AND referral_id = :referral_id AND state <> 'resolved'
RETURNING kind;

-- name: kind_of_item(id)$
SELECT kind FROM work_items WHERE id = :id;

-- name: escalate_item(id, referral_id, level, escalated_at)$
UPDATE work_items SET level = :level, escalated_at = :escalated_at
WHERE id = :id AND referral_id = :referral_id AND state <> 'resolved'
RETURNING kind;

-- name: accepted_responsibility(referral_id)^
-- What the patient agreed to pay: the newest accepted review of benefits.
SELECT asks AS estimate, resolution AS agreement, closed_at AS agreed_at FROM work_items
WHERE referral_id = :referral_id AND kind = 'review_benefits' AND resolution ->> 'outcome' = 'accepted'
ORDER BY closed_at DESC LIMIT 1;
