-- name: lock_referral(referral_id)$
-- The messages of a referral are stored one after the other, so that their order is the order of their ordinals.
SELECT id FROM referrals WHERE id = :referral_id FOR NO KEY UPDATE;

-- name: knows_key(referral_id, key_index, idempotency_key)$
SELECT EXISTS (
    SELECT FROM messages
    WHERE referral_id = :referral_id AND (key_index = :key_index OR idempotency_key = :idempotency_key)
);

-- name: stored_as(referral_id, id, key_index, idempotency_key)^
-- Those from before migration 17 have the key itself.
SELECT id, referral_id, kind, actor, body, state, attempts, received_at, refusal, sealed FROM messages
WHERE referral_id = :referral_id AND (id = :id OR key_index = :key_index OR idempotency_key = :idempotency_key)
ORDER BY id = :id LIMIT 1;

-- name: nth_newest_of_actor(referral_id, actor, since, skipped)$
SELECT received_at FROM messages
WHERE referral_id = :referral_id AND actor ->> 'id' = :actor AND received_at > :since
ORDER BY received_at DESC OFFSET :skipped LIMIT 1;

-- name: insert(id, referral_id, kind, actor, body, sealed, key_index, received_at)$
INSERT INTO messages (id, referral_id, kind, actor, body, sealed, key_index, next_attempt_at, received_at)
VALUES (:id, :referral_id, :kind, :actor, :body, :sealed, :key_index, now(), :received_at)
RETURNING pg_notify('messages', '')::text;

-- name: find(id)^
SELECT id, referral_id, kind, actor, body, state, attempts, received_at, refusal FROM messages WHERE id = :id;

-- name: sealed_part(id)^
SELECT referral_id, sealed FROM messages WHERE id = :id;

-- name: claim(number, lease)
-- The oldest pending message of each referral, if it is due and nobody else holds it.
WITH due AS (
    SELECT id FROM messages AS one
    WHERE state = 'pending' AND next_attempt_at <= now() AND (leased_until IS NULL OR leased_until <= now())
      AND NOT EXISTS (
          SELECT FROM messages AS older
          WHERE older.referral_id = one.referral_id AND older.state = 'pending' AND older.ordinal < one.ordinal
      )
    ORDER BY next_attempt_at, ordinal LIMIT :number FOR UPDATE SKIP LOCKED
)
UPDATE messages SET leased_until = now() + :lease, attempts = attempts + 1 FROM due WHERE messages.id = due.id
RETURNING messages.id, referral_id, kind, actor, body, state, attempts, received_at, refusal, ordinal;

-- name: settle(id, state, refusal)^
UPDATE messages SET state = :state, refusal = :refusal, settled_at = now(), leased_until = NULL
WHERE id = :id AND state = 'pending'
RETURNING referral_id, kind, settled_at, pg_notify('message_settled', :id::text)::text, pg_notify('messages', '')::text;

-- name: postpone(id, delay)!
UPDATE messages SET next_attempt_at = now() + :delay, leased_until = NULL WHERE id = :id AND state = 'pending';

-- name: set_back(id, problem, most)^
-- Half a second after the first failure, then twice as long each time, up to half a minute.
UPDATE messages
SET failures = failures + 1, last_problem = :problem, leased_until = NULL,
    state = CASE WHEN failures + 1 >= :most THEN 'parked' ELSE 'pending' END,
    next_attempt_at = now() + least(power(2, failures) * 0.5, 30) * interval '1 second'
WHERE id = :id AND state = 'pending'
RETURNING referral_id, kind, state, now() AS at, pg_notify('messages', '')::text;

-- name: item_is_open(id)$
-- As the process opened it, and not only as somebody wrote it here.
SELECT EXISTS (
    SELECT FROM work_items JOIN journal_keys USING (referral_id)
    WHERE id = :id AND state IN ('open', 'claimed') AND key = 'opened:' || id);
