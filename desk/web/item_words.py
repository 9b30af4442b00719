"""Codes in words that work items ask about and their forms offer; part of the one table of `words`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from desk.web.problem_words import PROBLEM_WORDS
from firstdose.domain.authorization.denial import DenialReason, WayOn
from firstdose.domain.care.visit import VisitProblem
from firstdose.domain.payer.channel import SiteOfCare
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.confirm_start import StartProblem
from firstdose.domain.work.undoing import UndoReason

ITEM_WORDS: Final[Mapping[type[StrEnum], Mapping[str, str]]] = {
    SiteOfCare: {
        "any": "At home or in the suite",
        "suite_required": "In the suite only",
        "home_required": "At home only",
    },
    DenialReason: {
        "missing_information": "Information is missing",
        "wrong_code": "A code is wrong",
        "not_medically_necessary": "Not medically necessary",
        "step_therapy": "Another drug comes first",
        "site_of_care": "It must be given elsewhere",
        "out_of_network": "We are not in the network",
        "not_a_benefit": "The plan does not cover it",
        "other": "Another reason",
    },
    WayOn: {
        "decided": "Say what the payer decided",
        "accept": "Take what was granted in part",
        "resubmit": "Ask again, corrected",
        "peer_to_peer": "Peer-to-peer talk",
        "appeal": "Appeal",
        "external_review": "External review",
        "give_up": "Give up",
    },
    VisitProblem: {
        "unknown_nurse": "The roster does not have this nurse",
        "nurse_away": "The nurse is away",
        "nurse_lacks_skill": "The nurse does not have the skill",
        "nurse_not_licensed_in_state": "The nurse has no license in the patient's state",
        "license_over_by_visit": "The nurse's license ends before the visit",
        "nurse_not_in_area": "The nurse does not work in the area",
        "nurse_has_another_visit": "The nurse has another visit at that time",
        "before_ordered_start": "Therapy is ordered from a later day on",
    },
    BlockedStep: {
        "contact": "Calling the patient",
        "eligibility": "Verifying benefits",
        "authorization": "Authorization",
        "dispatch": "Sending the nurse",
    },
    SettledResult: {
        "verification": "The verification of benefits",
        "authorization": "The authorization",
        "assessment": "The pharmacist's assessment",
        "agreement": "The patient's agreement",
        "therapy": "The prepared therapy",
        "visit": "The visit",
        "license": "The license for the state",
    },
    StartProblem: {
        "not_yet": "The patient starts later",
        "not_usable": "Drug or supplies are not there, or cannot be used",
        "needs_nurse": "A nurse is needed after all",
        "reaction": "There was a reaction",
        "declined": "The patient does not want the therapy",
    },
    UndoReason: {
        "visit_cancelled": "Your visit is cancelled",
        "nurse_not_told": "The nurse must be told that the visit is cancelled",
        "household_not_told": "The household must be told that the visit is cancelled",
        "therapy_to_take_back": "The therapy must be taken back",
        "undoing_not_acknowledged": "Nobody has confirmed what had to be undone",
    },
    **PROBLEM_WORDS,
}
