-- What staff write about a referral: sealed under its key, and never changed. `key_index` is of the writer's idempotency key.
CREATE TABLE referral_notes (
    id          uuid PRIMARY KEY,
    referral_id uuid NOT NULL REFERENCES referrals,
    author      text NOT NULL,
    roles       text[] NOT NULL,
    sealed      bytea NOT NULL,
    key_index   bytea,
    written_at  timestamptz NOT NULL
);
CREATE INDEX referral_notes_of ON referral_notes (referral_id, written_at DESC, id DESC);
CREATE UNIQUE INDEX referral_notes_once ON referral_notes (referral_id, key_index);

CREATE FUNCTION refuse_to_rewrite_notes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'notes are append-only';
END $$;
CREATE TRIGGER referral_notes_are_append_only BEFORE UPDATE OR DELETE ON referral_notes
    FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_notes();
CREATE TRIGGER referral_notes_are_never_emptied BEFORE TRUNCATE ON referral_notes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_notes();
