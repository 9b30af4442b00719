-- Which root key made the blind indexes and the audit's seals: with another one, known referrals would look new.

CREATE TABLE key_root (
    only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    fingerprint text NOT NULL
);
