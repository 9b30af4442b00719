-- The audit is searched by time and by person, and says when it was last verified as a whole.
CREATE INDEX audit_by_time ON audit (at DESC, chain DESC, seq DESC);
CREATE INDEX audit_by_actor ON audit (actor, at DESC, chain DESC, seq DESC);

CREATE TABLE audit_verifications (
    at timestamptz PRIMARY KEY,
    actor text NOT NULL,
    records bigint NOT NULL,
    chains bigint NOT NULL,
    broken bigint NOT NULL
);
