-- The last day of a nurse's license in each state, by state: {"IL": "2027-04-30"}. A state without one has no known end.

ALTER TABLE nurses ADD COLUMN license_expires jsonb NOT NULL DEFAULT '{}';
