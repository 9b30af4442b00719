-- name: is_stored(key)$
SELECT EXISTS (SELECT FROM outbox WHERE key = :key);
