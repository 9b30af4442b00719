-- name: create_key(referral_id, kek_id, wrapped)!
INSERT INTO referral_keys (referral_id, kek_id, wrapped) VALUES (:referral_id, :kek_id, :wrapped);

-- name: key_of(referral_id)^
SELECT kek_id, wrapped FROM referral_keys WHERE referral_id = :referral_id;

-- name: keys_to_rewrap(active, number)
SELECT referral_id, kek_id, wrapped FROM referral_keys WHERE kek_id <> :active
ORDER BY referral_id LIMIT :number FOR UPDATE;

-- name: rewrap(referral_id, kek_id, wrapped)!
UPDATE referral_keys SET kek_id = :kek_id, wrapped = :wrapped WHERE referral_id = :referral_id;

-- name: shred(referral_id)$
-- Nor is the patient known again by what is left.
WITH persons AS (DELETE FROM referral_persons WHERE referral_id = :referral_id)
DELETE FROM referral_keys WHERE referral_id = :referral_id RETURNING referral_id;
