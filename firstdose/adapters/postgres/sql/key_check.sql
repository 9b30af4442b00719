-- name: has_root()$
SELECT to_regclass('key_root') IS NOT NULL;

-- name: root()$
SELECT fingerprint FROM key_root;

-- name: claim_root(fingerprint)$
-- The first process writes it down; every other reads what was written.
INSERT INTO key_root (fingerprint) VALUES (:fingerprint)
ON CONFLICT (only_one) DO UPDATE SET fingerprint = key_root.fingerprint
RETURNING fingerprint;

-- name: known()
SELECT key_id, fingerprint, wraps FROM known_keys;

-- name: learn(key_ids, fingerprints, wrapping)
-- What each id stands for, as the first process to come has said; `wrapping` wraps data keys from now on.
INSERT INTO known_keys (key_id, fingerprint, wraps)
SELECT key_id, fingerprint, key_id = :wrapping
FROM unnest(CAST(:key_ids AS text[]), CAST(:fingerprints AS text[])) AS held (key_id, fingerprint)
ON CONFLICT (key_id) DO UPDATE SET wraps = known_keys.wraps OR excluded.wraps
RETURNING key_id, fingerprint, wraps;

-- name: sessions()
-- Each process of ours that is connected, by the name that it goes by.
SELECT DISTINCT application_name AS name FROM pg_stat_activity
WHERE datname = current_database() AND application_name ~ '^firstdose';

-- name: require(key_id)$
-- No process starts any more without it; nothing if that was so before.
UPDATE known_keys SET wraps = true WHERE key_id = :key_id AND NOT wraps RETURNING key_id;

-- name: require_no_more(key_id)!
UPDATE known_keys SET wraps = false WHERE key_id = :key_id;

-- name: wraps_alone(key_id)!
UPDATE known_keys SET wraps = key_id = :key_id WHERE wraps <> (key_id = :key_id);
