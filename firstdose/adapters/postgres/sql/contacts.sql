-- name: begin(id, referral_id, payer, purpose, trace, attempted, created_at)$
INSERT INTO payer_contacts (id, referral_id, payer, purpose, trace, attempted, created_at)
VALUES (:id, :referral_id, :payer, :purpose, :trace, :attempted, :created_at)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: one(id)^
SELECT * FROM payer_contacts WHERE id = :id;

-- name: locked(id)^
SELECT * FROM payer_contacts WHERE id = :id FOR NO KEY UPDATE;

-- name: by_trace(payer, trace)^
SELECT * FROM payer_contacts WHERE payer = :payer AND trace = :trace;

-- name: mark_attempted(id)^
UPDATE payer_contacts SET attempted = true WHERE id = :id AND NOT attempted RETURNING *;

-- name: newest_answer(contact_id)^
SELECT number, answer FROM payer_answers WHERE contact_id = :contact_id ORDER BY number DESC LIMIT 1;

-- name: insert_answer(contact_id, number, via, answer, sealed, received_at)!
INSERT INTO payer_answers (contact_id, number, via, answer, sealed, received_at)
VALUES (:contact_id, :number, :via, :answer, :sealed, :received_at);
