-- Why what came from a payer counts for nothing: it cannot be read, or it is about another request or another patient.
ALTER TABLE payer_unreadable ADD COLUMN problem text NOT NULL DEFAULT 'unreadable_answer';

CREATE INDEX payer_unreadable_foreign ON payer_unreadable (problem) WHERE problem <> 'unreadable_answer';
