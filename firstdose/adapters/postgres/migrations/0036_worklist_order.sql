-- The worklist in other orders than by due time: how urgent the referral is stands with its work, kept by the database; and
-- why a referral is on hold is found without reading all that happened in it.
CREATE FUNCTION urgency_rank(outline jsonb) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT CAST(CASE outline ->> 'urgency' WHEN 'stat' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END AS smallint)
$$;
ALTER TABLE work_items ADD COLUMN urgency smallint NOT NULL DEFAULT 2;

CREATE FUNCTION urgency_of_new_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT urgency_rank(outline) INTO NEW.urgency FROM referrals WHERE id = NEW.referral_id;
    NEW.urgency := coalesce(NEW.urgency, 2);
    RETURN NEW;
END $$;
CREATE TRIGGER work_has_urgency BEFORE INSERT ON work_items FOR EACH ROW EXECUTE FUNCTION urgency_of_new_work();

CREATE FUNCTION urgency_of_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE work_items SET urgency = urgency_rank(NEW.outline)
    WHERE referral_id = NEW.id AND state IN ('open', 'claimed');
    RETURN NULL;
END $$;
CREATE TRIGGER work_follows_urgency AFTER UPDATE OF outline ON referrals FOR EACH ROW
    WHEN (urgency_rank(OLD.outline) <> urgency_rank(NEW.outline)) EXECUTE FUNCTION urgency_of_work();

UPDATE work_items SET urgency = urgency_rank(outline) FROM referrals
WHERE referrals.id = referral_id AND state IN ('open', 'claimed') AND urgency_rank(outline) <> 2;

CREATE INDEX work_items_by_urgency ON work_items (urgency, due_at, id) WHERE state IN ('open', 'claimed');
CREATE INDEX work_items_by_role_urgency ON work_items (role, urgency, due_at, id) WHERE state IN ('open', 'claimed');
CREATE INDEX work_items_by_assignee_urgency ON work_items (assignee, urgency, due_at, id)
    WHERE state IN ('open', 'claimed');
CREATE INDEX work_items_by_age ON work_items (opened_at, id) WHERE state IN ('open', 'claimed');
CREATE INDEX work_items_by_role_age ON work_items (role, opened_at, id) WHERE state IN ('open', 'claimed');
CREATE INDEX work_items_by_assignee_age ON work_items (assignee, opened_at, id) WHERE state IN ('open', 'claimed');

-- Work narrowed to a therapy that few referrals have was looked for among all work.
CREATE INDEX referrals_by_therapy ON referrals ((outline ->> 'therapy'));

CREATE INDEX audit_of_holds ON audit (chain, seq DESC) WHERE action = 'held';
