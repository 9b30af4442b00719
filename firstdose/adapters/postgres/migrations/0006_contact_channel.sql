-- By which way a request may have left us, and how often: whoever asks after it asks there.
-- NULL in rows from before: they went by the first channel of their plan.

ALTER TABLE payer_contacts
    ADD COLUMN channel text,
    ADD COLUMN attempts integer NOT NULL DEFAULT 0;
