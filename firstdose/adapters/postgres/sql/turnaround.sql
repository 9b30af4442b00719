-- name: noted(since, until)
-- What was noted of referrals of which a request for authorization left in this time, from their first such request on.
WITH asked AS (
    SELECT chain, min(seq) AS first_seq FROM audit
    WHERE action = 'authorization.submitted' AND at >= :since AND at < :until
    GROUP BY chain
)
SELECT chain, at, action, details FROM audit
JOIN asked USING (chain)
WHERE seq >= first_seq
  AND action IN ('authorization.submitted', 'authorization.lines', 'authorization.clock', 'authorization.voided', 'stage')
  AND (action <> 'stage' OR details ->> 'stage' = 'closed')
ORDER BY chain, seq;
