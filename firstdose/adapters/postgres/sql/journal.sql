-- name: lock_referral(referral_id)^
-- The row stays locked until the transaction ends: journals of one referral are recorded one after the other.
SELECT source, journal_seq FROM referrals WHERE id = :referral_id FOR NO KEY UPDATE;

-- name: update_standing(referral_id, stage, closing, overall, lines, waiting_for, next_due, on_hold, visit_at, blocked_by, journal_seq, updated_at)!
UPDATE referrals
SET stage = :stage, closing = :closing, "authorization" = :overall, lines = :lines, waiting_for = :waiting_for,
    next_due = :next_due, on_hold = :on_hold, visit_at = :visit_at, blocked_by = :blocked_by,
    journal_seq = :journal_seq, updated_at = greatest(updated_at, :updated_at)
WHERE id = :referral_id;

-- name: open_item(id, referral_id, kind, role, assignee, offered_to, asks, opened_at, due_at, level)!
INSERT INTO work_items (id, referral_id, kind, role, assignee, offered_to, asks, opened_at, due_at, level)
VALUES (:id, :referral_id, :kind, :role, :assignee, :offered_to, :asks, :opened_at, :due_at, :level)
ON CONFLICT (id) DO NOTHING;

-- name: close_item(id, referral_id, state, closed_at, resolution)$
UPDATE work_items SET state = :state, closed_at = :closed_at, resolution = :resolution
WHERE id = :id AND referral_id = :referral_id AND state IN ('open', 'claimed')
RETURNING kind;

-- name: kind_of_item(id)$
SELECT kind FROM work_items WHERE id = :id;

-- name: escalate_item(id, referral_id, level, escalated_at)$
UPDATE work_items SET level = :level, escalated_at = :escalated_at
WHERE id = :id AND referral_id = :referral_id AND state IN ('open', 'claimed')
RETURNING kind;

-- name: accepted_responsibility(referral_id)^
-- What the patient agreed to pay: the newest accepted review of benefits.
SELECT asks AS estimate, resolution AS agreement, closed_at AS agreed_at FROM work_items
WHERE referral_id = :referral_id AND kind = 'review_benefits' AND resolution ->> 'outcome' = 'accepted'
ORDER BY closed_at DESC LIMIT 1;
