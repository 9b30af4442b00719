-- What each plan was: a decision names the version of the plan by which it was made, for as long as anybody asks.
CREATE TABLE payer_versions (
    payer       text NOT NULL,
    version     integer NOT NULL,
    config      jsonb NOT NULL,
    imported_at timestamptz NOT NULL,
    PRIMARY KEY (payer, version)
);
INSERT INTO payer_versions (payer, version, config, imported_at) SELECT id, version, config, imported_at FROM payers;

CREATE FUNCTION refuse_to_rewrite_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the versions of plans are append-only';
END $$;
CREATE TRIGGER payer_versions_are_append_only BEFORE UPDATE OR DELETE ON payer_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_plans();
CREATE TRIGGER payer_versions_are_never_emptied BEFORE TRUNCATE ON payer_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_plans();

-- Processes remember plans: whatever changes them, by whatever way, is told.
CREATE FUNCTION tell_of_payers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('payers', '');
    RETURN NULL;
END $$;
CREATE TRIGGER payers_have_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON payers
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_payers();
