-- What our Subscription at a payer asks for, when the payer last said that it stands, and since when it is lost.
ALTER TABLE payer_subscriptions ADD COLUMN filter text NOT NULL DEFAULT '';
ALTER TABLE payer_subscriptions ADD COLUMN checked_at timestamptz;
ALTER TABLE payer_subscriptions ADD COLUMN lost_at timestamptz;
