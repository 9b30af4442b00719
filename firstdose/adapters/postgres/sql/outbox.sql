-- name: put(id, key, referral_id, channel, recipient, sealed, at)$
INSERT INTO outbox (id, key, referral_id, channel, recipient, sealed, next_attempt_at, created_at)
VALUES (:id, :key, :referral_id, :channel, :recipient, :sealed, :at, :at)
ON CONFLICT (key) DO NOTHING
RETURNING pg_notify('outbox', '')::text;

-- name: claim(number, now, leased_until)
-- The oldest pending parcel of each referral and channel, if it is due and nobody else holds it.
WITH due AS (
    SELECT id FROM outbox AS one
    WHERE state = 'pending' AND next_attempt_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
      AND NOT EXISTS (
          SELECT FROM outbox AS older
          WHERE older.referral_id = one.referral_id AND older.channel = one.channel
            AND older.state = 'pending' AND older.ordinal < one.ordinal
      )
    ORDER BY next_attempt_at, ordinal LIMIT :number FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET leased_until = :leased_until, attempts = attempts + 1 FROM due WHERE outbox.id = due.id
RETURNING outbox.id, key, referral_id, channel, recipient, sealed, attempts, created_at, ordinal;

-- name: delivered(id, at)!
UPDATE outbox SET state = 'delivered', delivered_at = :at, leased_until = NULL, last_problem = NULL
WHERE id = :id AND state = 'pending';

-- name: postpone(id, at, problem)!
UPDATE outbox SET next_attempt_at = :at, leased_until = NULL, last_problem = :problem
WHERE id = :id AND state = 'pending';

-- name: give_up(id, problem)!
UPDATE outbox SET state = 'failed', leased_until = NULL, last_problem = :problem
WHERE id = :id AND state = 'pending';
