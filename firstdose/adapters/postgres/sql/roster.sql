-- name: candidates(therapy, state, referral_id)
-- Those with the fewest visits still held come first; among equals each referral has another order, so that referrals
-- that are approved together do not all ask the same nurse.
SELECT nurses.id, nurses.active, nurses.skills, nurses.states, nurses.areas, nurses.license_expires
FROM nurses LEFT JOIN visit_holds ON visit_holds.nurse = nurses.id AND visit_holds.released_at IS NULL
WHERE nurses.active AND :therapy = ANY (nurses.skills) AND :state = ANY (nurses.states)
GROUP BY nurses.id
ORDER BY count(visit_holds.key), nurses.position, md5(nurses.id || :referral_id);

-- name: lock_nurse(nurse)^
SELECT active, skills, states, areas, license_expires FROM nurses WHERE id = :nurse FOR NO KEY UPDATE;

-- name: held(key)^
SELECT nurse, visit_at, released_at FROM visit_holds WHERE key = :key;

-- name: hold(key, referral_id, nurse, visit_at, apart)^
-- Guarded: no other patient's visit of this nurse may lie closer than `apart`.
INSERT INTO visit_holds (key, referral_id, nurse, visit_at)
SELECT :key, CAST(:referral_id AS uuid), CAST(:nurse AS text), CAST(:visit_at AS timestamptz)
WHERE NOT EXISTS (
    SELECT FROM visit_holds AS other
    WHERE other.nurse = :nurse AND other.released_at IS NULL AND other.referral_id <> :referral_id
      AND other.visit_at > CAST(:visit_at AS timestamptz) - CAST(:apart AS interval)
      AND other.visit_at < CAST(:visit_at AS timestamptz) + CAST(:apart AS interval))
ON CONFLICT (key) DO NOTHING
RETURNING key, nurse, visit_at;

-- name: release(key, at)^
UPDATE visit_holds SET released_at = :at WHERE key = :key AND released_at IS NULL
RETURNING key, referral_id, nurse, visit_at;

-- name: upsert_nurse(id, skills, states, areas, active, position, login, license_expires)$
INSERT INTO nurses (id, skills, states, areas, active, position, login, license_expires)
VALUES (:id, :skills, :states, :areas, :active, :position, :login, :license_expires)
ON CONFLICT (id) DO UPDATE
SET skills = excluded.skills, states = excluded.states, areas = excluded.areas, active = excluded.active,
    position = excluded.position, login = excluded.login, license_expires = excluded.license_expires
WHERE (nurses.skills, nurses.states, nurses.areas, nurses.active, nurses.position, nurses.login,
       nurses.license_expires)
      IS DISTINCT FROM
      (excluded.skills, excluded.states, excluded.areas, excluded.active, excluded.position, excluded.login,
       excluded.license_expires)
RETURNING id;
