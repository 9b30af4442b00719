-- name: health(payer)^
SELECT failures_in_a_row, window_began_at, calls, failures, opened_at, failed_probes, probe, next_probe_at, not_before
FROM payer_health WHERE payer = :payer;

-- name: locked(payer)^
-- Locked until the transaction ends, made if it is not there.
INSERT INTO payer_health (payer) VALUES (:payer) ON CONFLICT (payer) DO UPDATE SET payer = excluded.payer
RETURNING failures_in_a_row, window_began_at, calls, failures, opened_at, failed_probes, probe, next_probe_at, not_before;

-- name: keep(payer, failures_in_a_row, window_began_at, calls, failures, opened_at, failed_probes, probe, next_probe_at, not_before)!
UPDATE payer_health
SET failures_in_a_row = :failures_in_a_row, window_began_at = :window_began_at, calls = :calls, failures = :failures,
    opened_at = :opened_at, failed_probes = :failed_probes, probe = :probe, next_probe_at = :next_probe_at,
    not_before = :not_before
WHERE payer = :payer;

-- name: take_turn(payer, at, pace, ahead)^
-- Whether one more request may leave now. Whoever may not is promised a turn, each its own, so that those who wait
-- do not come back all at once. `ahead`: how far a burst may run before its pace.
INSERT INTO payer_pace AS known (payer, next_at, promised_at, admitted)
VALUES (:payer, :at::timestamptz + :pace::interval, :at, true)
ON CONFLICT (payer) DO UPDATE
SET admitted = known.next_at <= :at::timestamptz + :ahead::interval,
    next_at = CASE WHEN known.next_at <= :at::timestamptz + :ahead::interval
        THEN greatest(known.next_at, :at) + :pace::interval ELSE known.next_at END,
    promised_at = CASE WHEN known.next_at <= :at::timestamptz + :ahead::interval
        THEN known.promised_at
        ELSE greatest(known.promised_at + :pace::interval, known.next_at - :ahead::interval) END
RETURNING admitted, promised_at;
