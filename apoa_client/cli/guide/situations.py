"""Ten situations that come up at a desk, each with what to do, and the command that does it.

What a report may say is told as the program's own rules have it. Where neither they nor the law that we read answer, it
is told whom to ask, and nothing is invented in the answer's place.
"""

from typing import NamedTuple

from apoa_client.messages import Message, literal, msg


class Step(NamedTuple):
    """Something to know or to do, and the command that does it, where one does."""

    text: Message
    command: Message | None = None


class Situation(NamedTuple):
    """What is not as usual, under a name in each language, and what to do then. Names are what somebody types."""

    id: str
    en: str
    title: Message
    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, str]:
        """Either is understood, whatever the language is."""
        return self.id, self.en


_SINGLE_NAME = Situation(
    "satu-nama",
    "single-name",
    msg("The guest has only one name"),
    (
        Step(
            msg(
                "Write the whole name as the surname, and leave the given names empty. That is allowed: nobody has to"
                " invent a second name."
            )
        ),
        Step(msg("From the two lines in the passport it goes by itself:"), literal("apoa report")),
        Step(msg("Typed by hand: give the name as the surname, and press Enter at the given names.")),
        Step(
            msg("It went out wrong? Find the report with apoa list, then correct it:"),
            msg('apoa amend ID --surname NAME --reason "single name"'),
        ),
    ),
)

_NO_BIRTH_DATE = Situation(
    "tanpa-tanggal-lahir",
    "no-birth-date",
    msg("The passport gives no full date of birth"),
    (
        Step(
            msg("Give what the passport says, and no more: the year alone, or year and month. Never invent a day."),
        ),
        Step(msg("Only the year is known:"), literal("apoa report --birth-date 1985")),
        Step(msg("Year and month are known:"), literal("apoa report --birth-date 1985-09")),
        Step(msg("In the two lines the missing part is filled with <<. Type them just as they stand there.")),
        Step(
            msg(
                "Not even a year? Without one no report is saved. Ask for another document that shows it, and ask your"
                " immigration office if there is none."
            )
        ),
    ),
)

_DIPLOMAT = Situation(
    "diplomat",
    "diplomat",
    msg("The guest has a diplomatic or service passport"),
    (
        Step(
            msg(
                "Report them like any foreign guest: these passports have the same two lines. We know of no exception;"
                " if the guest or an embassy says otherwise, ask your immigration office."
            )
        ),
        Step(msg("Here for a government? Say so as the purpose:"), literal("apoa report --purpose government")),
        Step(
            msg("Write the visa as it is printed. The visa for government visits is C4:"),
            literal("apoa report --stay-permit C4"),
        ),
        Step(
            msg(
                "The issuing state is not the nationality (United Nations, say)? The program warns. If the passport"
                " really says so, go on."
            )
        ),
    ),
)

_CHILD = Situation(
    "anak-ikut-paspor",
    "child-in-passport",
    msg("A child travels in a parent's passport"),
    (
        Step(
            msg(
                "Report the parent first. Before saving, type + (another guest for this room), and give the child's"
                " details:"
            ),
            literal("apoa report"),
        ),
        Step(
            msg(
                "The two lines are the parent's: press Enter at them, and type the child's own name, sex and date of"
                " birth, with the number of the parent's passport."
            )
        ),
        Step(
            msg(
                "The program says that this passport is there already, and asks whether to report it again. Here that"
                " is right: y."
            )
        ),
        Step(
            msg("The parent is reported already? Then only the child, in the same room:"),
            literal("apoa report --room 7"),
        ),
        Step(
            msg(
                "The answer is that it had been reported before? Then the server takes the two for one guest. Ask your"
                " immigration office whether it wants more."
            )
        ),
    ),
)

_KITAS = Situation(
    "kitas",
    "kitas",
    msg("The guest lives in Indonesia on a KITAS or KITAP"),
    (
        Step(
            msg(
                "Report them all the same: whoever is no Indonesian citizen is reported, however long they have lived"
                " here. Only Indonesian citizens are not."
            )
        ),
        Step(
            msg("Passport as ever, and the card as the stay permit:"),
            literal("apoa report --stay-permit KITAS"),
        ),
        Step(
            msg("With its number and its last day, from the card:"),
            msg("apoa report --stay-permit-number NO --stay-until DATE"),
        ),
        Step(
            msg(
                "It ends before the check-out? The program warns, and the report goes out all the same. Tell the guest:"
                " an overstay costs Rp1,000,000 a day."
            )
        ),
    ),
)

