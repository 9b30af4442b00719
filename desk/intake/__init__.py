"""From a source's bytes to a referral: JSON, FHIR R4 and HL7 v2."""
