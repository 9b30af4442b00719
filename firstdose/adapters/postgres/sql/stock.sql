-- name: lock_order(referral_id)$
-- Requests of one referral come one after the other, so the same key is never reserved twice.
SELECT outline FROM referrals WHERE id = :referral_id FOR NO KEY UPDATE;

-- name: reserved(key)
SELECT lot, released_at FROM reservations WHERE key = :key ORDER BY medication;

-- name: take(hcpcs, lasting_to)$
-- The lot that expires first among those that last. Waits for a lot that another takes from and then looks again:
-- skipping locked rows would call a lot of ten empty while one of it is being taken.
UPDATE stock SET quantity = quantity - 1
WHERE (hcpcs, lot) = (
    SELECT hcpcs, lot FROM stock
    WHERE hcpcs = :hcpcs AND quantity > 0 AND expires >= :lasting_to
    ORDER BY expires, lot LIMIT 1 FOR UPDATE)
RETURNING lot;

-- name: reserve(key, medication, referral_id, hcpcs, lot)!
INSERT INTO reservations (key, medication, referral_id, hcpcs, lot)
VALUES (:key, :medication, :referral_id, :hcpcs, :lot);

-- name: release(key, at)
WITH released AS (
    UPDATE reservations SET released_at = :at WHERE key = :key AND released_at IS NULL
    RETURNING key, referral_id, hcpcs, lot
), returned AS (
    UPDATE stock SET quantity = quantity + back.units
    FROM (SELECT hcpcs, lot, count(*) AS units FROM released GROUP BY hcpcs, lot) AS back
    WHERE stock.hcpcs = back.hcpcs AND stock.lot = back.lot
)
SELECT key, referral_id, hcpcs, lot FROM released;

-- name: upsert_lot(hcpcs, lot, quantity, expires)$
INSERT INTO stock (hcpcs, lot, quantity, expires) VALUES (:hcpcs, :lot, :quantity, :expires)
ON CONFLICT (hcpcs, lot) DO UPDATE SET quantity = excluded.quantity, expires = excluded.expires
WHERE (stock.quantity, stock.expires) IS DISTINCT FROM (excluded.quantity, excluded.expires)
RETURNING lot;
