"""Plainly synthetic people, rosters, events and trainings over real precincts.

The same seed gives the same bytes. Nobody in here exists: names are drawn from short lists, phone
numbers are 555 numbers, e-mail addresses end in example.org.
"""

import csv
import json
import pathlib
import random

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
START_MS = 1_767_225_600_000  # 2026-01-01
DAY_MS = 86_400_000

GIVEN = (
    "James Mary Robert Patricia John Jennifer Michael Linda David Susan Carlos Ana Luis Sofía Wei Mei "
    "Ahmed Fatima Kwame Zoë Björn Ingrid Noor Priya Tomás Amara Yusuf Hana"
).split()
FAMILY = (
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Lopez Wilson Anderson Thomas Moore Jackson "
    "Martin Lee Thompson White Harris Clark Lewis Walker Ramirez Nguyen Okafor Park Silva Haddad"
).split()
STREETS = "Oak Maple Cedar Pine Elm Hillsborough Person Main Church Mill".split()


class Ids:
    """UUIDv7s that rise, from a seeded source."""

    def __init__(self, source):
        self.source = source
        self.ms = START_MS

    def next(self):
        self.ms += 1
        bits = (self.ms << 80) | (0x7 << 76) | (self.source.getrandbits(12) << 64)
        bits |= (0b10 << 62) | self.source.getrandbits(62)
        text = f"{bits:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def precincts():
    with open(DATA / "nc-precincts.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_lines(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def make(folder, people_count, seed=2026):
    """Writes one JSON-lines file a collection into `folder`; returns what the demo refers to."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    source = random.Random(seed)
    ids = Ids(source)
    units = [row["path"] for row in precincts()]
    counties = sorted({unit.rsplit("/", 1)[0] for unit in units})

    write_lines(
        folder / "unit.jsonl",
        [{"path": "nc", "kind": "state", "name": "North Carolina"}]
        + [
            {"path": county, "parent": "nc", "kind": "county", "name": county[3:].replace("_", " ").title() + " County"}
            for county in counties
        ],
    )

    people = []
    for number in range(people_count):
        given, family = source.choice(GIVEN), source.choice(FAMILY)
        people.append(
            {
                "id": ids.next(),
                "unit": units[number % len(units)],
                "given_name": given,
                "family_name": family,
                "phones": [f"+1-555-{source.randrange(200, 999)}-{source.randrange(10_000):04}"],
                "emails": [f"{family.lower()}.{number}@example.org"],
                "address": f"{source.randrange(1, 999)} {source.choice(STREETS)} Street",
                "languages": ["en"] if source.random() < 0.8 else ["en", "es"],
                "consent": "given",
            }
        )
    write_lines(folder / "person.jsonl", people)

    captains = [
        {
            "id": ids.next(),
            "person": person["id"],
            "unit": person["unit"],
            "role": "captain",
            "term_start": "2026-01-01",
            "status": "confirmed",
            "source": "elected",
        }
        for person in people[: len(units)]
        if source.random() < 0.7
    ]
    write_lines(folder / "role_assignment.jsonl", captains)

    roster = [
        {
            "id": ids.next(),
            "unit": person["unit"],
            "person": person["id"],
            "tags": source.sample(["driver", "phones", "doors", "host", "spanish"], 2),
            "availability": source.choice(["evenings", "weekends", "mornings", "any time"]),
        }
        for person in people
        if source.random() < 0.15
    ]
    write_lines(folder / "roster_entry.jsonl", roster)

    conference = ids.next()
    events = [
        {
            "id": conference,
            "title": {"en": "Annual Precinct Captain Conference", "es": "Conferencia anual"},
            "kind": "conference",
            "hosts": ["nc"],
            "starts_at": START_MS + 320 * DAY_MS,
            "ends_at": START_MS + 322 * DAY_MS,
            "time_zone": "America/New_York",
            "venue": "Raleigh Convention Center",
            "capacity": 10_000,
            "status": "published",
            "visibility": "public",
        }
    ]
    for county in counties:
        events.append(
            {
                "id": ids.next(),
                "title": {"en": f"Reconciliation meeting, {county[3:].replace('_', ' ').title()}"},
                "kind": "tour_meeting",
                "hosts": [county],
                "starts_at": START_MS + source.randrange(200, 320) * DAY_MS,
                "time_zone": "America/New_York",
                "venue": "Church basement",
                "status": "published",
                "visibility": "hosts",
            }
        )
    write_lines(folder / "event.jsonl", events)

    registered = [person for person in people if source.random() < 0.03]
    write_lines(
        folder / "registration.jsonl",
        [
            {
                "event": conference,
                "person": person["id"],
                "unit": person["unit"],
                "ticket_type": "captain",
                "code": f"NC{number:06}",
                "status": "confirmed",
                "badge_name": f"{person['given_name']} {person['family_name']}",
            }
            for number, person in enumerate(registered)
        ],
    )

    course = ids.next()
    write_lines(
        folder / "course.jsonl",
        [{"id": course, "title": {"en": "Precinct basics", "es": "Lo básico"}, "audience": ["captain"], "edition": 1}],
    )
    offerings = [
        {
            "id": ids.next(),
            "course": course,
            "unit": county,
            "quarter": "2026-Q4",
            "title": {"en": f"Precinct basics, {county[3:].replace('_', ' ').title()}"},
            "starts_at": START_MS + source.randrange(290, 330) * DAY_MS,
            "time_zone": "America/New_York",
            "status": "published",
        }
        for county in counties
    ]
    write_lines(folder / "offering.jsonl", offerings)
    by_county = {offering["unit"]: offering["id"] for offering in offerings}
    write_lines(
        folder / "training_record.jsonl",
        [
            {
                "offering": by_county[captain["unit"].rsplit("/", 1)[0]],
                "person": captain["person"],
                "unit": captain["unit"],
                "state": "enrolled",
            }
            for captain in captains
        ],
    )
    return {"people": people, "conference": conference, "registered": registered, "roster": roster}


# In the order in which they refer to each other.
COLLECTIONS = [
    "unit",
    "person",
    "role_assignment",
    "roster_entry",
    "event",
    "registration",
    "course",
    "offering",
    "training_record",
]
