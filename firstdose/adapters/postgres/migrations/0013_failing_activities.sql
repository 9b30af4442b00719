-- Activities that fail again and again, as the workers see them. A row goes when the activity succeeds or ends, and counts
-- no longer once its next attempt is overdue: then nobody tries any more.

CREATE TABLE failing_activities (
    referral_id     uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    activity_id     text NOT NULL,
    activity_type   text NOT NULL,
    problem         text NOT NULL,
    failures        integer NOT NULL DEFAULT 1,
    since           timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    overdue_at      timestamptz NOT NULL,
    PRIMARY KEY (referral_id, activity_type, activity_id)
);
