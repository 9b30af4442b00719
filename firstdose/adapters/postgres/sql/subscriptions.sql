-- name: known(payer)^
SELECT subscription, endpoint AS callback_url, filter, registered_at, coalesce(checked_at, registered_at) AS checked_at,
    lost_at IS NOT NULL AS lost
FROM payer_subscriptions WHERE payer = :payer;

-- name: put(payer, subscription, callback_url, filter, at)!
INSERT INTO payer_subscriptions (payer, subscription, endpoint, filter, registered_at, checked_at)
VALUES (:payer, :subscription, :callback_url, :filter, :at, :at)
ON CONFLICT (payer) DO UPDATE
SET subscription = excluded.subscription, endpoint = excluded.endpoint, filter = excluded.filter,
    registered_at = excluded.registered_at, checked_at = excluded.checked_at, lost_at = NULL;

-- name: checked(payer, at)!
UPDATE payer_subscriptions SET checked_at = :at WHERE payer = :payer;

-- name: lost(payer, subscription, at)$
-- A payer that tells of a Subscription that we have replaced since tells nothing new.
UPDATE payer_subscriptions SET lost_at = :at
WHERE payer = :payer AND lost_at IS NULL AND (subscription = :subscription OR '' IN (subscription, :subscription))
RETURNING payer;

-- name: waiting(payer, awaiting, most)
-- Requests that the payer has and has not decided, in referrals that have not ended: the oldest first.
SELECT contacts.id, contacts.referral_id
FROM payer_contacts AS contacts
JOIN referrals ON referrals.id = contacts.referral_id AND referrals.stage NOT IN ('on_service', 'closed')
LEFT JOIN LATERAL (
    SELECT answer FROM payer_answers WHERE contact_id = contacts.id ORDER BY number DESC LIMIT 1
) AS newest ON true
WHERE contacts.payer = :payer AND contacts.purpose = 'authorization' AND contacts.attempted AND (
    newest.answer IS NULL
    OR EXISTS (
        SELECT FROM jsonb_array_elements(newest.answer -> 'lines') AS line WHERE line ->> 'state' = ANY (:awaiting)
    )
)
ORDER BY contacts.created_at
LIMIT :most;
