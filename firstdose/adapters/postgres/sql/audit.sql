-- name: lock_head(chain, details)^
-- The head of the chain, locked until the transaction ends, and the details as the database will give them back.
INSERT INTO audit_heads (chain, seq, mac) VALUES (:chain, 0, '')
ON CONFLICT (chain) DO UPDATE SET seq = audit_heads.seq
RETURNING seq, mac AS link, :details::jsonb AS details;

-- name: append(chain, seq, at, actor, action, details, message_id, mac, link)!
WITH head AS (
    UPDATE audit_heads SET seq = :seq, mac = :link WHERE chain = :chain
)
INSERT INTO audit (chain, seq, at, actor, action, details, message_id, mac)
VALUES (:chain, :seq, :at, :actor, :action, :details, :message_id, :mac);

-- name: records(chain)
SELECT chain, seq, at, actor, action, details, message_id, mac FROM audit
WHERE :chain::text IS NULL OR chain = :chain ORDER BY chain, seq;

-- name: heads(chain)
-- Every chain that there should be: those with a head, and one for each referral.
SELECT chain, seq, mac AS link FROM audit_heads WHERE :chain::text IS NULL OR chain = :chain
UNION ALL
SELECT id::text, 0, ''::bytea FROM referrals
WHERE (:chain::text IS NULL OR id::text = :chain) AND id::text NOT IN (SELECT chain FROM audit_heads);
