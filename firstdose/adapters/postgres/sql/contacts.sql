-- name: begin(id, referral_id, payer, purpose, trace, attempted, channel, attempts, asked, created_at)$
INSERT INTO payer_contacts (id, referral_id, payer, purpose, trace, attempted, channel, attempts, asked, created_at)
VALUES (:id, :referral_id, :payer, :purpose, :trace, :attempted, :channel, :attempts, :asked, :created_at)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: one(id)^
SELECT * FROM payer_contacts WHERE id = :id;

-- name: locked(id)^
SELECT * FROM payer_contacts WHERE id = :id FOR NO KEY UPDATE;

-- name: by_trace(payer, trace)^
SELECT * FROM payer_contacts WHERE payer = :payer AND trace = :trace;

-- name: mark_attempted(id, channel, attempts)$
-- `attempts`: how many there were when the contact was read. Of two that read the same, one goes on.
UPDATE payer_contacts SET attempted = true, channel = :channel, attempts = attempts + 1
WHERE id = :id AND attempts = :attempts
RETURNING id;

-- name: take_back(id, attempted, channel, attempts)$
UPDATE payer_contacts SET attempted = :attempted, channel = :channel, attempts = :attempts
WHERE id = :id AND attempts = :attempts + 1
RETURNING id;

-- name: newest_answer(contact_id)^
SELECT number, answer FROM payer_answers WHERE contact_id = :contact_id ORDER BY number DESC LIMIT 1;

-- name: insert_answer(contact_id, number, via, answer, sealed, received_at)!
INSERT INTO payer_answers (contact_id, number, via, answer, sealed, received_at)
VALUES (:contact_id, :number, :via, :answer, :sealed, :received_at);

-- name: newest_overtaken(contact_id)^
SELECT number, answer FROM payer_overtaken WHERE contact_id = :contact_id ORDER BY number DESC LIMIT 1;

-- name: insert_overtaken(contact_id, number, via, answer, sealed, received_at)!
INSERT INTO payer_overtaken (contact_id, number, via, answer, sealed, received_at)
VALUES (:contact_id, :number, :via, :answer, :sealed, :received_at);

-- name: take_event(payer, subscription, number, answer_index, received_at)$
INSERT INTO payer_events (payer, subscription, number, answer_index, received_at)
VALUES (:payer, :subscription, :number, :answer_index, :received_at)
ON CONFLICT DO NOTHING
RETURNING number;

-- name: number_used_before(payer, subscription, number, together)$
-- Whether an event of this number brought other answers than these, which came together.
SELECT EXISTS (
    SELECT FROM payer_events
    WHERE payer = :payer AND subscription = :subscription AND number = :number AND answer_index <> ALL (:together)
);
