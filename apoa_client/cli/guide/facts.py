"""What a desk wants to know of the obligation, each fact with its source and the day on which it was last looked at.

What is not here was looked for and not found, and nothing is invented in its place: no office's address, no telephone
number, no period that no law sets. The program speaks for nobody here; whoever doubts reads the source.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import NamedTuple

from apoa_client.messages import Message, literal, msg
from apoa_client.passport.states import by_code
from apoa_client.report import permits
from apoa_client.report.permits import Permit, PermitKind, VisaFree
from apoa_client.report.wording import month

AS_OF = date(2026, 11, 24)
"""The day on which the facts were last looked at."""


class Name(NamedTuple):
    """A name in both languages."""

    id: str
    en: str


class Fact(NamedTuple):
    """One thing that is so, who says so, and when that was last looked at.

    Facts of one `series` are read together, behind its words. `words` are further ones by which people look for it.
    """

    text: Message | Name
    source: Message
    as_of: date = AS_OF
    series: Message | None = None
    words: str = ""


class Topic(NamedTuple):
    """Facts that belong together, under a name in each language and a title."""

    names: Name
    title: Message
    facts: tuple[Fact, ...]


@cache
def topics() -> tuple[Topic, ...]:
    """Everything that is known here."""
    return (_LAW, _PENALTY, _DEADLINE, _APOA, _permits(), _visa_free(), _OVERSTAY, _DATA, _OFFICES, _PROGRAM)


_OWN_READING = msg("our own reading; we found nothing else")
_ARTICLE_72 = msg("UU 6/2011 art. 72(2)")
_ARTICLE_117 = msg("UU 6/2011 art. 117")
_FINES = msg("PP 28/2019; UU 6/2011 art. 78")
_APOA_SITE = literal("apoa.imigrasi.go.id")
_OURS = literal("apoa-client")

_LAW = Topic(
    Name("hukum", "law"),
    msg("Why foreign guests are reported"),
    (
        Fact(
            msg(
                "The owner or manager of a place of lodging must give the data of the foreigners who stay there when"
                " an immigration officer asks for them."
            ),
            _ARTICLE_72,
            words="kewajiban wajib obligation duty pasal 72",
        ),
        Fact(
            msg(
                "This article was amended in 2024: the police are added, in coordination with immigration. Many"
                " official pages misprint the amendment as UU 6/2024."
            ),
            literal("UU 63/2024"),
            words="polisi kepolisian police",
        ),
        Fact(
            msg(
                "The data are at least the full name, and the place and date of birth; the rest of that list we could"
                " not read. No MRZ holds the place of birth, so it is asked for; - (not stated) is a lawful answer."
            ),
            msg("PP 31/2013 art. 188"),
            words="tempat lahir birthplace",
        ),
        Fact(
            msg("Only foreigners are reported. A guest with Indonesian nationality is not."),
            _ARTICLE_72,
            words="wni wna",
        ),
    ),
)

_PENALTY = Topic(
    Name("sanksi", "penalty"),
    msg("What not giving the data can cost"),
    (
        Fact(
            msg("For an owner or manager who does not give these data, the law names a fine of at most Rp25,000,000."),
            _ARTICLE_117,
            words="denda fine hukuman punishment",
        ),
        Fact(
            msg(
                "The rest of this article is being converted: since 2 January 2026 kurungan (light imprisonment), which"
                " it names beside the fine, is no principal penalty any more."
            ),
            literal("UU 1/2026"),
            words="penjara jail prison",
        ),
    ),
)

_DEADLINE = Topic(
    Name("batas-lapor", "deadline"),
    msg("Within 24 hours"),
    (
        Fact(
            msg(
                "The Directorate General of Immigration asks for each guest's report within 24 hours of check-in,"
                " through APOA."
            ),
            literal("Kantor Imigrasi Kediri, 2017; detik, 2015"),
            words="1x24 jam batas waktu terlambat late due",
        ),
        Fact(msg("We saw no law that sets these 24 hours."), _OWN_READING),
        Fact(msg("Report late rather than never: a report that is late is warned of here, and sent."), _OURS),
    ),
)

_APOA = Topic(
    Name("aplikasi", "apoa"),
    msg("APOA, Immigration's own application"),
    (
        Fact(
            msg(
                "APOA (Aplikasi Pengawasan Orang Asing) is Immigration's application for reporting foreigners, on the"
                " web at apoa.imigrasi.go.id and for Android. It was relaunched in March 2025."
            ),
            _APOA_SITE,
            words="website situs app",
        ),
        Fact(
            msg(
                "Signing up: as Penginapan (lodging) or Perorangan (a private person), with the place's location and a"
                " link that comes by e-mail."
            ),
            _APOA_SITE,
            words="daftar akun account register",
        ),
        Fact(
            msg(
                "Check-in there: photograph or upload the passport's page with the photo, or choose check-in manual;"
                " compare; simpan. APOA then issues the Surat Tanda Terima Pelaporan Orang Asing, the receipt."
            ),
            _APOA_SITE,
            words="tanda terima bukti receipt",
        ),
        Fact(msg("Check-out there: choose the guest, verify, check-out."), _APOA_SITE),
        Fact(
            msg("Lodging there means: hotel, apartemen, mess, losmen, guest house, vila, kos and rumah kontrakan."),
            _APOA_SITE,
            words="homestay villa apartment penginapan",
        ),
        Fact(
            msg(
                "We found no public interface (API), no upload of many guests at once, and no rule for correcting a"
                " report."
            ),
            _OWN_READING,
            words="koreksi unggah",
        ),
    ),
)

_OVERSTAY = Topic(
    Name("overstay", "overstay"),
    msg("When a stay permit has ended"),
    (
        Fact(
            msg("A foreigner who stays after the permit has ended is fined Rp1,000,000 a day, up to 60 days."),
            _FINES,
            words="denda fine biaya",
        ),
        Fact(
            msg("After more than 60 days: deportation, and a ban on coming back."),
            _FINES,
            words="deportasi cekal penangkalan",
        ),
        Fact(
            msg(
                "Where a permit ends before the planned check-out, apoa report warns, and the report is sent all the"
                " same. It is the guest's matter: tell them kindly, and early."
            ),
            _OURS,
        ),
    ),
)

_DATA = Topic(
    Name("data-pribadi", "data"),
    msg("Guests' personal data"),
    (
        Fact(
            msg("Personal data are erased when the purpose is met that they were kept for."),
            literal("UU 27/2022"),
            words="hapus privasi privacy pdp gdpr",
        ),
        Fact(
            msg("A breach (data lost, stolen, or seen by a stranger) is notified in writing within 3 x 24 hours."),
            literal("UU 27/2022"),
            words="bocor pelanggaran leak laptop hilang",
        ),
        Fact(
            msg(
                "No law that we found says how long guests' data are kept. Here it is a setting: 90 days after"
                " check-out where nothing else is chosen. The proof of each report stays, without the guest."
            ),
            _OWN_READING,
            words="retention retensi simpan lama",
        ),
        Fact(
            msg("Where a guest asks for it, erase one stay at once with: apoa purge --guest ID"),
            _OURS,
            words="permintaan hapus request",
        ),
        Fact(
            msg("A notice for the lobby that tells guests so, in seven languages: apoa info --poster FILE.html"),
            _OURS,
            words="poster pengumuman",
        ),
    ),
)

_OFFICES = Topic(
    Name("kantor", "offices"),
    msg("Immigration offices and contacts"),
    (
        Fact(
            msg(
                "No office's address, telephone number or opening hours are kept here: they change, and a wrong one is"
                " worse than none."
            ),
            _OURS,
            words="alamat telepon kontak contact phone address kanim hotline",
        ),
        Fact(
            msg("Look at Immigration's own site, apoa.imigrasi.go.id. It is not ours."),
            _APOA_SITE,
            words="contact kontak",
        ),
        Fact(
            msg("Write down which office yours is, and it is shown here and on receipts: apoa setup --office TEXT"),
            _OURS,
        ),
    ),
)

_PROGRAM = Topic(
    Name("program", "program"),
    msg("What this program is not"),
    (
        Fact(
            msg("apoa-client is not Immigration's, and does not speak for it."),
            _OURS,
            words="resmi official apoa-client",
        ),
        Fact(
            msg(
                "It never sends anything to APOA's web site. It sends to a server that speaks the reporting contract,"
                " which is our own (apoa contract), or lays each guest out for typing into APOA by hand."
            ),
            _OURS,
            words="kontrak openapi",
        ),
        Fact(
            msg(
                "Nothing here is legal advice. Laws change: what the law says today, and what your immigration office"
                " tells you, goes before what stands here."
            ),
            _OURS,
            words="nasihat hukum lawyer",
        ),
    ),
)

_INDEX = msg("Immigration's index of visas")
_VISAS = {
    PermitKind.VISIT: msg("Visas for a visit"),
    PermitKind.LIMITED: msg("Visas for a limited stay"),
    PermitKind.PERMANENT: msg("Visas to stay for good"),
}
_STAY_PERMITS = msg("Stay permits")


def _permits() -> Topic:
    known = (_permit(permit) for permit in permits.permits())
    return Topic(
        Name("izin", "permits"),
        msg("Visas and stay permits"),
        (
            *known,
            Fact(
                msg("The index changes by decree: what stands in the passport counts, and any text can be reported."),
                _INDEX,
                permits.AS_OF,
                words="visa izin tinggal stay permit",
            ),
        ),
    )


def _permit(permit: Permit) -> Fact:
    indonesian, english = f"{permit.code} {permit.indonesian}", f"{permit.code} {permit.english}"
    if permit.days is not None:
        indonesian += f" ({permit.days} hari{_EXTENDED[permit.extended].id.format(days=permit.days)})"
        english += f" ({permit.days} days{_EXTENDED[permit.extended].en.format(days=permit.days)})"
    series = _STAY_PERMITS if permit.code.isalpha() else _VISAS[permit.kind]
    return Fact(Name(indonesian, english), _INDEX, permits.AS_OF, series, " ".join(permit.words))


_EXTENDED = {
    True: Name(", bisa diperpanjang {days} hari", ", extended once by {days}"),
    False: Name(", tidak bisa diperpanjang", ", not extended"),
    None: Name("", ""),
}


def _visa_free() -> Topic:
    return Topic(
        Name("bebas-visa", "visa-free"),
        msg("Visa-free countries (A1)"),
        (
            *(fact for group in permits.VISA_FREE for fact in _countries(group)),
            Fact(
                msg("Visa-free is at most 30 days, for a visit, and cannot be extended."),
                _INDEX,
                permits.AS_OF,
                words="asean bvk",
            ),
        ),
    )


def _countries(group: VisaFree) -> Iterable[Fact]:
    series = msg("No visa needed") if group.since is None else _visa_free_since(group.since)
    for state in filter(None, map(by_code, group.states)):
        name = Name(state.indonesian, state.english)
        yield Fact(name, literal(group.source), permits.AS_OF, series, f"{state.code} visa bebas free")


def _visa_free_since(day: date) -> Message:
    return msg("No visa needed since {day} {month} {year}", day=day.day, month=month(day), year=day.year)
