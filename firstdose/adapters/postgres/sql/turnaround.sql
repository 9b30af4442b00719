-- name: noted(since, until)
-- What was noted of referrals of which a request for authorization left in this time, from their first such request on.
-- Only an electronic request has a contact of ours, which names the payer; else it is that of the referral's opening.
WITH asked AS (
    SELECT chain, min(seq) AS first_seq FROM audit
    WHERE action = 'authorization.submitted' AND at >= :since AND at < :until
    GROUP BY chain
), opened AS (
    SELECT DISTINCT ON (chain) chain, details ->> 'payer' AS payer FROM audit JOIN asked USING (chain)
    WHERE action = 'referral.opened'
    ORDER BY chain, seq
)
SELECT chain, at, action, details, coalesce(payer_contacts.payer, opened.payer, 'unknown') AS payer
FROM audit
JOIN asked USING (chain)
LEFT JOIN opened USING (chain)
LEFT JOIN payer_contacts ON CAST(payer_contacts.id AS text) = details ->> 'contact'
WHERE seq >= first_seq
  AND (action IN ('authorization.submitted', 'authorization.lines')
       OR action = 'stage' AND details ->> 'stage' = 'closed')
ORDER BY chain, seq;
