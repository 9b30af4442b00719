"""What a page says once after something was done: fixed words by a code, which travels in a cookie."""

from enum import StrEnum


class Flash(StrEnum):
    SAVED = "saved"
    CLAIMED = "claimed"
    RELEASED = "released"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    APPLIED = "applied"
    STORED = "stored"
    UNCHANGED = "unchanged"
    SIGNED_IN = "signed_in"
    FORM_KEPT = "form_kept"
    GLASS_BROKEN = "glass_broken"

    @property
    def text(self) -> str:
        return _TEXTS[self]


_TEXTS = {
    Flash.SAVED: "Saved.",
    Flash.CLAIMED: "It is yours now.",
    Flash.RELEASED: "You gave it back.",
    Flash.ASSIGNED: "Assigned.",
    Flash.SNOOZED: "Snoozed: it comes back at that time, or when it is due.",
    Flash.APPLIED: "Done.",
    Flash.STORED: "Stored. It will be applied as soon as the process answers; you need not send it again.",
    Flash.UNCHANGED: "Nothing was changed, so nothing was sent.",
    Flash.SIGNED_IN: "You are signed in.",
    Flash.FORM_KEPT: "You are signed in again. What you had typed is in the form; nothing was sent yet.",
    Flash.GLASS_BROKEN: "You may read this referral for an hour. That you do is recorded, with your reason.",
}


def notice_text(code: str | None) -> str | None:
    """The words of a code that came back in a cookie; None for anything else."""
    return Flash(code).text if code in set(Flash) else None
