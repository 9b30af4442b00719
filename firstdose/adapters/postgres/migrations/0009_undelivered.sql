-- What cannot be delivered is set aside and shown until a person has it tried again, or drops it.

ALTER TABLE messages
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN last_problem text,
    DROP CONSTRAINT messages_state_check,
    ADD CONSTRAINT messages_state_check CHECK (state IN ('pending', 'applied', 'refused', 'parked'));
CREATE INDEX messages_parked ON messages (received_at) WHERE state = 'parked';

ALTER TABLE outbox
    DROP CONSTRAINT outbox_state_check,
    ADD CONSTRAINT outbox_state_check CHECK (state IN ('pending', 'delivered', 'failed', 'dropped'));
CREATE INDEX outbox_failed ON outbox (created_at) WHERE state = 'failed';
CREATE INDEX outbox_leased ON outbox (leased_until) WHERE state = 'pending';
