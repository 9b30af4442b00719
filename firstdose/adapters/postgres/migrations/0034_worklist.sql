-- The worklist stays fast with a million open referrals: an index for each of its views, and the first day on which an
-- authorization of a referral is over.
CREATE FUNCTION first_end(lines jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT min(line ->> 'valid_to') FROM jsonb_array_elements(lines) AS line WHERE line ->> 'state' = 'approved'
$$;
-- As it is written in the lines, `2026-03-31`.
ALTER TABLE referrals ADD COLUMN authorization_ends text GENERATED ALWAYS AS (first_end(lines)) STORED;

CREATE INDEX work_items_by_due ON work_items (due_at, id) WHERE state IN ('open', 'claimed');
CREATE INDEX work_items_by_role ON work_items (role, due_at, id) WHERE state IN ('open', 'claimed');
CREATE INDEX work_items_unassigned ON work_items (role, due_at, id)
    WHERE state IN ('open', 'claimed') AND assignee IS NULL;
CREATE INDEX work_items_by_assignee ON work_items (assignee, due_at, id) WHERE state IN ('open', 'claimed');
DROP INDEX work_items_open;

CREATE INDEX referrals_by_payer ON referrals ((outline ->> 'payer_id'), created_at DESC, id DESC);
CREATE INDEX referrals_waiting_for ON referrals USING gin (waiting_for) WHERE stage NOT IN ('on_service', 'closed');
CREATE INDEX referrals_by_due ON referrals (next_due, id) WHERE stage NOT IN ('on_service', 'closed');
CREATE INDEX referrals_ending ON referrals (authorization_ends, id)
    WHERE stage <> 'closed' AND authorization_ends IS NOT NULL;
CREATE INDEX referrals_by_source_index ON referrals (source_index);
