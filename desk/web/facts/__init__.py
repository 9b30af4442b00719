"""The facts of a referral as forms: typed inputs by group, and what was changed as an amendment."""
