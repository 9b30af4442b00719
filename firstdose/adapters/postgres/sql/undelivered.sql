-- name: listed()
-- What was meant for a shredded referral can never be delivered, and nobody needs to look at it.
SELECT 'message' AS what, id, referral_id, kind, last_problem AS problem, attempts, received_at AS since
FROM messages WHERE state = 'parked'
UNION ALL
SELECT 'delivery', id, referral_id, channel, last_problem, attempts, created_at
FROM outbox WHERE state = 'failed' AND referral_id IN (SELECT referral_id FROM referral_keys)
ORDER BY since, id;

-- name: counted()^
SELECT (SELECT count(*) FROM messages WHERE state = 'parked') AS messages,
       (SELECT count(*) FROM outbox
        WHERE state = 'failed' AND referral_id IN (SELECT referral_id FROM referral_keys)) AS deliveries;

-- name: retry_message(id)^
UPDATE messages SET state = 'pending', failures = 0, next_attempt_at = now() WHERE id = :id AND state = 'parked'
RETURNING referral_id, kind, pg_notify('messages', '')::text;

-- name: retry_delivery(id)^
UPDATE outbox SET state = 'pending', attempts = 0, next_attempt_at = now() WHERE id = :id AND state = 'failed'
RETURNING referral_id, channel AS kind, pg_notify('outbox', '')::text;

-- name: drop_message(id)^
UPDATE messages SET state = 'refused', refusal = 'dropped by an operator', settled_at = now()
WHERE id = :id AND state = 'parked'
RETURNING referral_id, kind, pg_notify('message_settled', :id::text)::text;

-- name: drop_delivery(id)^
UPDATE outbox SET state = 'dropped' WHERE id = :id AND state = 'failed' RETURNING referral_id, channel AS kind;
