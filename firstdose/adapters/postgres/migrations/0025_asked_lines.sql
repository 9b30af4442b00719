-- The lines that a contact asks for, as they were sent: what a payer answers later is compared with them. Texts of payers in
-- them are sealed one by one, as in referrals.lines. Empty in rows from before, and where none is asked for.
ALTER TABLE payer_contacts ADD COLUMN asked jsonb NOT NULL DEFAULT '[]';
