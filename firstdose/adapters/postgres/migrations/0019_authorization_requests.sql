-- The requests that payers got, one row each, kept with the journal's entries about them; they were read from the audit
-- trail before. What was audited earlier is not brought over: its requests show in the timeline only. The indexes of 0008
-- serve processes of the version before, until a later migration drops them.
CREATE TABLE authorization_requests (
    referral_id  uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    number       integer NOT NULL,
    contact      text NOT NULL,
    payer        text NOT NULL,
    channel      text NOT NULL,
    plan_version integer,
    sent_at      timestamptz NOT NULL,
    clock        jsonb,
    states       jsonb NOT NULL,
    heard        jsonb NOT NULL,
    asked_back   boolean NOT NULL,
    decided_at   timestamptz,
    withdrawn_at timestamptz,
    PRIMARY KEY (referral_id, number)
);
CREATE INDEX authorization_requests_sent ON authorization_requests (sent_at);
