-- name: for_each_value()!
-- Of a filter that is null nothing is left in the plan, and each value has the plan that fits it.
SET LOCAL plan_cache_mode = force_custom_plan;

-- name: page(stage, payer, waiting_for, overdue, now, source_indexes, number, first_id, last_id, before_at, before_id, size)
-- A filter that is null lets all through. What was searched for is the source's number, ours for people, or the beginning of
-- our id.
SELECT * FROM referrals
WHERE (CAST(:stage AS text) IS NULL OR stage = :stage)
  AND (CAST(:payer AS text) IS NULL OR outline ->> 'payer_id' = :payer)
  AND (CAST(:waiting_for AS text) IS NULL OR waiting_for @> ARRAY[CAST(:waiting_for AS text)])
  AND (CAST(:overdue AS boolean) IS NULL OR CASE WHEN :overdue THEN next_due < :now
       ELSE next_due IS NULL OR next_due >= :now END)
  AND (CAST(:source_indexes AS bytea[]) IS NULL OR source_index = ANY (:source_indexes)
       OR referral_number = :number OR id BETWEEN CAST(:first_id AS uuid) AND CAST(:last_id AS uuid))
  AND (CAST(:before_at AS timestamptz) IS NULL OR (created_at, id) < (:before_at, CAST(:before_id AS uuid)))
ORDER BY created_at DESC, id DESC
LIMIT :size;

-- name: sources()
-- One look at the index for each source, however many referrals it has.
WITH RECURSIVE found AS (
    (SELECT source FROM referrals ORDER BY source LIMIT 1)
    UNION ALL
    SELECT (SELECT source FROM referrals WHERE source > found.source ORDER BY source LIMIT 1)
    FROM found WHERE found.source IS NOT NULL
)
SELECT source FROM found WHERE source IS NOT NULL;

-- name: one(referral_id)^
SELECT * FROM referrals WHERE id = :referral_id;

-- name: open_items(referral_id)
SELECT *, (SELECT referral_number FROM referrals WHERE referrals.id = referral_id) AS referral_number
FROM work_items WHERE referral_id = :referral_id AND state IN ('open', 'claimed') ORDER BY due_at, id;

-- name: team(referral_id)
SELECT role, member FROM teams WHERE referral_id = :referral_id ORDER BY role;

-- name: audited(chain)
SELECT seq, at, actor, action, details, message_id FROM audit WHERE chain = :chain ORDER BY seq;

-- name: received(referral_id)
SELECT id, kind, actor, sealed, state, refusal, received_at, settled_at FROM messages
WHERE referral_id = :referral_id ORDER BY ordinal;

-- name: answered(referral_id)
SELECT contact_id, payer, number, via, answer, received_at
FROM payer_answers JOIN payer_contacts ON id = contact_id
WHERE referral_id = :referral_id ORDER BY received_at, contact_id, number;

-- name: sent(referral_id)
SELECT channel, recipient, state, last_problem, created_at, delivered_at FROM outbox
WHERE referral_id = :referral_id ORDER BY ordinal;

-- name: traces(contacts)
SELECT id, trace FROM payer_contacts WHERE id = ANY (CAST(:contacts AS uuid[]));
