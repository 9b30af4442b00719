-- name: involvement(referral_id, subject, roles, nurses)^
-- What connects a person with a referral. Of a nurse's items only visits that are held or reported count, not offers.
SELECT
    EXISTS (SELECT FROM work_items
            WHERE referral_id = :referral_id AND role <> 'nurse' AND role = ANY (CAST(:roles AS text[]))) AS by_role,
    EXISTS (SELECT FROM teams WHERE referral_id = :referral_id AND role <> 'nurse' AND member = :subject)
        OR EXISTS (SELECT FROM work_items
                   WHERE referral_id = :referral_id AND role <> 'nurse' AND assignee = :subject) AS on_team,
    'nurse' = ANY (CAST(:roles AS text[])) AND (
        EXISTS (SELECT FROM visit_holds
                WHERE referral_id = :referral_id AND released_at IS NULL AND nurse = ANY (CAST(:nurses AS text[])))
        OR EXISTS (SELECT FROM work_items
                   WHERE referral_id = :referral_id AND kind = 'report_visit'
                     AND (offered_to IS NULL OR offered_to = ANY (CAST(:nurses AS text[]))))) AS visits,
    EXISTS (SELECT FROM break_glass
            WHERE referral_id = :referral_id AND subject = :subject AND ends_at > now()) AS granted;

-- name: grant_access(id, referral_id, subject, reason, sealed, lasts)^
INSERT INTO break_glass (id, referral_id, subject, reason, sealed, granted_at, ends_at)
VALUES (:id, :referral_id, :subject, :reason, :sealed, now(), now() + CAST(:lasts AS interval))
RETURNING granted_at, ends_at;

-- name: notes(referral_id)
SELECT id, sealed FROM break_glass WHERE referral_id = :referral_id AND sealed IS NOT NULL;
