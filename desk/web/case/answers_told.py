"""What was answered to a work item, as a sentence: by its kind and the outcome."""

from collections.abc import Mapping
from typing import Final

from firstdose.domain.work.work_item import WorkItemKind as K

ANSWERS: Final[Mapping[K, Mapping[str, str]]] = {
    K.COMPLETE_REFERRAL: {
        "supplied": "What was missing was supplied.",
        "unobtainable": "What is missing cannot be obtained.",
    },
    K.CONTACT_PATIENT: {
        "reached": "The patient was reached.",
        "no_answer": "The patient was called and did not answer.",
        "declined": "The patient declined.",
    },
    K.VERIFY_BENEFITS: {"answered": "The benefits were verified by people."},
    K.RESOLVE_COVERAGE: {
        "other_coverage": "Another coverage was found.",
        "self_pay": "The patient pays privately.",
        "assistance": "Financial assistance is to be found.",
        "without_nursing": "Therapy goes on without nursing.",
        "suite": "The visit moves to the infusion suite.",
        "close": "The coverage could not be resolved.",
    },
    K.SUBMIT_AUTHORIZATION: {
        "submitted": "The authorization was submitted by people.",
        "answered": "The authorization was submitted by people, and the payer answered.",
    },
    K.FOLLOW_UP_PAYER: {
        "still_pending": "The payer was asked: it has not decided yet.",
        "answered": "The payer was asked, and answered.",
        "extended": "The payer takes more time.",
    },
    K.ANSWER_INFORMATION_REQUEST: {
        "sent": "What the payer wanted was sent.",
        "unobtainable": "What the payer wants cannot be obtained.",
    },
    K.REVIEW_DECISION: {
        "decided": "The payer’s decision was entered.",
        "accept": "What the payer granted is enough.",
        "resubmit": "The request is corrected and sent again.",
        "peer_to_peer": "A peer-to-peer talk is to be held.",
        "appeal": "The denial is to be appealed.",
        "external_review": "An external review is to be asked for.",
        "give_up": "Nothing more is asked of the payer.",
    },
    K.PEER_TO_PEER: {
        "overturned": "The payer overturned its denial in the peer-to-peer talk.",
        "upheld": "The payer upheld its denial in the peer-to-peer talk.",
    },
    K.APPEAL: {"file": "The appeal was filed.", "give_up": "No appeal is filed."},
    K.VOID_AUTHORIZATION: {
        "voided": "The payer voided the authorization.",
        "not_needed": "Nothing was in force at the payer.",
        "refused": "The payer refused to void the authorization.",
    },
    K.FIND_ASSISTANCE: {"found": "Financial assistance was found.", "none": "No financial assistance was found."},
    K.ASSESS_PATIENT: {
        "suitable_for_home": "The pharmacist found the patient suitable for home.",
        "suitable_for_suite": "The pharmacist found the patient suitable for the infusion suite.",
        "suitable_with_conditions": "The pharmacist found the patient suitable for home with conditions.",
        "not_suitable": "The pharmacist found the patient not suitable.",
    },
    K.REVIEW_BENEFITS: {
        "accepted": "The patient accepted the cost and signed.",
        "wants_assistance": "The patient wants financial assistance.",
        "pays_privately": "The patient pays privately.",
        "declined": "The patient declined because of the cost.",
    },
    K.SETTLE_ORDER: {
        "settled": "The pharmacist settled the order with the prescriber.",
        "alternative": "The prescriber ordered another drug.",
        "from_elsewhere": "The drug comes from elsewhere.",
        "later": "The drug is in stock later.",
        "kit_refused": "The prescriber refused the anaphylaxis kit.",
        "unavailable": "The drug is not available.",
    },
    K.PREPARE_THERAPY: {
        "ready": "The pharmacist prepared the therapy.",
        "unavailable": "The therapy could not be prepared.",
    },
    K.PLACE_VISIT: {
        "placed": "The nurse coordinator found a nurse.",
        "suite": "The visit moves to the infusion suite.",
        "not_possible": "No nurse could be found.",
    },
    K.CONFIRM_VISIT: {"accepted": "The nurse accepted the visit.", "declined": "The nurse declined the visit."},
    K.CONFIRM_TIME: {
        "confirmed": "The patient confirmed the time of the visit.",
        "another_time": "The patient needs another time.",
    },
    K.REPORT_VISIT: {
        "completed": "The nurse gave the first infusion.",
        "missed": "The visit did not take place.",
        "kit_missing": "The nurse could not infuse: the anaphylaxis kit was missing.",
        "reaction": "The patient had a reaction, and the infusion was stopped.",
    },
    K.CONFIRM_START: {
        "started": "The patient started the therapy.",
        "not_reached": "The patient was not reached about the start.",
        "problem": "Something kept the patient from starting.",
    },
    K.REVIEW_REACTION: {
        "continue": "After the reaction, therapy goes on.",
        "stop": "After the reaction, therapy is stopped.",
    },
    K.APPROVE_OVERRIDE: {
        "approved": "The second supervisor approved the override.",
        "refused": "The second supervisor refused the override.",
    },
    K.REVIEW_CHANGE: {
        "still_holds": "In spite of the change, the result still holds.",
        "redo": "Because of the change, the result is made again.",
    },
    K.RECONCILE: {
        "retry": "It was looked into, and is tried again.",
        "done": "It was looked into, and done by hand.",
        "close": "It was looked into, and the referral is to end.",
        "duplicate": "The referral is a duplicate.",
        "not_duplicate": "The referral is no duplicate.",
    },
}
"""Each outcome of each kind; a test compares this with the models of the answers."""


def answer_told(kind: str | None, outcome: str | None) -> str | None:
    """None for what an older version recorded and this one does not know."""
    return ANSWERS.get(K(kind), {}).get(outcome or "") if kind in set(K) else None
