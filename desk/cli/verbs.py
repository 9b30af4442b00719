"""The table of commands: where each verb lives and what it does. Import strings only, so that none is loaded unused."""

from typing import Final, NamedTuple


class Verb(NamedTuple):
    """`name` may have two words, `keys rotate`; `target` is `module:function`."""

    name: str
    target: str
    about: str


TOPICS: Final = {
    "audit": "The audit trail as evidence.",
    "keys": "The keys that seal PHI.",
    "payers": "The payers that the process speaks to.",
    "nurses": "The roster of nurses.",
    "stock": "Drugs in stock.",
    "undelivered": "Messages and deliveries that could not be delivered.",
    "policy": "What the pharmacy decides for itself.",
}
"""First words that are not commands themselves."""

VERBS: Final = {
    "On this machine": (
        Verb("demo", "local.demo:demo", "Run the whole process here, with a simulated outside world."),
        Verb("dev", "local.dev:dev", "Run the local stack until Ctrl-C."),
        Verb("doctor", "desk.cli.doctor:doctor", "Check the installation: one line each, with the fix."),
        Verb("--install-completion", "desk.cli.completion:install", "Have the shell complete commands and options."),
        Verb("--show-completion", "desk.cli.completion:show", "Print what the shell needs to complete them."),
    ),
    "Referrals": (
        Verb("send", "desk.cli.sending:send", "Sign a referral and post it as its source would."),
        Verb("list", "desk.cli.reading:list_referrals", "List referrals, the newest first."),
        Verb("show", "desk.cli.reading:show", "Show one referral."),
        Verb("documents", "desk.cli.documents:documents", "List a referral's documents, or take one out."),
        Verb("note", "desk.cli.notes:note", "Write a note about a referral."),
        Verb("notes", "desk.cli.notes:notes", "Show the notes about a referral, the newest first."),
        Verb("break-glass", "desk.cli.break_glass:break_glass", "Read a referral that you have no part in."),
        Verb("timeline", "desk.cli.reading:timeline", "Show everything that happened in a referral."),
        Verb("why", "desk.cli.reading:why", "Show what blocks a referral, who owns that and when it escalates."),
    ),
    "Work items": (
        Verb("work", "desk.cli.work:work", "List open work items, the most pressing first."),
        Verb("claim", "desk.cli.work:claim", "Take a work item."),
        Verb("release", "desk.cli.work:release", "Give a work item back."),
        Verb("resolve", "desk.cli.work:resolve", "Answer a work item."),
        Verb("schema", "desk.cli.answer_schema:schema", "Show what may be answered to a kind of work item."),
        Verb("assign", "desk.cli.work:assign", "Give a work item to somebody."),
        Verb("snooze", "desk.cli.work:snooze", "Put a work item out of sight until a moment, at most until it is due."),
    ),
    "Steering": (
        Verb("hold", "desk.cli.steering:hold", "Pause a referral at its next steps."),
        Verb("resume", "desk.cli.steering:resume", "Go on after a hold."),
        Verb("cancel", "desk.cli.steering:cancel", "End a referral and undo what was reserved and promised."),
        Verb("amend", "desk.cli.steering:amend", "Put a new version of the facts in place of the old one."),
        Verb(
            "override",
            "desk.cli.steering:override",
            "Ask to start without the payer's answer; another supervisor approves.",
        ),
        Verb("approve", "desk.cli.steering:approve", "Approve what another supervisor asked to override."),
    ),
    "Identity": (
        Verb("login", "desk.cli.identity:login", "Keep a staff token for later commands."),
        Verb("whoami", "desk.cli.identity:whoami", "Show whose token is in use."),
    ),
    "Processes": (
        Verb("serve", "desk.cli.processes:serve", "Run the desk: intake, staff API and page, codec server."),
        Verb("worker", "workers.run:main", "Run a worker."),
        Verb("migrate", "desk.cli.migrate:migrate", "Bring the database and the search attributes up to date."),
        Verb("make-current", "desk.cli.make_current:make_current", "Give this build's workers the work of all others."),
    ),
    "Operation": (
        Verb("audit verify", "desk.cli.audit:verify", "Check that the audit trail is whole."),
        Verb("audit export", "desk.cli.audit:export", "Print the audit records, one JSON object a line."),
        Verb("keys rotate", "desk.cli.keys:rotate", "Wrap every data key under the active key."),
        Verb("keys shred", "desk.cli.keys:shred", "Make a referral's PHI unreadable for good."),
        Verb("undelivered list", "desk.cli.undelivered:listed", "Show parked messages and given up deliveries."),
        Verb("undelivered retry", "desk.cli.undelivered:retry", "Have one, or all, delivered anew."),
        Verb("undelivered drop", "desk.cli.undelivered:drop", "Never deliver one."),
        Verb("payers import", "desk.cli.registers:payers", "Take over payers from a file."),
        Verb("nurses import", "desk.cli.registers:nurses", "Take over the roster from a file."),
        Verb("stock import", "desk.cli.registers:stock", "Take over the stock from a file."),
        Verb("policy check", "desk.cli.policy:check", "Check a policy file as a worker would read it."),
        Verb("reconcile", "desk.cli.reconcile:reconcile", "Compare database and workflows, and mend what differs."),
        Verb("replay", "desk.cli.replay:replay", "Replay histories against this version of the process."),
    ),
}
"""The commands by the group that `firstdose --help` shows them in."""
