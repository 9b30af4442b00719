-- name: of_referral(referral_id)
SELECT * FROM authorization_requests WHERE referral_id = :referral_id ORDER BY number;

-- name: sent_within(since, until)
SELECT * FROM authorization_requests WHERE sent_at >= :since AND sent_at < :until ORDER BY referral_id, number;

-- name: keep(referral_id, number, contact, payer, channel, plan_version, sent_at, clock, states, heard, asked_back, decided_at, withdrawn_at)!
INSERT INTO authorization_requests
    (referral_id, number, contact, payer, channel, plan_version, sent_at, clock, states, heard, asked_back, decided_at,
     withdrawn_at)
VALUES
    (:referral_id, :number, :contact, :payer, :channel, :plan_version, :sent_at, :clock, :states, :heard, :asked_back,
     :decided_at, :withdrawn_at)
ON CONFLICT (referral_id, number) DO UPDATE
SET clock = excluded.clock, states = excluded.states, heard = excluded.heard, asked_back = excluded.asked_back,
    decided_at = excluded.decided_at, withdrawn_at = excluded.withdrawn_at;
