"""Forms of work items, made by hand: a table of kinds, their outcomes, and the fields of each outcome."""
