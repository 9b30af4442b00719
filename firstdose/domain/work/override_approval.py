"""What the second supervisor says to an override that another asked for."""

from typing import Literal

from firstdose.domain.work.resolution import Resolution


class OverrideApproval(Resolution):
    outcome: Literal["approved", "refused"]
