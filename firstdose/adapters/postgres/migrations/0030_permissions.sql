-- Who may read: which nurse a login stands for, and grants of access for an hour to who has no part in a referral.
CREATE INDEX nurses_by_login ON nurses (login) WHERE login IS NOT NULL;

-- What a person wrote is sealed under the referral's key. A grant is never changed; its end is judged by this database's time.
CREATE TABLE break_glass (
    id          uuid PRIMARY KEY,
    referral_id uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    subject     text NOT NULL,
    reason      text NOT NULL,
    sealed      bytea,
    granted_at  timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL
);
CREATE INDEX break_glass_of ON break_glass (referral_id, subject, ends_at);

-- A clinical reaction is cleared by the pharmacist.
UPDATE work_items SET role = 'pharmacist', state = 'open', assignee = NULL
WHERE kind = 'review_reaction' AND state IN ('open', 'claimed');
