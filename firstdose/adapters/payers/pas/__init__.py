"""Da Vinci Prior Authorization Support over HTTP."""
