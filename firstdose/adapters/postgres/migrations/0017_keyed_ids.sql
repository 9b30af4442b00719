-- Ids that strangers make up, of webhooks and of actions, are known by a keyed fingerprint and stored no more: they may be
-- anything. What was stored before is still found as it is; its columns go when no process of the version before runs.

ALTER TABLE webhook_receipts
    DROP CONSTRAINT webhook_receipts_pkey,
    ALTER COLUMN webhook_id DROP NOT NULL,
    ADD COLUMN webhook_index bytea,
    ADD CONSTRAINT webhook_receipts_once UNIQUE (source, webhook_id),
    ADD CONSTRAINT webhook_receipts_by_index UNIQUE (source, webhook_index);

ALTER TABLE messages
    ADD COLUMN key_index bytea,
    ADD CONSTRAINT messages_by_key UNIQUE (referral_id, key_index);
