-- name: activity_failed(referral_id, activity_id, activity_type, problem, since, next_attempt_at, overdue_at)!
-- Nothing is kept of a workflow that belongs to no referral.
INSERT INTO failing_activities AS kept
    (referral_id, activity_id, activity_type, problem, since, next_attempt_at, overdue_at)
SELECT id, :activity_id, :activity_type, :problem, :since, :next_attempt_at, :overdue_at
FROM referrals WHERE id = :referral_id
ON CONFLICT (referral_id, activity_type, activity_id) DO UPDATE
SET failures = CASE WHEN kept.since = excluded.since THEN kept.failures + 1 ELSE 1 END,
    problem = excluded.problem, since = excluded.since,
    next_attempt_at = excluded.next_attempt_at, overdue_at = excluded.overdue_at;

-- name: activity_ended(referral_id, activity_type, activity_id)!
DELETE FROM failing_activities
WHERE referral_id = :referral_id AND activity_type = :activity_type AND activity_id = :activity_id;

-- name: forget_overdue()!
DELETE FROM failing_activities WHERE overdue_at < now();

-- name: of_referral(referral_id, least, patience)
SELECT 'activity_failing' AS kind, referral_id, activity_type AS what, problem, failures AS attempts, since, next_attempt_at
FROM failing_activities
WHERE referral_id = :referral_id AND failures >= :least AND overdue_at > now()
UNION ALL
(SELECT 'message_waiting', referral_id, kind, last_problem, attempts, received_at, next_attempt_at
 FROM messages WHERE referral_id = :referral_id AND state = 'pending' AND received_at < now() - :patience::interval
 ORDER BY ordinal LIMIT 1)
UNION ALL
SELECT 'message_parked', referral_id, kind, last_problem, attempts, received_at, NULL
FROM messages WHERE referral_id = :referral_id AND state = 'parked'
ORDER BY since;

-- name: failures_of_referral(referral_id)
SELECT activity_type, activity_id, failures FROM failing_activities WHERE referral_id = :referral_id AND overdue_at > now();

-- name: is_starting(referral_id)$
SELECT EXISTS (
    SELECT FROM messages WHERE referral_id = :referral_id AND state IN ('pending', 'parked') AND kind = 'start'
);

-- name: listed(least, patience, most)
(SELECT 'activity_failing' AS kind, referral_id, activity_type AS what, problem, failures AS attempts, since, next_attempt_at
 FROM failing_activities WHERE failures >= :least AND overdue_at > now()
 ORDER BY since LIMIT :most)
UNION ALL
(SELECT 'message_waiting', referral_id, kind, last_problem, attempts, received_at, next_attempt_at
 FROM messages AS one WHERE state = 'pending' AND received_at < now() - :patience::interval
   AND NOT EXISTS (
       SELECT FROM messages AS older
       WHERE older.referral_id = one.referral_id AND older.state = 'pending' AND older.ordinal < one.ordinal
   )
 ORDER BY received_at LIMIT :most);

-- name: counted(least, patience)^
-- Referrals, not messages: what stands behind a message waits with it.
SELECT (SELECT count(DISTINCT referral_id) FROM failing_activities WHERE failures >= :least AND overdue_at > now())
           AS activity_failing,
       (SELECT count(DISTINCT referral_id) FROM messages WHERE state = 'pending' AND received_at < now() - :patience::interval)
           AS message_waiting;
