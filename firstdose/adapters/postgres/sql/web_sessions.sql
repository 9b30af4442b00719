-- name: begin(secret_index, subject, roles, authenticated_at, begun_at, ends_at, sealed_id_token)!
INSERT INTO web_sessions (secret_index, subject, roles, authenticated_at, begun_at, seen_at, ends_at, sealed_id_token)
VALUES (:secret_index, :subject, :roles, :authenticated_at, :begun_at, :begun_at, :ends_at, :sealed_id_token);

-- name: find(secret_index)^
SELECT * FROM web_sessions WHERE secret_index = :secret_index;

-- name: touch(secret_index, seen_at)!
UPDATE web_sessions SET seen_at = greatest(seen_at, :seen_at) WHERE secret_index = :secret_index AND ended_at IS NULL;

-- name: end(secret_index, ended_at)^
UPDATE web_sessions SET ended_at = :ended_at WHERE secret_index = :secret_index AND ended_at IS NULL RETURNING *;

-- name: forget(before, now)!
-- Sessions that nobody can come back from any more, and forms that nobody came back for.
WITH forms AS (DELETE FROM kept_forms WHERE kept_until < :now)
DELETE FROM web_sessions WHERE ends_at < :before;

-- name: keep(secret_index, subject, kept_until, sealed)!
INSERT INTO kept_forms (secret_index, subject, kept_until, sealed)
VALUES (:secret_index, :subject, :kept_until, :sealed);

-- name: kept(secret_index, subject, now)^
SELECT sealed FROM kept_forms WHERE secret_index = :secret_index AND subject = :subject AND kept_until >= :now;

-- name: drop(secret_index)!
DELETE FROM kept_forms WHERE secret_index = :secret_index;
