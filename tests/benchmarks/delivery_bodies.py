"""Makes invented reports for `delivery.py` beside this file.

Run it as ``python delivery_bodies.py PATH COUNT [SEED]``. It writes a JSON list of report bodies. Their ids and times
are new in each run; the guests of a seed are the same.
"""

import json
import random
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from apoa_client.desk.ids import new_id
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Document, Guest, Report, Stay, StayPermit, to_json

WIB = timezone(timedelta(hours=7))
LAST_HOURS = timedelta(hours=10)

GUESTS = (
    ("GBR", "HARTLEY SMITH KHAN CAMPBELL", "OLIVER AMELIA JAMES PRIYA", "LEEDS LONDON BRISTOL", "ddddddddd"),
    ("AUS", "NGUYEN WILLIAMS TAYLOR BROWN", "LACHLAN CHLOE JACK MATILDA", "PERTH SYDNEY DARWIN", "xxddddddd"),
    ("USA", "GARCIA JOHNSON MILLER DAVIS", "MICHAEL ASHLEY JOSE GRACE", "OHIO TEXAS BOSTON", "Adddddddd"),
    ("CHN", "ZHANG WANG LI OUYANG", "WEI XIAOMING FANG YI", "BEIJING SICHUAN HUNAN", "Exddddddd"),
    ("JPN", "SATO SUZUKI ITO WATANABE", "HARUTO YUI KENJI SAKURA", "TOKYO OSAKA NAGOYA", "xxddddddd"),
    ("FRA", "MARTIN BERNARD PETIT LEROY", "LOUIS CAMILLE LEA HUGO", "PARIS LYON NANTES", "ddxxddddd"),
    ("NLD", "JANSEN BAKKER VISSER SMIT", "DAAN SANNE PIETER LOTTE", "UTRECHT DELFT ZWOLLE", "xxddddddd"),
    ("IND", "SHARMA PATEL REDDY IYER", "AARAV DIYA RAJESH ANANYA", "MUMBAI DELHI CHENNAI", "xddddddd"),
    ("KOR", "KIM LEE PARK CHOI", "MINJUN SEOYEON JIHOON HAEUN", "SEOUL BUSAN DAEGU", "Mdddxdddd"),
    ("RUS", "IVANOV SMIRNOVA KUZNETSOV VOLKOV", "DMITRII ANASTASIIA SERGEI OLGA", "MOSKVA OMSK TOMSK", "ddddddddd"),
)
CHARACTERS = {"d": "0123456789", "x": "ABCDEFGHJKLMNPRTUVWXYZ"}


def arrival(rng: random.Random, now: datetime) -> Report:
    """One guest's report."""
    state, surnames, given, places, shape = rng.choice(GUESTS)
    surname, names = rng.choice(surnames.split()), " ".join(rng.sample(given.split(), rng.choice((1, 1, 2))))
    number = "".join(rng.choice(CHARACTERS.get(each, each)) for each in shape)
    born = PartialDate(rng.randint(1940, 2008), rng.randint(1, 12), rng.randint(1, 28))
    expiry = date(rng.randint(now.year + 1, now.year + 9), rng.randint(1, 12), rng.randint(1, 28))
    sex, entered = rng.choice("MF"), now.date() - timedelta(days=rng.randrange(9))
    details = Details(
        issuing_state=state,
        surname=surname,
        given_names=names,
        document_number=number,
        nationality=state,
        birth_date=born,
        sex=sex,
        expiry_date=expiry,
    )
    papers = Document("P", number, state, expiry, compose("TD3", details))
    permit = StayPermit(rng.choice(("A1", "B1", "C1")), None, entered + timedelta(days=30), entered)
    guest = Guest(surname, names, sex, born, rng.choice(places.split()), state, papers, permit)
    stay = Stay(now, now.date() + timedelta(days=rng.randint(1, 9)), str(rng.randint(1, 40)))
    return Report(new_id(now, rng.randbytes), new_id(now, rng.randbytes), Kind.CHECK_IN, now, guest, stay)


def main() -> None:
    """Make the reports and write the file."""
    path, count = Path(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 188)  # noqa: S311  the same guests in every run
    now = datetime.now(WIB).replace(microsecond=0)
    reports = [arrival(rng, now - rng.random() * LAST_HOURS) for _ in range(count)]
    path.write_text(json.dumps([to_json(report).decode() for report in reports]), encoding="utf-8")


if __name__ == "__main__":
    main()
