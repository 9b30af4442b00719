"""The pharmacist's initial assessment, as a decision."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from firstdose.domain.referral.order import Site


class Suitability(StrEnum):
    HOME = "suitable_for_home"
    SUITE = "suitable_for_suite"
    CONDITIONS = "suitable_with_conditions"
    NOT_SUITABLE = "not_suitable"


class Condition(StrEnum):
    """What must be so at home; anything else is among the pharmacist's findings."""

    CAREGIVER_PRESENT = "caregiver_present"
    INTERPRETER = "interpreter"
    REFRIGERATOR = "refrigerator"
    WORKING_PHONE = "working_phone"
    PETS_APART = "pets_apart"
    SHARPS_CONTAINER = "sharps_container"
    LONGER_OBSERVATION = "longer_observation"
    OTHER = "other"


class Assessment(BaseModel):
    """The decision only; what the pharmacist found is sealed in the store."""

    model_config = ConfigDict(frozen=True)

    suitability: Suitability
    conditions: tuple[Condition, ...] = ()
    needs_nursing: bool | None = None
    other_services_needed: bool = False

    def suits(self, site: Site) -> bool:
        match self.suitability:
            case Suitability.HOME | Suitability.CONDITIONS:
                return True
            case Suitability.SUITE:
                return site is Site.SUITE
            case Suitability.NOT_SUITABLE:
                return False
