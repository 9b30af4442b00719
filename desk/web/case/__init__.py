"""The page of one referral, `/referrals/{id}`: its parts, each with a template."""
