-- Words of payers that decided nothing. `sealed` is what came, under the referral's key.

-- Answers that came after others which they do not change: overtaken on their way.
CREATE TABLE payer_overtaken (
    contact_id  uuid NOT NULL REFERENCES payer_contacts ON DELETE CASCADE,
    number      integer NOT NULL,
    via         text NOT NULL,
    answer      jsonb NOT NULL,
    sealed      bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (contact_id, number)
);

-- What came instead of an answer, the newest few of each contact. The same again only moves its time.
CREATE TABLE payer_unreadable (
    contact_id  uuid NOT NULL REFERENCES payer_contacts ON DELETE CASCADE,
    number      integer NOT NULL,
    body_index  bytea NOT NULL,
    sealed      bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (contact_id, number)
);

-- Events of payers' Subscriptions that were taken, by each answer that they brought: payers repeat them, and some begin
-- their numbers anew.
CREATE TABLE payer_events (
    payer        text NOT NULL,
    subscription text NOT NULL,
    number       bigint NOT NULL,
    answer_index bytea NOT NULL,
    received_at  timestamptz NOT NULL,
    PRIMARY KEY (payer, subscription, number, answer_index)
);
