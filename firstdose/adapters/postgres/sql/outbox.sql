-- name: put(id, key, referral_id, channel, recipient, sealed, at)$
INSERT INTO outbox (id, key, referral_id, channel, recipient, sealed, next_attempt_at, created_at)
VALUES (:id, :key, :referral_id, :channel, :recipient, :sealed, :at, :at)
ON CONFLICT (key) DO NOTHING
RETURNING pg_notify('outbox', '')::text;

-- name: claim(number, at_once, now, leased_until)
-- The oldest pending delivery of each referral to each recipient, if it is due and nobody else holds it. At most `at_once`
-- are on their way to one receiver (all mail goes to one server), so that a dead one takes no place from the others.
WITH due AS (
    SELECT id, receiver, row_number() OVER (PARTITION BY receiver ORDER BY next_attempt_at, ordinal) AS place
    FROM (
        SELECT id, next_attempt_at, ordinal, CASE channel WHEN 'source' THEN 'source ' || recipient ELSE channel END AS receiver
        FROM outbox AS one
        WHERE state = 'pending' AND next_attempt_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
          AND NOT EXISTS (
              SELECT FROM outbox AS older
              WHERE older.referral_id = one.referral_id AND older.channel = one.channel
                AND older.recipient = one.recipient AND older.state = 'pending' AND older.ordinal < one.ordinal
          )
    ) AS first
), busy AS (
    SELECT CASE channel WHEN 'source' THEN 'source ' || recipient ELSE channel END AS receiver, count(*) AS number
    FROM outbox WHERE state = 'pending' AND leased_until > :now GROUP BY 1
), chosen AS (
    SELECT outbox.id FROM outbox JOIN due ON due.id = outbox.id LEFT JOIN busy ON busy.receiver = due.receiver
    WHERE due.place + coalesce(busy.number, 0) <= :at_once
      -- Said once more of the row itself: who waited for its lock looks at this again.
      AND outbox.state = 'pending' AND (outbox.leased_until IS NULL OR outbox.leased_until <= :now)
    ORDER BY outbox.next_attempt_at, outbox.ordinal LIMIT :number FOR UPDATE OF outbox SKIP LOCKED
)
UPDATE outbox SET leased_until = :leased_until, attempts = attempts + 1 FROM chosen WHERE outbox.id = chosen.id
RETURNING outbox.id, key, referral_id, channel, recipient, sealed, attempts, created_at, ordinal;

-- name: delivered(id, at)!
UPDATE outbox SET state = 'delivered', delivered_at = :at, leased_until = NULL, last_problem = NULL
WHERE id = :id AND state = 'pending';

-- name: postpone(id, at, problem)!
UPDATE outbox SET next_attempt_at = :at, leased_until = NULL, last_problem = :problem
WHERE id = :id AND state = 'pending';

-- name: give_up(id, problem)^
UPDATE outbox SET state = 'failed', leased_until = NULL, last_problem = :problem
WHERE id = :id AND state = 'pending'
RETURNING referral_id, channel, recipient, attempts;
