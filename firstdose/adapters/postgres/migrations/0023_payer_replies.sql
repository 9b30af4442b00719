-- What payers said and no line is decided by: benefits as they were read, and answers that only a person can judge
-- (`problem` says why). Texts in `benefits` and `remarks` are sealed one by one; `sealed` is what came, as in payer_answers.
CREATE TABLE payer_replies (
    contact_id  uuid NOT NULL REFERENCES payer_contacts ON DELETE CASCADE,
    number      integer NOT NULL,
    problem     text,
    benefits    jsonb,
    remarks     jsonb NOT NULL,
    body_index  bytea NOT NULL,
    sealed      bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (contact_id, number)
);
