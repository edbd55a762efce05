"""Headings as guest books, booking systems and official forms write them: each is its field, or is not read.

The list was written before the program knew most of it, so that it measures more than itself.
"""

import pytest

from apoa_client.settings.column_mappings import IGNORE
from apoa_client.tables.headings import parse_heading

FIELDS = """
surname: Surname | LAST NAME | Lastname | Family Name | Guest Last Name | Customer Last Name | Customer Lastname
surname: Nama Belakang | Nama Keluarga | Nama Keluarga (Surname) | Marga | Cognome | Příjmení | lastname
surname: SURNAME * | Passport Surname | Guest Surname | Nama Keluarga/Surname | Last name of guest
surname: Family name (as in passport)
given_names: First Name | Firstname | FIRST NAME(S) | Given Name(s) | Guest First Name | Customer First Name
given_names: Forename | Nama Depan | Nama Kecil | Nama Depan (Given Name) | Nome | Jméno | Customer Firstname
given_names: Passport given names
middle_names: Middle Name | Middlename | Nama Tengah | Guest Middle Name
full_name: Nama | Nama Tamu | Nama WNA | Nama Orang Asing | Nama Lengkap | NAMA LENGKAP TAMU | Name | Guest Name
full_name: Guest's Name | Full Name | Name of Guest | Customer Name | Nama Penuh | Nama Sesuai Paspor
full_name: Name (as in passport) | Name as per passport | Full name as in passport | Guest Full Name
full_name: Nama Tamu Asing | Name of Foreigner | Nama Lengkap WNA | Client Name | Nama (sesuai paspor) | Nm Tamu
full_name: Cognome e Nome
sex: Sex | Gender | JK | L/P | Jenis Kelamin | Jns Kelamin | Jns. Kel | Jenis Kel. | Kelamin | Jantina | M/F
sex: P/L | Sex (M/F) | Jenis Kelamin (L/P) | Guest Gender | Gender * | J/K | Jenkel | SEX L/P
birth_place: Tempat Lahir | Place of Birth | POB | P.O.B. | Birth Place | Birthplace | Tmpt Lahir | Tpt Lahir
birth_place: Tmp. Lahir | Kota Lahir | Place Of Birth (City) | City of Birth | Tempat Kelahiran
birth_place: Luogo di Nascita | Comune di nascita | cPlac | Místo narození | Birth City | Guest Birth Place
birth_place: Cittanascita | Place birth
birth_date: Tgl Lahir | Tgl. Lahir | Tanggal Lahir | TGL LHR | DOB | D.O.B. | Date of Birth | Birth Date
birth_date: BirthDate | Birthday | Tarikh Lahir | Tggl Lahir | Tanggal Kelahiran | Data di nascita | Datanascita
birth_date: Guest DOB | Date Of Birth (DD/MM/YYYY) | cDate | Datum narození | Born | Date birth | Lahir Tanggal
birth_date: Guest Date of Birth
nationality: Nationality | Nationality * | Nat. | Nat | Natl | Kebangsaan | Kewarganegaraan | Warga Negara
nationality: Warganegara | Citizenship | WN | Kewarganegaraan / Nationality | Nationality (3 letter code)
nationality: Guest Nationality | Kebangsaan WNA | Cittadinanza | Nazionalita | cNati | Státní občanství
nationality: Country of Citizenship | KWN | Kwrgnegaraan | Nationality Code | Country of nationality
nationality: Negara Kewarganegaraan
document_number: No Paspor | No. Pasport | No. Paspor | Nomor Paspor | Nomor Passport | No Passport
document_number: Passport No | Passport Number | Passport # | Passport No. * | PP No | Passport | Paspor
document_number: Pasport | No. Pasp | No.Paspor/Passport No. | Passport Nr. | ID No | Identity No | Document No.
document_number: Document Number | No Dokumen | Guest Document Number | Nomer Paspor | NO. PASPORT TAMU
document_number: Travel Document No. | Numero Documento | cDocN | Číslo dokladu | Passport/ID No.
document_number: No. Paspor / KITAS | No Identitas (Paspor) | Passport Num | Passp. No | Passport ID
document_number: Nomor Paspor WNA | Numdocumento | Passport Number/ID Number | Guest Passport No
issuing_state: Issuing Country | Issuing State | Passport Issuing Country | Negara Penerbit
issuing_state: Negara Penerbit Paspor | Country of Issue | Guest Document Issuing Country | Passport Country
issuing_state: Passport Issued Country | Negara yang Mengeluarkan Paspor | Document Issuing Country
issuing_state: Country of Passport
expiry_date: Exp | Exp. | Exp Date | Exp. Date | Expired | Expired Date | Expiry | Expiry Date | Expire
expiry_date: Expires | Expiration Date | Date of Expiry | DOE | Valid Until | Valid To | Valid thru
expiry_date: Passport Exp | Passport Expiry | Passport Expired | Passport Expiration Date | Berlaku s/d
expiry_date: Berlaku s.d. | Berlaku sd | Berlaku Sampai | Berlaku Hingga | Masa Berlaku | Masa Berlaku Paspor
expiry_date: Masa Berlaku s/d | Kadaluarsa | Kedaluwarsa | Kadaluwarsa | Tgl Kadaluarsa | Tgl Kedaluwarsa
expiry_date: Tanggal Kadaluarsa | Tgl Exp | Tgl Expired | Exp Paspor | Expired Paspor | Tgl Habis Berlaku
expiry_date: Habis Berlaku | Tanggal Berakhir Paspor | Tarikh Luput | Tarikh Tamat Tempoh | Scadenzadoc
expiry_date: Guest Document Expiration Date | Paspor berlaku s/d | Passport Valid Until | Passport Validity
expiry_date: Jatuh Tempo Paspor
check_in: Check-in | Check In | CHECKIN | C/I | CI | C-in | Check-in Date | Check in date | Tgl Check In
check_in: Tgl C/I | Tanggal Masuk | Tgl Masuk | Masuk | Tiba | Tgl Tiba | Tanggal Tiba | Tanggal Datang | Datang
check_in: Tgl Kedatangan | Kedatangan | Arrival | Arrival Date | Arr | Arr. Date | Date of Arrival
check_in: Arrival Date & Time | Date In | In | Cek In | Tgl Cek In | Chek in | Tarikh Masuk | Data di arrivo
check_in: cFrom | Checkin Date | Stay from | Tgl Masuk Hotel | Check-in (tanggal) | Tgl In
check_in: Tanggal Check-in/Arrival | Start date | Guest Check-in
check_in_time: Jam Masuk | Check-in Time | Jam Check In | Jam Tiba | Arrival Time | Time In | Jam Datang
check_in_time: Jam C/I
planned_check_out: Check-out | Check Out | CHECKOUT | C/O | CO | C-out | Check-out Date | Tgl Check Out
planned_check_out: Tgl C/O | Tanggal Keluar | Tgl Keluar | Keluar | Pulang | Tgl Pulang | Berangkat
planned_check_out: Tgl Berangkat | Tanggal Pulang | Keberangkatan | Departure | Departure Date | Dep | Dep. Date
planned_check_out: Date of Departure | Date Out | Out | Cek Out | Tgl Cek Out | Tarikh Keluar | Data di partenza
planned_check_out: cUntil | Checkout Date | Tgl Out | Stay until | Rencana Keluar | Expected Departure
planned_check_out: Est. Departure | Tanggal Keberangkatan | End date | Stay to
nights: Nights | Night | No of Nights | # Nights | No. Nights | Malam | Mlm | Jml Malam | Jumlah Malam
nights: Lama Inap | Lama Menginap | Lama Tinggal | Length of Stay | LOS | Duration (nights) | Lama (malam)
nights: Night(s) | Nts | Jlh Malam | Total Nights | Lama Nginap | Number of Nights | Menginap (malam)
nights: Num. of nights | Room Nights | Permanenza
room: Kamar | No Kamar | No. Kamar | Nomor Kamar | Nomer Kamar | Kmr | No. Kmr | Room | Room No | Room No.
room: Room # | Rm | Rm No | Rm. | Room Number | Room Name | No. Bilik | Unit | Villa | Villa No | Bungalow
room: Camera | Room Numbers | Kamar No. | Kamar/Room | Room(s) No | Unit No. | Nama Kamar | Nama Villa
room: Appartamento | Room assigned
purpose: Tujuan | Keperluan | Purpose | Purpose of Visit | Maksud Kunjungan | Tujuan Menginap | Tujuan Kunjungan
purpose: Maksud dan Tujuan | Reason for visit | Tujuan Kedatangan
phone: No HP | No. HP | Nomor HP | HP | Telp | No. Telp | No Tlp | Telepon | Phone | Phone No. | Mobile
phone: Mobile No | WhatsApp | No WA | WA | Contact No | Contact No. | Guest Phone | Customer Phone | No. Telefon
phone: Nomor Telepon | Tel
email: Email | E-mail | Email Address | Alamat Email | Customer Email | Guest E-mail | e-mel
stay_permit: Visa Type | Jenis Visa | Type of Visa | Visa | Jenis Izin Tinggal | Izin Tinggal | Tipe Visa
stay_permit: Jenis Visa/Izin
stay_permit_number: Visa No | No. Visa | Visa Number | No KITAS | No. Izin Tinggal | Nomor Visa | Nomor KITAS
stay_until: Visa Expiry | Visa Exp | Visa Expired | Visa valid until | Masa Berlaku Visa | Visa berlaku s/d
stay_until: KITAS berlaku s/d | Izin tinggal sampai | Izin Tinggal s/d | Visa Expiry Date | Visa Exp. Date
entry_date: Date of Entry | Entry Date | Tanggal Masuk Indonesia | Tgl Masuk Indonesia | Tgl Masuk RI
entry_date: Tiba di Indonesia | Arrival in Indonesia | Tanggal tiba di Indonesia | Date of arrival in Indonesia
document_type: Document Type | ID Type | Jenis Dokumen | Identity Type | Jenis Identitas | Tipe Dokumen
document_type: Guest Document Type
status: Status | Reservation Status | Booking Status | Status Reservasi | Status Tamu
guest_count: Pax | Adults | Guests | Jumlah Tamu | Jml Tamu | No. of Guests | Jml Orang | Dewasa
guest_count: Number of Guests
mrz: MRZ
mrz1: MRZ Line 1 | MRZ1
"""
"""The field, and headings that mean it beyond doubt."""

