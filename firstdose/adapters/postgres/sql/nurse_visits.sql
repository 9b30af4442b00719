-- name: offers(login)
-- Offered to this person, or to a nurse whose login the roster does not know and for whom nobody answers yet.
SELECT work_items.* FROM work_items LEFT JOIN nurses ON nurses.id = work_items.offered_to
WHERE work_items.kind = 'confirm_visit' AND work_items.state IN ('open', 'claimed')
  AND (work_items.assignee = :login OR nurses.login = :login
       OR (nurses.login IS NULL AND work_items.assignee IS NULL))
ORDER BY work_items.due_at, work_items.id
LIMIT 50;

-- name: visits(login, since)
-- Held for this person: what is still to be reported, and what comes.
SELECT visit_holds.referral_id, visit_holds.visit_at, report.id AS report, report.due_at AS report_due_at
FROM visit_holds JOIN nurses ON nurses.id = visit_holds.nurse
LEFT JOIN LATERAL (
    SELECT id, due_at, assignee FROM work_items
    WHERE work_items.referral_id = visit_holds.referral_id AND kind = 'report_visit' AND state IN ('open', 'claimed')
    ORDER BY opened_at DESC LIMIT 1
) AS report ON true
WHERE visit_holds.released_at IS NULL AND (report.id IS NOT NULL OR visit_holds.visit_at > :since)
  AND (nurses.login = :login OR (nurses.login IS NULL AND report.assignee = :login))
ORDER BY visit_holds.visit_at, visit_holds.key
LIMIT 100;
