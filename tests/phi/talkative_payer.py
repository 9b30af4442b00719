"""A payer's server, as a process, that writes a word of its own into every text and code of its answers."""

import argparse
import asyncio
from typing import Any

import uvicorn

import simulator.payer
import simulator.payer_notice
from simulator.payer_answer import response_bundle
from simulator.payer_book import Filed, PayerBook
from simulator.payer_eligibility import eligibility_response

_REASONS = "/886"
_LOINC = "http://loinc.org"


def talking(answer: Any, mark: str) -> Any:
    """The answer with `mark` in every text, number, reason and wanted document. The same answer stays the same."""
    if isinstance(answer, list):
        return [talking(each, mark) for each in answer]
    if not isinstance(answer, dict):
        return answer
    told = {name: talking(value, mark) for name, value in answer.items()}
    if "valueString" in told:
        told["valueString"] = f"{mark}{told['url'].rpartition('-')[2][:20]}"
    if str(told.get("system")).endswith(_REASONS):
        told["code"] = f"{mark}reason"
    if isinstance(coding := told.get("coding"), list) and any(one.get("system") == _LOINC for one in coding):
        told["coding"] = [*coding, {"system": _LOINC, "code": f"{mark}wanted", "display": f"{mark}display"}]
    if told.get("resourceType") == "ClaimResponse":
        told |= {"disposition": f"{mark}disposition", "preAuthRef": f"{mark}preauth"}
        told["processNote"] = [{"text": f"{mark}processed"}]
    if told.get("resourceType") == "CoverageEligibilityResponse":
        told["identifier"] = [{"value": f"{mark}eligibility"}, *told.get("identifier", [])]
        told["disposition"] = f"{mark}disposition"
    return told


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mark")
    parser.add_argument("--payer-port", type=int)
    parser.add_argument("--speed", type=float)
    told, _ = parser.parse_known_args()

    def answered(filed: Filed) -> dict[str, Any]:
        bundle: dict[str, Any] = talking(response_bundle(filed), told.mark)
        return bundle

    def eligible(*asked: Any) -> dict[str, Any]:
        response: dict[str, Any] = talking(eligibility_response(*asked), told.mark)
        return response

    simulator.payer.response_bundle = simulator.payer_notice.response_bundle = answered  # type: ignore[attr-defined]
    simulator.payer.eligibility_response = eligible  # type: ignore[assignment,attr-defined]
    app: Any = simulator.payer.payer_app(PayerBook(speed=told.speed))
    config = uvicorn.Config(app, host="127.0.0.1", port=told.payer_port, log_config=None, access_log=False)
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
