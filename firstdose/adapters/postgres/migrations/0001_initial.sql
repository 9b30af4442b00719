-- Everything of the first version. PHI is only ever in columns of type bytea named `sealed…` (AES-256-GCM, one data key per
-- referral); look-ups by identifying values go through a keyed HMAC (columns named `…_index`).

CREATE TABLE referrals (
    id             uuid PRIMARY KEY,
    source         text NOT NULL,
    source_index   bytea NOT NULL,
    revision       integer NOT NULL DEFAULT 1,
    outline        jsonb NOT NULL,
    stage          text NOT NULL DEFAULT 'intake',
    closing        text,
    "authorization" text NOT NULL DEFAULT 'draft',
    lines          jsonb NOT NULL DEFAULT '[]',
    waiting_for    text[] NOT NULL DEFAULT '{}',
    next_due       timestamptz,
    on_hold        boolean NOT NULL DEFAULT false,
    visit_at       timestamptz,
    blocked_by     text[] NOT NULL DEFAULT '{}',
    journal_seq    bigint NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    UNIQUE (source, source_index)
);
CREATE INDEX referrals_by_stage ON referrals (stage, created_at DESC, id);
CREATE INDEX referrals_by_age ON referrals (created_at DESC, id);

CREATE TABLE referral_keys (
    referral_id uuid PRIMARY KEY REFERENCES referrals ON DELETE CASCADE,
    kek_id      text NOT NULL,
    wrapped     bytea NOT NULL
);

CREATE TABLE referral_revisions (
    referral_id uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    revision    integer NOT NULL,
    sealed      bytea NOT NULL,
    message_id  uuid,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (referral_id, revision)
);

-- Every webhook that a source sent, by its own id: the same id with another body is refused.
CREATE TABLE webhook_receipts (
    source      text NOT NULL,
    webhook_id  text NOT NULL,
    body_index  bytea NOT NULL,
    referral_id uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (source, webhook_id)
);

-- Messages on their way to a workflow: from sources (the inbox), from staff (the action log), from payers.
CREATE TABLE messages (
    id              uuid PRIMARY KEY,
    ordinal         bigint GENERATED ALWAYS AS IDENTITY,
    referral_id     uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    kind            text NOT NULL,
    actor           jsonb NOT NULL,
    body            jsonb NOT NULL DEFAULT '{}',
    sealed          bytea,
    idempotency_key text,
    state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'applied', 'refused')),
    refusal         text,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    leased_until    timestamptz,
    received_at     timestamptz NOT NULL,
    settled_at      timestamptz,
    UNIQUE (referral_id, idempotency_key)
);
CREATE INDEX messages_pending ON messages (referral_id, ordinal) WHERE state = 'pending';
CREATE INDEX messages_due ON messages (next_attempt_at, ordinal) WHERE state = 'pending';

CREATE TABLE staff (
    subject text PRIMARY KEY,
    roles   text[] NOT NULL,
    absent  boolean NOT NULL DEFAULT false,
    seen_at timestamptz NOT NULL
);

CREATE TABLE teams (
    referral_id uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    role        text NOT NULL,
    member      text NOT NULL,
    PRIMARY KEY (referral_id, role)
);

CREATE TABLE work_items (
    id            text PRIMARY KEY,
    referral_id   uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    kind          text NOT NULL,
    role          text NOT NULL,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'resolved', 'withdrawn')),
    assignee      text,
    offered_to    text,
    asks          jsonb NOT NULL DEFAULT '{}',
    opened_at     timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    escalated_at  timestamptz,
    level         integer NOT NULL DEFAULT 0,
    snoozed_until timestamptz,
    closed_at     timestamptz,
    resolution    jsonb
);
CREATE INDEX work_items_open ON work_items (role, due_at) WHERE state IN ('open', 'claimed');
CREATE INDEX work_items_of_referral ON work_items (referral_id, opened_at);

-- Messages on their way out: to the source, to billing, by mail.
CREATE TABLE outbox (
    id              uuid PRIMARY KEY,
    ordinal         bigint GENERATED ALWAYS AS IDENTITY,
    key             text NOT NULL UNIQUE,
    referral_id     uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    channel         text NOT NULL CHECK (channel IN ('source', 'billing', 'mail')),
    recipient       text NOT NULL,
    sealed          bytea NOT NULL,
    state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    leased_until    timestamptz,
    last_problem    text,
    created_at      timestamptz NOT NULL,
    delivered_at    timestamptz
);
CREATE INDEX outbox_pending ON outbox (referral_id, channel, ordinal) WHERE state = 'pending';
CREATE INDEX outbox_due ON outbox (next_attempt_at, ordinal) WHERE state = 'pending';

-- Append-only; each chain (a referral's, or the system's) is linked by keyed hashes.
CREATE TABLE audit (
    chain      text NOT NULL,
    seq        bigint NOT NULL,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    action     text NOT NULL,
    details    jsonb NOT NULL DEFAULT '{}',
    message_id uuid,
    mac        bytea NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE TABLE audit_heads (
    chain text PRIMARY KEY,
    seq   bigint NOT NULL,
    mac   bytea NOT NULL
);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE payers (
    id          text PRIMARY KEY,
    name        text NOT NULL,
    name_index  text NOT NULL,
    config      jsonb NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    imported_at timestamptz NOT NULL
);
CREATE INDEX payers_by_name ON payers (name_index);

CREATE TABLE payer_subscriptions (
    payer         text PRIMARY KEY REFERENCES payers ON DELETE CASCADE,
    subscription  text NOT NULL,
    endpoint      text NOT NULL,
    registered_at timestamptz NOT NULL
);

CREATE TABLE payer_contacts (
    id          uuid PRIMARY KEY,
    referral_id uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    payer       text NOT NULL,
    purpose     text NOT NULL,
    trace       text NOT NULL,
    attempted   boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL,
    UNIQUE (payer, trace)
);
CREATE TABLE payer_answers (
    contact_id  uuid NOT NULL REFERENCES payer_contacts ON DELETE CASCADE,
    number      integer NOT NULL,
    via         text NOT NULL,
    answer      jsonb NOT NULL,
    sealed      bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (contact_id, number)
);

CREATE TABLE nurses (
    id       text PRIMARY KEY,
    skills   text[] NOT NULL,
    states   text[] NOT NULL,
    areas    text[] NOT NULL DEFAULT '{}',
    active   boolean NOT NULL DEFAULT true,
    position integer NOT NULL DEFAULT 0
);
CREATE TABLE visit_holds (
    key         text PRIMARY KEY,
    referral_id uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    nurse       text REFERENCES nurses,
    visit_at    timestamptz NOT NULL,
    released_at timestamptz
);
CREATE INDEX visit_holds_by_nurse ON visit_holds (nurse, visit_at) WHERE released_at IS NULL;

CREATE TABLE stock (
    hcpcs    text NOT NULL,
    lot      text NOT NULL,
    quantity integer NOT NULL CHECK (quantity >= 0),
    expires  date NOT NULL,
    PRIMARY KEY (hcpcs, lot)
);
CREATE TABLE reservations (
    key         text PRIMARY KEY,
    referral_id uuid NOT NULL REFERENCES referrals ON DELETE CASCADE,
    hcpcs       text NOT NULL,
    lot         text NOT NULL,
    released_at timestamptz
);
