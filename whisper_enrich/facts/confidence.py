"""How often each rule is right: its confidence.

Measured by reading. For every rule, facts were drawn from the five LoCoMo development conversations (both speakers) and
the sample conversations, and read beside their messages by the author of the rules; the command is

    python benchmarks/facts_locomo.py --rule NAME --sample 50 --seed 1

Right: the message says so about this user, now or at the stated time, and the statement names what it speaks of. "It
reminds {user} of home" and "{user} will add it to their list" count as wrong although they are true: without the message
nobody knows what "it" is. By truth alone 3 of the 160 general facts and 1 of the 60 likes were wrong.

The confidence is the mean of the Beta posterior with a uniform prior, ``(right + 1) / (read + 2)``: between 0 and 1 for
any counts, and cautious where few facts were read. Rules of which fewer than `FEW` were read share one pooled count.

These are readings by the author of the rules. Independent readers may judge more strictly: put their counts here.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Below this many readings a rule is given the pooled figure.
FEW = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """How many facts of a rule were read, and how many were right."""

    read: int
    right: int

    @property
    def precision(self) -> float:
        """Posterior mean of the precision under a uniform prior."""
        return (self.right + 1) / (self.read + 2)


READINGS: dict[str, Reading] = {
    "general": Reading(110, 91),
    "general_other": Reading(50, 22),
    "feels": Reading(60, 47),
    "likes": Reading(60, 51),
    "wants": Reading(34, 24),
    "plans": Reading(35, 26),
    "shared_picture": Reading(28, 24),
    "will_do": Reading(19, 8),
    "looks_forward": Reading(17, 13),
    "is_into": Reading(15, 15),
    "thinks": Reading(12, 10),
    "took_up": Reading(11, 11),
    "must_do": Reading(9, 6),
    "learning": Reading(5, 4),
    "allergic_to": Reading(5, 5),
    "age_in_years": Reading(5, 5),
    "was_given": Reading(5, 4),
}
#: All other rules together.
POOLED = Reading(59, 54)


def of_rule(name: str) -> float:
    """The measured precision of a rule, the pooled one where too few of its facts have been read; in (0, 1)."""
    reading = READINGS.get(name)
    return (POOLED if reading is None or reading.read < FEW else reading).precision
