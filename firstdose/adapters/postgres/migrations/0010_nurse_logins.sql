-- Whom the issuer of staff tokens knows a nurse of the roster by; an offered visit is accepted by that person alone.

ALTER TABLE nurses ADD COLUMN login text;
