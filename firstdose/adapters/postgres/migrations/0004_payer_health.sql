-- What all workers know together of each payer's systems: whether they are out, and how fast they may be asked.

CREATE TABLE payer_health (
    payer             text PRIMARY KEY,
    failures_in_a_row integer NOT NULL DEFAULT 0,
    window_began_at   timestamptz,
    calls             integer NOT NULL DEFAULT 0,
    failures          integer NOT NULL DEFAULT 0,
    opened_at         timestamptz,
    failed_probes     integer NOT NULL DEFAULT 0,
    probe             bigint NOT NULL DEFAULT 0,
    next_probe_at     timestamptz,
    not_before        timestamptz
);

-- A token bucket that counts in time: full when next_at is in the past, empty when it is a burst ahead.
CREATE TABLE payer_pace (
    payer       text PRIMARY KEY,
    next_at     timestamptz NOT NULL,
    promised_at timestamptz NOT NULL,
    admitted    boolean NOT NULL
);