_LOST_PASSPORT = Situation(
    "paspor-hilang",
    "lost-passport",
    msg("The passport is lost"),
    (
        Step(
            msg(
                "Lost during the stay? The report stands, and nothing is sent again. What the police or the embassy"
                " asks for is here."
            )
        ),
        Step(msg("Find the guest, then show all that was reported:"), msg("apoa list --guest NAME")),
        Step(msg("With the ID from the list:"), literal("apoa show ID")),
        Step(
            msg("A new document came? Put its number into the report:"),
            msg('apoa amend ID --document-number NO --reason "replaced"'),
        ),
        Step(
            msg(
                "A guest arrives without it? Take the details from a copy, a photo or the embassy's letter, and say so"
                " in --note. Invent no number: without any document, ask your immigration office first."
            )
        ),
    ),
)

_WRONG_GUEST = Situation(
    "salah-tamu",
    "wrong-guest",
    msg("The wrong guest was reported"),
    (
        Step(
            msg("Take the wrong report back, then report the right guest. Do it as soon as you see it."),
        ),
        Step(msg("Find the report and its ID:"), literal("apoa list")),
        Step(msg("Take it back:"), msg('apoa cancel ID --reason "wrong guest"')),
        Step(msg("Report the right guest:"), literal("apoa report")),
        Step(
            msg("Right guest, and only a detail is wrong? Then do not take it back, correct it:"),
            msg('apoa amend ID --room 8 --reason "other room"'),
        ),
    ),
)

_LEFT_EARLY = Situation(
    "pulang-cepat",
    "left-early",
    msg("The guest left earlier than planned"),
    (
        Step(msg("Check them out now. What counts is when they left, not what was planned.")),
        Step(msg("Leaving now, by the room:"), literal("apoa checkout --room 7")),
        Step(msg("Left already? Say when:"), literal("apoa checkout --room 7 --at 2026-11-24T10:05")),
        Step(msg("You do not know the room? Choose from those who are here:"), literal("apoa checkout")),
        Step(
            msg("Never came at all? Then take the report back:"),
            msg('apoa cancel ID --reason "did not come"'),
        ),
    ),
)

_LINE_DOWN = Situation(
    "internet-mati",
    "line-down",
    msg("The line is down"),
    (
        Step(
            msg(
                "Go on as ever: each report is saved on this computer and waits. Nothing is lost, and nothing goes"
                " twice."
            )
        ),
        Step(msg("See what waits, and until when it should go out:"), literal("apoa status")),
        Step(msg("The line is back? Send what waits, as often as you like:"), literal("apoa sync")),
        Step(
            msg("Still down, and the deadline is near? Type them into APOA on a phone, and file its number here:"),
            literal("apoa sync --by-hand"),
        ),
    ),
)

_PASSWORD_CHANGED = Situation(
    "ganti-sandi",
    "password-changed",
    msg("The password at the authority was changed"),
    (
        Step(
            msg(
                "Give the new one here. After one refused password sending stops, so that the account is not locked;"
                " guests can be reported all the while."
            )
        ),
        Step(msg("Type the new password. It does not show on the screen:"), literal("apoa login")),
        Step(msg("Another username too?"), msg("apoa login --username NAME")),
        Step(msg("Then send what waited meanwhile:"), literal("apoa sync")),
        Step(msg("You were not told the new one? Ask whoever keeps the account; do not guess.")),
    ),
)

SITUATIONS = (
    _SINGLE_NAME,
    _NO_BIRTH_DATE,
    _DIPLOMAT,
    _CHILD,
    _KITAS,
    _LOST_PASSPORT,
    _WRONG_GUEST,
    _LEFT_EARLY,
    _LINE_DOWN,
    _PASSWORD_CHANGED,
)
"""In the order of a stay: who arrives, what went wrong, what stands in the way of sending."""
