-- name: upsert_payer(id, name, name_index, config, at)$
-- Null when nothing changed; otherwise the new version, which is kept for good.
WITH changed AS (
    INSERT INTO payers (id, name, name_index, config, imported_at) VALUES (:id, :name, :name_index, :config, :at)
    ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, name_index = excluded.name_index, config = excluded.config,
        version = payers.version + 1, imported_at = excluded.imported_at
    WHERE (payers.name, payers.config) IS DISTINCT FROM (excluded.name, excluded.config)
    RETURNING id, version, config, imported_at
)
INSERT INTO payer_versions (payer, version, config, imported_at)
SELECT id, version, config, imported_at FROM changed
RETURNING version;

-- name: by_id(id)^
SELECT id, version, config FROM payers WHERE id = :id;

-- name: by_name(name_index)
SELECT id, version, config FROM payers WHERE name_index = :name_index ORDER BY id;

-- name: versions(payer)
SELECT version, config, imported_at FROM payer_versions WHERE payer = :payer ORDER BY version;
