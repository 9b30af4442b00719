-- The same patient under another number: persons as keyed fingerprints, and which referrals were found to be alike.
-- Referrals that were stored before have no fingerprint until their facts change: they are found from then on.
CREATE TABLE referral_persons (
    referral_id  uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    person_index bytea NOT NULL,
    PRIMARY KEY (person_index, referral_id)
);
CREATE INDEX referral_persons_of ON referral_persons (referral_id);

-- `other_id` has no foreign key, which would lock the other referral's row.
CREATE TABLE possible_duplicates (
    referral_id uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    other_id    uuid NOT NULL,
    found_at    timestamptz NOT NULL,
    PRIMARY KEY (referral_id, other_id)
);

-- When a referral was last compared with others: one that was not yet will find those that came before it.
ALTER TABLE referrals ADD COLUMN compared_at timestamptz;
