"""The outside world for demo, tests and rehearsals. The product never imports it."""
