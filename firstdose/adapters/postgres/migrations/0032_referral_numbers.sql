-- A short number for people to name a referral by. The database makes it, so that programs that do not know of it
-- yet can go on storing referrals.
ALTER TABLE referrals ADD COLUMN referral_number text;
CREATE UNIQUE INDEX referrals_number ON referrals (referral_number);

-- `FD-` and six characters of an alphabet without look-alikes (no 0 O, 1 I L, 2 Z, 5 S, 8 B, U) and with few vowels.
CREATE FUNCTION new_referral_number() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    letters CONSTANT text := '34679ACDEFGHJKMNPQRTVWXY';
    made text;
BEGIN
    LOOP
        SELECT 'FD-' || string_agg(substr(letters, 1 + floor(random() * length(letters))::integer, 1), '')
        INTO made FROM generate_series(1, 6);
        EXIT WHEN NOT EXISTS (SELECT FROM referrals WHERE referral_number = made);
    END LOOP;
    RETURN made;
END
$$;

DO $$
DECLARE
    one uuid;
BEGIN
    FOR one IN SELECT id FROM referrals LOOP
        UPDATE referrals SET referral_number = new_referral_number() WHERE id = one;
    END LOOP;
END
$$;

ALTER TABLE referrals ALTER COLUMN referral_number SET DEFAULT new_referral_number();
ALTER TABLE referrals ALTER COLUMN referral_number SET NOT NULL;
