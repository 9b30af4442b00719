"""Codes of public terminologies that FHIR and HL7 v2 both use."""

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"

BODY_WEIGHT = "29463-7"
"""LOINC."""
CLINICAL_NOTES = frozenset({"34117-2", "11506-3", "18842-5", "11488-4", "34133-9"})
"""LOINC: history and physical, progress note, discharge summary, consultation note, summary of episode."""
NO_KNOWN_ALLERGY = frozenset({"716186003", "409137002"})
"""SNOMED CT: no known allergy, no known drug allergy."""
