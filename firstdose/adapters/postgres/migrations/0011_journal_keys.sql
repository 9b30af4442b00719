-- A workflow may tell its journal again, in another order and in other batches: what was recorded is known by its key.
-- referrals.journal_seq is read and written no more; it goes when no worker of the version before runs.

CREATE TABLE journal_keys (
    referral_id uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    key         text NOT NULL,
    PRIMARY KEY (referral_id, key)
);

-- How far the store has followed the workflow, and the state with which the workflow can be started again. `sealed` is
-- compressed JSON under the referral's data key.
CREATE TABLE referral_states (
    referral_id uuid PRIMARY KEY REFERENCES referrals ON DELETE CASCADE,
    number      integer NOT NULL,
    run_id      text NOT NULL,
    events      bigint NOT NULL,
    retired     text[] NOT NULL DEFAULT '{}',
    sealed      bytea,
    recorded_at timestamptz NOT NULL
);
