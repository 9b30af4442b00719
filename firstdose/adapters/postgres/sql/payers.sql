-- name: upsert_payer(id, name, name_index, config, at)$
-- Null when nothing changed; otherwise the new version.
INSERT INTO payers (id, name, name_index, config, imported_at) VALUES (:id, :name, :name_index, :config, :at)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, name_index = excluded.name_index, config = excluded.config,
    version = payers.version + 1, imported_at = excluded.imported_at
WHERE (payers.name, payers.config) IS DISTINCT FROM (excluded.name, excluded.config)
RETURNING version;

-- name: by_id(id)^
SELECT id, name, config FROM payers WHERE id = :id;

-- name: by_name(name_index)
SELECT id, name, config FROM payers WHERE name_index = :name_index ORDER BY id;

-- name: subscription(payer)^
SELECT payer, subscription, endpoint, registered_at FROM payer_subscriptions WHERE payer = :payer;

-- name: put_subscription(payer, subscription, endpoint, registered_at)!
INSERT INTO payer_subscriptions (payer, subscription, endpoint, registered_at)
VALUES (:payer, :subscription, :endpoint, :registered_at)
ON CONFLICT (payer) DO UPDATE
SET subscription = excluded.subscription, endpoint = excluded.endpoint, registered_at = excluded.registered_at;
