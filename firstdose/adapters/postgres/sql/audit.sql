-- name: lock_head(chain, details)^
-- The head of the chain, locked until the transaction ends, and the list of details as the database will give them back.
INSERT INTO audit_heads (chain, seq, mac) VALUES (:chain, 0, '')
ON CONFLICT (chain) DO UPDATE SET seq = audit_heads.seq
RETURNING seq, mac AS link, :details::jsonb AS details;

-- name: append(chain, seq, link, at, actor, action, details, message_id, mac)!
-- The records that follow number `seq`, column by column, and the link after the last of them.
WITH head AS (
    UPDATE audit_heads SET seq = :seq + cardinality(CAST(:mac AS bytea[])), mac = :link WHERE chain = :chain
)
INSERT INTO audit (seq, chain, at, actor, action, details, message_id, mac)
SELECT CAST(:seq AS bigint) + place, :chain, at, actor, action, details, message_id, mac
FROM unnest(
    CAST(:at AS timestamptz[]), CAST(:actor AS text[]), CAST(:action AS text[]), CAST(:details AS jsonb[]),
    CAST(:message_id AS uuid[]), CAST(:mac AS bytea[])
) WITH ORDINALITY AS record (at, actor, action, details, message_id, mac, place);

-- name: records(chain)
SELECT chain, seq, at, actor, action, details, message_id, mac FROM audit
WHERE :chain::text IS NULL OR chain = :chain ORDER BY chain, seq;

-- name: heads(chain)
-- Every chain that there should be: those with a head, and one for each referral.
SELECT chain, seq, mac AS link FROM audit_heads WHERE :chain::text IS NULL OR chain = :chain
UNION ALL
SELECT id::text, 0, ''::bytea FROM referrals
WHERE (:chain::text IS NULL OR id::text = :chain) AND id::text NOT IN (SELECT chain FROM audit_heads);
