-- Control numbers of X12 interchanges (ISA13, nine digits). A sequence never gives a number back, so a crash costs one
-- and repeats none. After the last it starts anew, when whoever had the first has long forgotten it.

CREATE SEQUENCE x12_control_numbers MINVALUE 1 MAXVALUE 999999999 CYCLE;
