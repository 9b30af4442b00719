"""The part of the recorded state that says which gates are closed, and what was tried to open them."""

from dataclasses import dataclass, field

from firstdose.domain.care.gates import ClosedGate, Gate


@dataclass
class GateLog:
    """`closed` are the gates whose steps are under way, `stuck` those of them about which a supervisor is asked."""

    closed: list[ClosedGate] = field(default_factory=list)
    stuck: list[ClosedGate] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    """The keys of gates whose step was taken since all were open last."""

    def why(self, *gates: Gate) -> list[str]:
        """What the step of these gates is to mend."""
        return [each.why for each in self.closed if each.gate in gates]