NOT_READ = """
No | No. | NO URUT | Nomor | # | Tanggal | Tgl | Date | Nama Hotel | Hotel Name | Property Name | Agent | Agen
Travel Agent | Nama Agen | Agent Name | Company | Company name | Nama Perusahaan | Issue Date | Date of Issue
Issued | Tgl Dikeluarkan | Tanggal Terbit | Tgl Terbit Paspor | Tgl Pengeluaran Paspor | Passport Issue Date
Passport Issued Date | Valid From | Berlaku Dari | Berlaku Mulai | Guest Document Issue Date | Card Expiry
CC Exp | Credit Card Expiry | Card Exp Date | Card Number | Credit Card No | Card Type | Country | Negara Asal
Country of residence | Asal | Guest Country | Residence Country | Address | Alamat | Kota | City
Place of issue | Tempat Dikeluarkan | Tempat Terbit Paspor | Issued By | Issuing Office | Kantor Penerbit | Umur
Age | Usia | Pekerjaan | Occupation | Agama | Booked by | Booker Name | Contact Name | Contact person
Emergency Contact | Emergency Phone | Nama Ayah | Nama Ibu | Nama Petugas | Staff Name | Receptionist | Petugas
Paraf | Tanda Tangan | Signature | Room Type | Tipe Kamar | Jenis Kamar | Room Rate | Harga Kamar | Jumlah Kamar
No of Rooms | Harga | Price | Total | Jumlah | Bayar | Deposit | Rate | Balance | Rate per night
Price per night | Harga per malam | Harga/malam | Booking Date | Tanggal Booking | Tgl Reservasi
Reservation Date | Booked on | Tgl Pesan | Created | Created on | Payment Date | Tgl Bayar | Jam | Waktu | Time
Invoice No | No. Kwitansi | No Plat | Plat Nomor | No Kendaraan | Flight No | Arrival Flight | Departure Flight
Flight Arrival | Visa Issue Date | Tgl Terbit Visa | Tgl Lapor | Tanggal Lapor | Passport copy | Fotokopi Paspor
Passport (copy) | Foto Paspor | Foto | Scan | Name (Agent) | Nama (Pemesan) | Phone (Hotel) | KTP | NIK | No KTP
Company Phone | Sponsor | Nama Sponsor | Channel | Source | Sumber | Guest ID | Customer ID | Customer
Nickname | Nama Panggilan | Birth Country | Negara Kelahiran | Country of Birth | Stato Nascita | Jam Kerja
Keterangan Kamar | Room Status | Status Kamar | Status Pembayaran | Payment Status | Name of Hotel | Extra Bed
Next Destination | Previous destination | Tujuan Berikutnya | Datang Dari | Arriving from | Coming from
Total Guests Paid | Anak | Children | Infants | Late check-out | Early check-in | Check-in by | Checked in by
Diterima oleh | Visa Card | Bank | Title | Mr/Mrs | Salutation | Gelar | Booking No | Reservation ID | Folio No
"""
"""Headings that mean something else, or that may: a wrong field is worse than none."""

HEADINGS: dict[str, list[str]] = {}
for line in FIELDS.strip().splitlines():
    field, _colon, written = line.partition(": ")
    HEADINGS.setdefault(field, []).extend(written.split(" | "))


@pytest.mark.parametrize("target", HEADINGS)
def test_a_heading_is_its_field(target: str) -> None:
    """A book with it needs no mapping."""
    assert [each for each in HEADINGS[target] if parse_heading(each).target != target] == []


def test_a_heading_that_means_something_else_is_no_field() -> None:
    """Nothing of its column reaches a report; the column is named as not read."""
    others = NOT_READ.strip().replace("\n", " | ").split(" | ")
    assert [each for each in others if parse_heading(each).target not in {"", IGNORE}] == []
