-- name: seen(subject, roles)!
INSERT INTO staff (subject, roles, seen_at) VALUES (:subject, :roles, now())
ON CONFLICT (subject) DO UPDATE SET roles = :roles, seen_at = now();

-- name: team_member(referral_id, role)$
-- The one on the team, as long as there and still in the role; else the one with the fewest open referrals, put on it.
WITH there AS (
    SELECT staff.subject FROM teams JOIN staff ON staff.subject = teams.member
    WHERE teams.referral_id = :referral_id AND teams.role = :role AND NOT staff.absent AND :role = ANY (staff.roles)
), least_loaded AS (
    SELECT subject FROM staff
    WHERE NOT absent AND :role = ANY (roles) AND NOT EXISTS (SELECT FROM there)
    ORDER BY (
        SELECT count(*) FROM teams JOIN referrals ON referrals.id = teams.referral_id
        WHERE teams.member = staff.subject AND referrals.stage <> 'closed'
    ), subject
    LIMIT 1
), joined AS (
    INSERT INTO teams (referral_id, role, member) SELECT :referral_id, :role, subject FROM least_loaded
    ON CONFLICT (referral_id, role) DO UPDATE SET member = excluded.member
    RETURNING member
)
SELECT subject FROM there UNION ALL SELECT member FROM joined;

-- name: set_absent(subject, absent)$
UPDATE staff SET absent = :absent WHERE subject = :subject RETURNING subject;

-- name: login_of(nurse)$
SELECT login FROM nurses WHERE id = :nurse;

-- name: nurses_of(subject)$
SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM nurses WHERE login = :subject;

-- name: visiting(referral_id)$
-- Who holds the visit.
SELECT nurses.login FROM visit_holds JOIN nurses ON nurses.id = visit_holds.nurse
WHERE visit_holds.referral_id = :referral_id AND visit_holds.released_at IS NULL
ORDER BY visit_holds.visit_at DESC LIMIT 1;
