-- name: lock_persons(keys)$
-- Whoever stores or looks for one of these persons goes one after the other, until the transaction ends.
SELECT count(pg_advisory_xact_lock(key)::text) FROM unnest(CAST(:keys AS bigint[])) AS key;

-- name: keep_persons(referral_id, indexes)!
WITH former AS (
    DELETE FROM referral_persons
    WHERE referral_id = :referral_id AND person_index <> ALL (CAST(:indexes AS bytea[]))
)
INSERT INTO referral_persons (referral_id, person_index)
SELECT :referral_id, unnest(CAST(:indexes AS bytea[])) ON CONFLICT DO NOTHING;

-- name: compared(referral_id, at)!
UPDATE referrals SET compared_at = :at WHERE id = :referral_id;

-- name: others(referral_id, indexes, most)
-- Referrals of the same person that have not ended: those that came before this one, and later ones that have been
-- compared and did not find it. A pair is asked about once: what was found from the other side, or answered, is left out.
SELECT other.id FROM referrals AS this JOIN referrals AS other ON other.id <> this.id
WHERE this.id = :referral_id
  AND other.id IN (SELECT referral_id FROM referral_persons WHERE person_index = ANY (CAST(:indexes AS bytea[])))
  AND other.stage NOT IN ('on_service', 'closed')
  AND ((other.created_at, other.id) < (this.created_at, this.id) OR other.compared_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM possible_duplicates AS found
                  WHERE found.referral_id = other.id AND found.other_id = this.id)
  AND NOT EXISTS (SELECT 1 FROM work_items AS item
                  WHERE item.referral_id = this.id AND item.kind = 'reconcile' AND item.state = 'resolved'
                    AND item.asks ->> 'other' = CAST(other.id AS text))
ORDER BY other.created_at DESC, other.id
LIMIT :most;

-- name: found(referral_id, others, at)!
INSERT INTO possible_duplicates (referral_id, other_id, found_at)
SELECT :referral_id, unnest(CAST(:others AS uuid[])), :at ON CONFLICT DO NOTHING;

-- name: of_persons(indexes)
SELECT DISTINCT referral_id FROM referral_persons WHERE person_index = ANY (CAST(:indexes AS bytea[]));
