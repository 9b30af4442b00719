-- name: next_x12()$
SELECT nextval('x12_control_numbers');
