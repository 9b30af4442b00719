-- name: offers(login)
-- Offered to a nurse for whom this person's login stands.
SELECT work_items.*, referrals.referral_number FROM work_items
JOIN nurses ON nurses.id = work_items.offered_to JOIN referrals ON referrals.id = work_items.referral_id
WHERE work_items.kind = 'confirm_visit' AND work_items.state IN ('open', 'claimed') AND nurses.login = :login
ORDER BY work_items.due_at, work_items.id
LIMIT 50;

-- name: visits(login, since)
-- Held for this person: what is still to be reported, and what comes.
SELECT visit_holds.referral_id, visit_holds.visit_at, report.id AS report, report.due_at AS report_due_at
FROM visit_holds JOIN nurses ON nurses.id = visit_holds.nurse
LEFT JOIN LATERAL (
    SELECT id, due_at FROM work_items
    WHERE work_items.referral_id = visit_holds.referral_id AND kind = 'report_visit' AND state IN ('open', 'claimed')
    ORDER BY opened_at DESC LIMIT 1
) AS report ON true
WHERE visit_holds.released_at IS NULL AND (report.id IS NOT NULL OR visit_holds.visit_at > :since)
  AND nurses.login = :login
ORDER BY visit_holds.visit_at, visit_holds.key
LIMIT 100;
