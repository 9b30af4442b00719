-- name: is_read_only()$
SELECT current_setting('transaction_read_only')::boolean;

-- name: spill_at_home()$
-- For this transaction: temporary files come soon, and lie where the database does.
SELECT set_config('work_mem', '64kB', true), set_config('temp_tablespaces', '', true);

-- name: spill()$
-- A sort that does not fit into memory: its file is written where the data are, and fails where that is full.
SELECT count(DISTINCT repeat('x', 1000) || number) FROM generate_series(1, 300) AS number;

-- name: log_a_word()$
-- Written to the write-ahead log and waited for when the transaction ends; nobody reads it.
SELECT pg_logical_emit_message(true, 'firstdose', 'probe');
