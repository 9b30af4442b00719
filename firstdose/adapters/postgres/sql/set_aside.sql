-- name: newest(contact_id, problem)^
SELECT number, body_index FROM payer_unreadable WHERE contact_id = :contact_id AND problem = :problem
ORDER BY number DESC LIMIT 1;

-- name: next_number(contact_id)$
SELECT coalesce(max(number), 0) + 1 FROM payer_unreadable WHERE contact_id = :contact_id;

-- name: came_again(contact_id, number, received_at)!
UPDATE payer_unreadable SET received_at = :received_at WHERE contact_id = :contact_id AND number = :number;

-- name: insert(contact_id, number, problem, body_index, sealed, received_at)!
INSERT INTO payer_unreadable (contact_id, number, problem, body_index, sealed, received_at)
VALUES (:contact_id, :number, :problem, :body_index, :sealed, :received_at);

-- name: forget(contact_id, problem, kept)!
DELETE FROM payer_unreadable WHERE contact_id = :contact_id AND number IN (
    SELECT number FROM payer_unreadable WHERE contact_id = :contact_id AND problem = :problem
    ORDER BY number DESC OFFSET :kept
);

-- name: newest_of_referral(referral_id)^
SELECT contact_id, number, problem, sealed, received_at FROM payer_unreadable JOIN payer_contacts ON id = contact_id
WHERE referral_id = :referral_id ORDER BY received_at DESC, number DESC LIMIT 1;

-- name: count_foreign(problems)
SELECT problem, count(*) AS number FROM payer_unreadable
WHERE problem <> 'unreadable_answer' AND problem = ANY (:problems) GROUP BY problem;
