-- name: claim(fingerprint)$
-- The first process writes it down; every other reads what was written.
INSERT INTO key_root (fingerprint) VALUES (:fingerprint)
ON CONFLICT (only_one) DO UPDATE SET fingerprint = key_root.fingerprint
RETURNING fingerprint;
