-- An order may have several medications: one reservation key covers a lot of each.
ALTER TABLE reservations ADD COLUMN medication integer NOT NULL DEFAULT 0;
ALTER TABLE reservations DROP CONSTRAINT reservations_pkey;
ALTER TABLE reservations ADD PRIMARY KEY (key, medication);
