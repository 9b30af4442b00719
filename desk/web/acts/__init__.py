"""Acts on a whole referral, as pages: hold, resume, cancel, override. Each posts by the API's own function."""
