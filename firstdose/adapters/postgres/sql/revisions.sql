-- name: newest(referral_id)^
-- A version with the data key that opens it; without one it was shredded.
SELECT revision, sealed, kek_id, wrapped FROM referral_revisions LEFT JOIN referral_keys USING (referral_id)
WHERE referral_id = :referral_id ORDER BY revision DESC LIMIT 1;

-- name: of_number(referral_id, revision)^
SELECT revision, sealed, kek_id, wrapped FROM referral_revisions LEFT JOIN referral_keys USING (referral_id)
WHERE referral_id = :referral_id AND revision = :revision;

-- name: made_by(referral_id, messages)
SELECT revision, message_id FROM referral_revisions
WHERE referral_id = :referral_id AND message_id = ANY (CAST(:messages AS uuid[])) AND revision > 1
ORDER BY revision;

-- name: insert_revision(referral_id, revision, sealed, message_id, created_at)!
INSERT INTO referral_revisions (referral_id, revision, sealed, message_id, created_at)
VALUES (:referral_id, :revision, :sealed, :message_id, :created_at);

-- name: point_at(referral_id, revision, outline)!
UPDATE referrals SET revision = :revision, outline = :outline WHERE id = :referral_id;
