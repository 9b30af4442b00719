-- What was noted of authorization: the few records of a referral that say how long its payers took, and which referrals
-- asked a payer in a stretch of time.
CREATE INDEX audit_of_authorization ON audit (chain, seq)
    WHERE action IN ('authorization.submitted', 'authorization.lines', 'authorization.clock', 'authorization.voided', 'stage');
CREATE INDEX audit_of_requests ON audit (at) INCLUDE (chain, seq)
    WHERE action = 'authorization.submitted';
