-- What each key id stands for, and which keys a process must hold: those that wrap the data keys of referrals.

CREATE TABLE known_keys (
    key_id      text PRIMARY KEY,
    fingerprint text NOT NULL,
    wraps       boolean NOT NULL DEFAULT false
);
