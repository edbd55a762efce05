"""The sentences of the page. They are translated by the catalogue when the page is shown."""

from apoa_client.messages import msg
from apoa_client.ports.authority import Status
from apoa_client.sandbox.fault_injection import RETRY_AFTER_S

RELOAD_S = 15
"""How often a browser without scripts loads the page again."""

TITLE = msg("Training authority")
INTRODUCTION = msg("What apoa sends to this computer for training appears here. Nothing here reaches Immigration.")
LANGUAGE = msg("Language")
ON_THIS_PAGE = msg("On this page")

LIVE = msg("New reports appear by themselves.")
LOST = msg("The training authority does not answer. The page goes on by itself when it is back.")
RELOADS = msg(
    "This browser runs no scripts: the page is loaded again every {seconds} seconds.",
    seconds=RELOAD_S,
)

REPORTS = msg("Reports received")
NO_REPORTS = msg("No report has arrived since the training authority was started.")
NO_NAME = msg("Guest without a name")
ROOM = msg("Room")
NO_RECEIPT = msg("No receipt")
PHOTO = msg("A photo of the passport arrived.")
REPORT_ID = msg("Id of the report")
STAY_ID = msg("Stay ID")
ERRORS = msg("What must be corrected")
WARNINGS = msg("What to look at")
CALL = msg("Request and answer")
REQUEST = msg("The report as it was sent")
ANSWER = msg("The answer")
AS_CURL = msg("The same call with curl; the variables hold your username and password")
OTHER_KIND = msg("unknown kind of report")

KINDS = {
    "check_in": msg("check-in"),
    "check_out": msg("check-out"),
    "amend": msg("correction"),
    "cancel": msg("cancellation"),
}
STATUSES = {each.value: each.meaning.title for each in Status}
PROBLEMS = {
    "bad_length": msg("has the wrong length"),
    "implausible": msg("cannot be right"),
    "late": msg("was longer ago than the time for reporting"),
}
"""What is wrong with a field, by the codes whose sentence has numbers: a catalogue does not have it."""

DEADLINE = msg("Deadline")
NO_CHECK_IN = msg("No check-in that arrived waits to be reported again.")

FAULTS = msg("Practise with faults")
FAULTS_INTRODUCTION = msg("Turn on a fault, then send a report with apoa and see what happens at the desk.")
ALL_OFF = msg("No fault is on.")
ONCE = msg("Once")
UNTIL_OFF = msg("Until turned off")
TURN_OFF = msg("Turn off")
WAIT_SECONDS = msg("Seconds to wait")
ONE_AT_A_TIME = msg("A call fails in one way only: of no answer, lost answer, busy, and Wi-Fi login, one can be on.")
SCRIPT = msg("Faults that apoa sandbox was started with (--fault) come before these.")

FAULT_NAMES = {
    "slow": msg("Be slow"),
    "drop": msg("Give no answer"),
    "lost": msg("Lose the answer"),
    "503": msg("Be busy"),
    "portal": msg("Show a Wi-Fi login"),
    "pending": msg("Decide later"),
    "reject": msg("Refuse a guest"),
}
FAULT_EXPLANATIONS = {
    "slow": msg("The answer to a report comes only after these seconds."),
    "drop": msg("The line breaks before the report is processed. It must be sent again."),
    "lost": msg("The report is processed, and the line breaks before the answer. Sent again, it keeps its receipt."),
    "503": msg(
        "The authority answers that it is busy (503) and wants to be asked again in {seconds} seconds.",
        seconds=RETRY_AFTER_S,
    ),
    "portal": msg("A hotel network's login page answers in place of the authority."),
    "pending": msg("Reports are taken without a decision. The decision comes when apoa asks later and this is off."),
    "reject": msg("Reports are refused, as if the authority had found a mistake."),
}
