-- name: newest(contact_id)^
SELECT number, problem, body_index FROM payer_replies WHERE contact_id = :contact_id ORDER BY number DESC LIMIT 1;

-- name: came_again(contact_id, number, received_at)!
UPDATE payer_replies SET received_at = :received_at WHERE contact_id = :contact_id AND number = :number;

-- name: insert(contact_id, number, problem, benefits, remarks, body_index, sealed, received_at)!
INSERT INTO payer_replies (contact_id, number, problem, benefits, remarks, body_index, sealed, received_at)
VALUES (:contact_id, :number, :problem, :benefits, :remarks, :body_index, :sealed, :received_at);

-- name: said(contacts)
-- Everything that payers answered to these contacts, the newest first. What was overtaken is not applied.
SELECT * FROM (
    SELECT contact_id, number, via, true AS applied, NULL AS problem, answer, NULL::jsonb AS benefits,
           answer -> 'remarks' AS remarks, received_at
    FROM payer_answers WHERE contact_id = ANY (CAST(:contacts AS uuid[]))
    UNION ALL
    SELECT contact_id, number, via, false, NULL, answer, NULL, answer -> 'remarks', received_at
    FROM payer_overtaken WHERE contact_id = ANY (CAST(:contacts AS uuid[]))
    UNION ALL
    SELECT contact_id, number, 'response', true, problem, NULL, benefits, remarks, received_at
    FROM payer_replies WHERE contact_id = ANY (CAST(:contacts AS uuid[]))
) AS answered
ORDER BY received_at DESC, number DESC;

-- name: eligibility_contact(referral_id)$
-- The one that was answered last.
SELECT contact_id FROM payer_replies JOIN payer_contacts ON id = contact_id
WHERE referral_id = :referral_id AND purpose = 'eligibility' ORDER BY received_at DESC LIMIT 1;

-- name: unclear_contact(referral_id, problem)$
SELECT contact_id FROM payer_replies JOIN payer_contacts ON id = contact_id
WHERE referral_id = :referral_id AND problem = :problem ORDER BY received_at DESC LIMIT 1;

-- name: of_referral(referral_id)
SELECT contact_id, payer, problem, benefits, remarks, received_at
FROM payer_replies JOIN payer_contacts ON id = contact_id
WHERE referral_id = :referral_id ORDER BY received_at, contact_id, number;

-- name: contact(contact_id)^
SELECT payer_contacts.*, lines FROM payer_contacts JOIN referrals ON referrals.id = referral_id
WHERE payer_contacts.id = :contact_id;
