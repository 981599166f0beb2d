"""First stage: numbers with their units, times of day, stretches of hours."""

from __future__ import annotations

from whisper_enrich.hot_path.time_phrases.rules import Found, Rule

HOUR = 60
DAY = 24 * HOUR
# In minutes from midnight; the night runs into the next day. "Tarde" is the Spanish afternoon, which lasts until dinner.
PARTS = {
    "morning": (5 * HOUR, 12 * HOUR),
    "noon": (11 * HOUR, 13 * HOUR),
    "afternoon": (12 * HOUR, 18 * HOUR),
    "tarde": (12 * HOUR, 20 * HOUR),
    "evening": (18 * HOUR, DAY),
    "night": (18 * HOUR, DAY + 5 * HOUR),
}

Quantity = tuple[float, float, str]


def _quantity(found: Found) -> Quantity | None:
    unit = found.item("uV").roles
    name = unit["u"] if "u" in unit else unit["V"]
    numbers = found.all("n")
    least, most = numbers[0][0], numbers[-1][1]
    return (least, most, name) if 0 < least <= most <= 9999 else None


def _hour(found: Found) -> int | None:
    """ "9 am", "9:30 pm", "15 Uhr"."""
    if "c" in found.items[0].roles:
        minutes = found.items[0].roles["c"]
    else:
        hours = found.get("n")[0]
        if hours > 24:
            return None
        minutes = hours * HOUR
    return _half_of_day(minutes, found.get("H"))


def _half_of_day(minutes: int, half: str) -> int | None:
    if half == "exact":
        return minutes
    if not HOUR <= minutes < 13 * HOUR:
        return minutes if half == "pm" and minutes >= 13 * HOUR else None
    return minutes % (12 * HOUR) + (12 * HOUR if half == "pm" else 0)


def _hour_in_part(found: Found) -> int | None:
    """ "9 in the evening", "las tres de la tarde"."""
    part = found.items[-1].roles["p"]
    minutes = found.get("c") if found.has("c") else found.get("n")[0] * HOUR
    if not 0 < minutes <= 12 * HOUR:
        return None
    late = part in ("afternoon", "tarde", "evening", "noon") or (part == "night" and minutes >= 6 * HOUR)
    return minutes % (12 * HOUR) + (12 * HOUR if late else 0)


def _hours(found: Found) -> tuple[int, int] | None:
    """ "between 3 and 5 pm": the first hour is in the half of the day that puts it before the second."""
    closing = found.items[-1].roles
    last = closing["c"] if "c" in closing else closing["n"][0] * HOUR
    if len(found.all("c")) == 2:
        first = found.get("c")
    else:
        hours = found.get("n")[0]
        if hours > 24:
            return None
        first = hours * HOUR
        if first + 12 * HOUR < last:
            first += 12 * HOUR
    return (first, last) if first < last <= DAY else None


QUANTITIES: tuple[Rule, ...] = (
    ("X", "r[wWusp]", lambda found: "again and again"),
    ("K", "n[Oπ]n[uV]", _quantity),
    ("K", "n[uV]", _quantity),
    ("c", "[cn]H", _hour),
    ("c", "[cn][kij]d?p", _hour_in_part),
)
HOURS: tuple[Rule, ...] = (
    ("C", "b[jd]*[cn]η[jd]*c", _hours),
    ("C", "[fkij]?[jd]*[cn][πU][jd]*c", _hours),
)
