-- name: lock()$
-- Held until the transaction ends: of several processes that start together one migrates.
SELECT pg_advisory_xact_lock(hashtext('firstdose.schema_migrations'))::text;

-- name: exists()$
SELECT to_regclass('schema_migrations') IS NOT NULL;

-- name: create_table()!
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: applied()
SELECT name, checksum FROM schema_migrations;

-- name: record(name, checksum)!
INSERT INTO schema_migrations (name, checksum) VALUES (:name, :checksum);
