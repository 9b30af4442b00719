-- Who has signed in with a browser. What the browser holds is not here: the index is made from it.
CREATE TABLE web_sessions (
    secret_index bytea PRIMARY KEY,
    subject text NOT NULL,
    roles text[] NOT NULL,
    authenticated_at timestamptz NOT NULL,
    begun_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz,
    sealed_id_token bytea
);

CREATE INDEX web_sessions_ends_at ON web_sessions (ends_at);

-- What somebody had typed when their session was over, until they have signed in again.
CREATE TABLE kept_forms (
    secret_index bytea PRIMARY KEY,
    subject text NOT NULL,
    kept_until timestamptz NOT NULL,
    sealed bytea NOT NULL
);

CREATE INDEX kept_forms_kept_until ON kept_forms (kept_until);
