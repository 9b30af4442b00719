"""What to say where somebody must be called: short, and with what they will ask for."""

from collections.abc import Mapping
from typing import Final

from firstdose.domain.work.work_item import WorkItemKind

SCRIPTS: Final[Mapping[WorkItemKind, tuple[str, ...]]] = {
    WorkItemKind.VERIFY_BENEFITS: (
        "Have the member ID and the patient’s birth date at hand.",
        "Ask: is the coverage active today? Are we in the network?",
        "Ask: what is left of the deductible and of the out-of-pocket limit? Copay, coinsurance?",
        "Ask for each: drug, supplies, nursing. Does it need an authorization?",
        "Ask for a reference for this call.",
    ),
    WorkItemKind.SUBMIT_AUTHORIZATION: (
        "Have the member ID, the birth date, the diagnoses and the lines below at hand.",
        "If there is a number of ours below, ask first whether the payer has that request already.",
        "Ask for each line below. Write down what the payer gives you to refer to.",
    ),
    WorkItemKind.FOLLOW_UP_PAYER: (
        "Have the member ID and the payer’s own number at hand.",
        "Ask for each line: is it decided? By when will it be? Does anything keep it from being decided?",
        "Write down who says so, and when.",
    ),
    WorkItemKind.VOID_AUTHORIZATION: (
        "Say that the therapy below does not take place as it was asked for, and ask to void the request.",
        "Ask for a reference for the voiding, and write down who says so.",
    ),
    WorkItemKind.PEER_TO_PEER: (
        "Ask for the physician who decided it.",
        "Say why the therapy is necessary, and ask which part of the policy stands against it.",
        "Ask for the decision, line by line, and for its number.",
    ),
    WorkItemKind.CONTACT_PATIENT: (
        "Ask for the patient and have them say their birth date before you say anything.",
        "Say who refers them, what is planned, and what happens next.",
        "Ask for address, phone, language and who may be called instead.",
    ),
    WorkItemKind.CONFIRM_TIME: (
        "Ask for the patient and have them say their birth date before you say anything.",
        "Say the day and the time below, and ask whether somebody is at home then.",
    ),
    WorkItemKind.REVIEW_BENEFITS: (
        "Ask for the patient and have them say their birth date before you say anything.",
        "Say what the plan pays and what the patient pays, and that signing is needed before the first dose.",
    ),
    WorkItemKind.CONFIRM_START: (
        "Ask for the patient and have them say their birth date before you say anything.",
        "Ask when the first infusion began, and how the patient feels.",
    ),
}
