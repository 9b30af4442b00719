"""Whether a therapy can be ready as the pharmacist says."""

from firstdose.domain.care.therapy import Delivery
from firstdose.domain.work.judging.context import Judged, moment_text, refuse
from firstdose.domain.work.resolutions import PrepareTherapy


def judge_prepared(answer: PrepareTherapy, judged: Judged) -> None:
    """`delivered_at` may lie ahead: the pharmacy knows when its driver is there."""
    if answer.beyond_use is None:
        return
    if judged.item.asks.get("nurse") is False and answer.delivery is Delivery.WITH_NURSE:
        refuse("delivery", "no nurse comes, so the therapy is delivered to the patient")
    now, policy = judged.now, judged.state.policy
    last = now + policy.horizons.beyond_use if policy else None
    if answer.beyond_use <= now or (last is not None and answer.beyond_use > last):
        refuse("beyond_use", f"possible after {moment_text(now)}" + (f" to {moment_text(last)}" if last else ""))
    if answer.delivered_at is None:
        return
    if answer.delivery is not Delivery.DELIVERED:
        refuse("delivered_at", "what comes with the nurse is there with the visit; leave it out")
    begun = judged.state.begun_at
    if answer.delivered_at >= answer.beyond_use or (begun is not None and answer.delivered_at < begun):
        refuse("delivered_at", "possible since the referral exists, and before beyond_use")
