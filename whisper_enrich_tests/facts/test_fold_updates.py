"""What a person says later, and what becomes of what they said before."""

from __future__ import annotations

import pytest

from whisper_enrich.facts.fold import fold
from whisper_enrich_tests.facts.fold_builders import history, now, said

CASES = {
    # one value at a time
    "a home is what was said": (
        ["2025-01-05 lives_in=leeds"],
        ["lives_in=leeds"],
        [],
    ),
    "a move replaces the home": (
        ["2025-01-05 lives_in=leeds", "2025-05-01 lives_in=york"],
        ["lives_in=york"],
        ["lives_in=leeds superseded 2025-01-05 2025-05-01"],
    ),
    "moving back makes the old home current again": (
        ["2025-01-05 lives_in=leeds", "2025-05-01 lives_in=york", "2025-09-01 lives_in=leeds"],
        ["lives_in=leeds"],
        ["lives_in=leeds superseded 2025-01-05 2025-05-01", "lives_in=york superseded 2025-05-01 2025-09-01"],
    ),
    "three homes leave two behind": (
        ["2025-01-05 lives_in=leeds", "2025-02-05 lives_in=york", "2025-03-05 lives_in=hull"],
        ["lives_in=hull"],
        ["lives_in=leeds superseded 2025-01-05 2025-02-05", "lives_in=york superseded 2025-02-05 2025-03-05"],
    ),
    "repeating a home changes nothing": (
        ["2025-01-05 lives_in=leeds", "2025-02-05 lives_in=leeds", "2025-03-05 lives_in=leeds"],
        ["lives_in=leeds"],
        [],
    ),
    "a new job replaces the old one": (
        ["2025-01-05 works_at=acme", "2025-05-01 works_at=bolt"],
        ["works_at=bolt"],
        ["works_at=acme superseded 2025-01-05 2025-05-01"],
    ),
    "a new job touches neither occupation nor home": (
        [
            "2025-01-05 works_at=acme",
            "2025-01-05 works_as=nurse",
            "2025-01-05 lives_in=leeds",
            "2025-05-01 works_at=bolt",
        ],
        ["lives_in=leeds", "works_as=nurse", "works_at=bolt"],
        ["works_at=acme superseded 2025-01-05 2025-05-01"],
    ),
    "a birthday makes older": (
        ["2025-01-05 age=33", "2025-06-05 age=34"],
        ["age=34"],
        ["age=33 superseded 2025-01-05 2025-06-05"],
    ),
    "marrying ends the engagement": (
        ["2025-01-05 relationship_status=engaged", "2025-06-05 relationship_status=married"],
        ["relationship_status=married"],
        ["relationship_status=engaged superseded 2025-01-05 2025-06-05"],
    ),
    "a vegetarian turns vegan": (
        ["2025-01-05 diet=vegetarian", "2025-06-05 diet=vegan"],
        ["diet=vegan"],
        ["diet=vegetarian superseded 2025-01-05 2025-06-05"],
    ),
    "giving up smoking replaces smoking": (
        ["2025-01-05 smokes=yes", "2025-06-05 smokes=no"],
        ["smokes=no"],
        ["smokes=yes superseded 2025-01-05 2025-06-05"],
    ),
    "taking it up again makes it current": (
        ["2025-01-05 smokes=yes", "2025-06-05 smokes=no", "2025-07-05 smokes=yes"],
        ["smokes=yes"],
        ["smokes=no superseded 2025-06-05 2025-07-05", "smokes=yes superseded 2025-01-05 2025-06-05"],
    ),
    "a name can change": (
        ["2025-01-05 name=alexander", "2025-06-05 name=alexandra"],
        ["name=alexandra"],
        ["name=alexander superseded 2025-01-05 2025-06-05"],
    ),
    # stated times
    "a stated start is where the home begins": (
        ["2025-01-05 lives_in=leeds from 2019-04-01", "2025-05-01 lives_in=york"],
        ["lives_in=york"],
        ["lives_in=leeds superseded 2019-04-01 2025-05-01"],
    ),
    "the start may be told later": (
        ["2025-01-05 lives_in=leeds", "2025-02-05 lives_in=leeds from 2019-04-01", "2025-05-01 lives_in=york"],
        ["lives_in=york"],
        ["lives_in=leeds superseded 2019-04-01 2025-05-01"],
    ),
    "of two stated moves the later move counts, whichever was told last": (
        ["2025-05-05 lives_in=leeds from 2025-04-20", "2025-05-10 lives_in=york from 2025-03-20"],
        ["lives_in=leeds"],
        ["lives_in=york superseded 2025-03-20 2025-04-20"],
    ),
    "an old move told after today's home is biography": (
        ["2025-05-01 lives_in=leeds", "2025-05-10 lives_in=paris from 2015-01-01"],
        ["lives_in=leeds"],
        ["lives_in=paris superseded 2015-01-01 2025-05-01"],
    ),
    "biography goes between what came before and after": (
        [
            "2025-05-01 lives_in=leeds from 2020-01-01",
            "2025-05-02 lives_in=rome from 2010-01-01",
            "2025-05-03 lives_in=paris from 2015-01-01",
        ],
        ["lives_in=leeds"],
        ["lives_in=paris superseded 2015-01-01 2020-01-01", "lives_in=rome superseded 2010-01-01 2015-01-01"],
    ),
    "a new job dated back to last month replaces what was said in between": (
        ["2025-04-10 works_at=acme", "2025-05-20 works_at=bolt from 2025-04-01"],
        ["works_at=bolt"],
        ["works_at=acme corrected 2025-04-01 2025-04-01"],
    ),
    "a new job dated back keeps what was known before the change": (
        ["2025-01-10 works_at=acme", "2025-04-10 works_at=acme", "2025-05-20 works_at=bolt from 2025-04-01"],
        ["works_at=bolt"],
        ["works_at=acme superseded 2025-01-10 2025-04-01"],
    ),
    "news of one home outweighs a plain mention of another, dated start or not": (
        [
            "2025-04-10 lives_in=leeds",
            "2025-05-01 lives_in=leeds from 2025-03-20",
            "2025-05-02 lives_in=york from 2025-04-01",
        ],
        ["lives_in=york"],
        ["lives_in=leeds superseded 2025-03-20 2025-04-01"],
    ),
    "the start of a home does not date back its later mentions": (
        [
            "2025-04-05 lives_in=york from 2025-04-01",
            "2025-04-10 lives_in=leeds",
            "2025-05-01 lives_in=leeds from 2025-03-20",
        ],
        ["lives_in=leeds"],
        ["lives_in=leeds superseded 2025-03-20 2025-04-01", "lives_in=york superseded 2025-04-01 2025-04-10"],
    ),
    "'from today' is no plan": (
        ["2025-01-05 works_at=acme", "2025-02-05 works_at=bolt from 2025-02-05"],
        ["works_at=bolt"],
        ["works_at=acme superseded 2025-01-05 2025-02-05"],
    ),
    "what is said after the news counts again": (
        ["2025-05-20 works_at=bolt from 2025-04-01", "2025-05-25 works_at=acme"],
        ["works_at=acme"],
        ["works_at=bolt superseded 2025-04-01 2025-05-25"],
    ),
    "a stay with a last day is current until it is replaced": (
        ["2025-05-05 lives_in=leeds to 2025-08-31"],
        ["lives_in=leeds"],
        [],
    ),
    "what follows after the last day leaves the end as stated": (
        ["2025-05-05 lives_in=leeds to 2025-05-31", "2025-08-01 lives_in=york"],
        ["lives_in=york"],
        ["lives_in=leeds superseded 2025-05-05 2025-06-01"],
    ),
    # several values
    "several pets are kept side by side": (
        ["2025-01-05 has_pet=dog: rex", "2025-02-05 has_pet=cat: tom", "2025-03-05 has_pet=dog: bella"],
        ["has_pet=cat: tom", "has_pet=dog: bella", "has_pet=dog: rex"],
        [],
    ),
    "likes gather": (
        ["2025-01-05 likes=olives", "2025-01-06 likes=tea", "2025-01-07 likes=hiking"],
        ["likes=hiking", "likes=olives", "likes=tea"],
        [],
    ),
    "two children, two languages": (
        ["2025-01-05 has_child=mila", "2025-01-05 has_child=ben", "2025-01-05 speaks=german", "2025-01-06 speaks=thai"],
        ["has_child=ben", "has_child=mila", "speaks=german", "speaks=thai"],
        [],
    ),
    "a dog's death ends the dog and no other pet": (
        ["2025-01-05 has_pet=dog: rex", "2025-01-05 has_pet=cat: tom", "2025-03-05 not has_pet=dog: rex"],
        ["has_pet=cat: tom"],
        ["has_pet=dog: rex retracted 2025-01-05 2025-03-05"],
    ),
    "the only dog is meant by 'my dog'": (
        ["2025-01-05 has_pet=dog: rex", "2025-01-05 has_pet=cat: tom", "2025-03-05 not has_pet=dog"],
        ["has_pet=cat: tom"],
        ["has_pet=dog: rex retracted 2025-01-05 2025-03-05"],
    ),
    "with two dogs 'my dog' means neither": (
        ["2025-01-05 has_pet=dog: rex", "2025-01-05 has_pet=dog: bella", "2025-03-05 not has_pet=dog"],
        ["has_pet=dog: bella", "has_pet=dog: rex"],
        [],
    ),
    "no pets any more ends them all": (
        ["2025-01-05 has_pet=dog: rex", "2025-01-05 has_pet=cat: tom", "2025-03-05 not has_pet="],
        [],
        ["has_pet=cat: tom retracted 2025-01-05 2025-03-05", "has_pet=dog: rex retracted 2025-01-05 2025-03-05"],
    ),
    "a pet that comes after stays": (
        ["2025-01-05 has_pet=dog: rex", "2025-03-05 not has_pet=", "2025-04-05 has_pet=cat: tom"],
        ["has_pet=cat: tom"],
        ["has_pet=dog: rex retracted 2025-01-05 2025-03-05"],
    ),
    "an attribute that the vocabulary does not know gathers values": (
        ["2025-01-05 collects=stamps", "2025-02-05 collects=coins"],
        ["collects=coins", "collects=stamps"],
        [],
    ),
    # taste
    "olives are liked, then no longer": (
        ["2025-01-05 likes=olives", "2025-05-05 dislikes=olives"],
        ["dislikes=olives"],
        ["likes=olives superseded 2025-01-05 2025-05-05"],
    ),
    "olives are disliked, then liked": (
        ["2025-01-05 dislikes=olives", "2025-05-05 likes=olives"],
        ["likes=olives"],
        ["dislikes=olives superseded 2025-01-05 2025-05-05"],
    ),
    "a taste that changes twice": (
        ["2025-01-05 likes=olives", "2025-05-05 dislikes=olives", "2025-06-05 likes=olives"],
        ["likes=olives"],
        ["dislikes=olives superseded 2025-05-05 2025-06-05", "likes=olives superseded 2025-01-05 2025-05-05"],
    ),
    "disliking olives says nothing about tea": (
        ["2025-01-05 likes=tea", "2025-05-05 dislikes=olives"],
        ["dislikes=olives", "likes=tea"],
        [],
    ),
    "a dislike meets its like in another spelling": (
        ["2025-01-05 likes=video games", "2025-05-05 dislikes=videogames"],
        ["dislikes=videogames"],
        ["likes=video games superseded 2025-01-05 2025-05-05"],
    ),
    "no longer liking is not yet disliking": (
        ["2025-01-05 likes=olives", "2025-05-05 not likes=olives"],
        [],
        ["likes=olives retracted 2025-01-05 2025-05-05"],
    ),
    "taking back a like does not touch the dislike that replaced it": (
        ["2025-01-05 likes=olives", "2025-05-05 dislikes=olives", "2025-06-05 not likes=olives"],
        ["dislikes=olives"],
        ["likes=olives superseded 2025-01-05 2025-05-05"],
    ),
    "liking nothing any more leaves the dislikes": (
        ["2025-01-05 likes=tea", "2025-01-05 dislikes=olives", "2025-05-05 not likes="],
        ["dislikes=olives"],
        ["likes=tea retracted 2025-01-05 2025-05-05"],
    ),
    # retraction and return
    "a break-up without a name ends the partner": (
        ["2025-01-05 partner=sam", "2025-05-05 not partner="],
        [],
        ["partner=sam retracted 2025-01-05 2025-05-05"],
    ),
    "a break-up with a name ends that partner": (
        ["2025-01-05 partner=sam", "2025-05-05 not partner=sam"],
        [],
        ["partner=sam retracted 2025-01-05 2025-05-05"],
    ),
    "making up revives the partner": (
        ["2025-01-05 partner=sam", "2025-05-05 not partner=", "2025-06-05 partner=sam"],
        ["partner=sam"],
        ["partner=sam retracted 2025-01-05 2025-05-05"],
    ),
    "breaking up again ends the second time too": (
        ["2025-01-05 partner=sam", "2025-02-05 not partner=", "2025-03-05 partner=sam", "2025-04-05 not partner=sam"],
        [],
        ["partner=sam retracted 2025-01-05 2025-02-05", "partner=sam retracted 2025-03-05 2025-04-05"],
    ),
    "somebody new after the break-up": (
        ["2025-01-05 partner=sam", "2025-05-05 not partner=", "2025-08-05 partner=alex"],
        ["partner=alex"],
        ["partner=sam retracted 2025-01-05 2025-05-05"],
    ),
    "a break-up does not bring back the partner before": (
        ["2025-01-05 partner=sam", "2025-03-05 partner=alex", "2025-05-05 not partner="],
        [],
        ["partner=alex retracted 2025-03-05 2025-05-05", "partner=sam superseded 2025-01-05 2025-03-05"],
    ),
    "taking back an earlier partner leaves the present one": (
        ["2025-01-05 partner=sam", "2025-03-05 partner=alex", "2025-05-05 not partner=sam"],
        ["partner=alex"],
        ["partner=sam superseded 2025-01-05 2025-03-05"],
    ),
    "a break-up dated back ends it on that day": (
        ["2025-01-05 partner=sam", "2025-05-20 not partner= from 2025-04-20"],
        [],
        ["partner=sam retracted 2025-01-05 2025-04-20"],
    ),
    "a break-up dated back outlasts what was said in between": (
        ["2025-01-05 partner=sam", "2025-05-10 partner=sam", "2025-05-20 not partner= from 2025-04-20"],
        [],
        ["partner=sam retracted 2025-01-05 2025-04-20"],
    ),
    "a break-up dated back is about the partner of that time": (
        ["2025-01-05 partner=sam", "2025-05-10 partner=alex", "2025-05-20 not partner= from 2025-04-20"],
        ["partner=alex"],
        ["partner=sam retracted 2025-01-05 2025-04-20"],
    ),
    "quitting this month ends a job that began within it": (
        ["2025-05-10 works_at=acme from 2025-05-05", "2025-05-20 not works_at=acme from 2025-05-01"],
        [],
        ["works_at=acme retracted 2025-05-05 2025-05-05"],
    ),
    "quitting in the same breath as the new job": (
        ["2025-01-05 works_at=acme", "2025-05-05 10:00 not works_at=acme", "2025-05-05 10:00 works_at=bolt"],
        ["works_at=bolt"],
        ["works_at=acme retracted 2025-01-05 2025-05-05"],
    ),
    "a joke taken back was never so": (
        ["2025-01-05 10:00 works_at=circus", "2025-01-05 10:05 not works_at=circus"],
        [],
        ["works_at=circus retracted 2025-01-05 2025-01-05"],
    ),
    "what is taken back may be misspelt": (
        ["2025-01-05 lives_in=edinburgh", "2025-02-05 not lives_in=edinbrugh"],
        [],
        ["lives_in=edinburgh retracted 2025-01-05 2025-02-05"],
    ),
    "taking back what was never said does nothing": (
        ["2025-01-05 lives_in=leeds", "2025-01-06 not lives_in=york"],
        ["lives_in=leeds"],
        [],
    ),
    "taking back comes too early for what is said afterwards": (
        ["2025-01-05 not partner=", "2025-01-06 partner=sam"],
        ["partner=sam"],
        [],
    ),
    "a statement is taken back by its own words": (
        ['2025-01-05 : "{user} collects stamps"', '2025-02-06 not : "{user} collects stamps."'],
        [],
        ["{user} collects stamps retracted 2025-01-05 2025-02-06"],
    ),
    "other words take nothing back": (
        ['2025-01-05 : "{user} collects stamps"', '2025-01-06 not : "{user} collects coins"'],
        ["{user} collects stamps"],
        [],
    ),
    "a break-up ends a partner without a name too": (
        ['2025-01-05 partner= : "{user} has a girlfriend"', "2025-05-05 not partner="],
        [],
        ["{user} has a girlfriend retracted 2025-01-05 2025-05-05"],
    ),
    "a partner without a name does not replace one with a name": (
        ["2025-01-05 partner=sam", '2025-02-05 partner= : "{user} has a girlfriend"'],
        ["partner=sam", "{user} has a girlfriend"],
        [],
    ),
    # correction
    "a correction on the same day was always so": (
        ["2025-01-05 10:00 lives_in=leeds", "2025-01-05 10:02 lives_in=york"],
        ["lives_in=york"],
        ["lives_in=leeds corrected 2025-01-05 2025-01-05"],
    ),
    "of three on one day the last counts": (
        ["2025-01-05 10:00 age=33", "2025-01-05 10:02 age=34", "2025-01-05 10:04 age=35"],
        ["age=35"],
        ["age=33 corrected 2025-01-05 2025-01-05", "age=34 corrected 2025-01-05 2025-01-05"],
    ),
    "a slip put right leaves the old home uninterrupted": (
        ["2024-03-05 lives_in=york", "2025-01-05 10:00 lives_in=leeds", "2025-01-05 10:02 lives_in=york"],
        ["lives_in=york"],
        ["lives_in=leeds corrected 2025-01-05 2025-01-05"],
    ),
    "a move told on the day of the old home's last mention is a move": (
        ["2024-03-05 lives_in=york", "2025-01-05 10:00 lives_in=york", "2025-01-05 18:00 lives_in=leeds"],
        ["lives_in=leeds"],
        ["lives_in=york superseded 2024-03-05 2025-01-05"],
    ),
    "another place for the same stated move corrects it": (
        ["2025-05-01 lives_in=leeds from 2025-03-01", "2025-05-09 lives_in=york from 2025-03-01"],
        ["lives_in=york"],
        ["lives_in=leeds corrected 2025-03-01 2025-03-01"],
    ),
    "two minutes around midnight are two days": (
        ["2025-01-05 23:59 lives_in=leeds", "2025-01-06 00:01 lives_in=york"],
        ["lives_in=york"],
        ["lives_in=leeds superseded 2025-01-05 2025-01-06"],
    ),
    "another birthday corrects the first": (
        ["2025-01-05 birthday=05-03", "2025-06-05 birthday=05-04"],
        ["birthday=05-04"],
        ["birthday=05-03 corrected 2025-01-05 2025-01-05"],
    ),
    "a birthday in the past tense is a birthday": (
        ["2025-01-05 past birthday=1990-05-03 from 1990-05-03"],
        ["past birthday=1990-05-03"],
        [],
    ),
    "an earlier year of birth, said later, counts": (
        ["2025-01-05 past birth_year=1990 from 1990-01-01", "2025-02-05 past birth_year=1989 from 1989-01-01"],
        ["past birth_year=1989"],
        ["past birth_year=1990 corrected 2025-01-05 2025-01-05"],
    ),
    "where somebody comes from does not move with them": (
        ["2025-01-05 past from=lagos", "2025-05-05 lives_in=leeds"],
        ["lives_in=leeds", "past from=lagos"],
        [],
    ),
    # plans
    "a plan to move moves nobody": (
        ["2025-01-05 lives_in=leeds", "2025-02-05 plan lives_in=york from 2025-05-01"],
        ["lives_in=leeds", "plan lives_in=york"],
        [],
    ),
    "a plan that comes true replaces the home and ends": (
        [
            "2025-01-05 lives_in=leeds",
            "2025-02-05 plan lives_in=york from 2025-05-01",
            "2025-05-10 lives_in=york from 2025-05-02",
        ],
        ["lives_in=york"],
        ["lives_in=leeds superseded 2025-01-05 2025-05-02", "plan lives_in=york superseded 2025-05-01 ?"],
    ),
    "a plan called off leaves everything as it was": (
        [
            "2025-01-05 lives_in=leeds",
            "2025-02-05 plan lives_in=york from 2025-05-01",
            "2025-03-05 not plan lives_in=york",
        ],
        ["lives_in=leeds"],
        ["plan lives_in=york retracted 2025-05-01 ?"],
    ),
    "'I am not moving' calls off the plan": (
        ["2025-01-05 lives_in=leeds", "2025-02-05 plan lives_in=york", "2025-03-05 not lives_in=york"],
        ["lives_in=leeds"],
        ["plan lives_in=york retracted ? ?"],
    ),
    "calling off all moves ends the plans only": (
        ["2025-01-05 lives_in=leeds", "2025-02-05 plan lives_in=york", "2025-03-05 not plan lives_in="],
        ["lives_in=leeds"],
        ["plan lives_in=york retracted ? ?"],
    ),
    "leaving a home ends the home and not the plan to come back": (
        ["2025-01-05 lives_in=leeds", "2025-02-05 plan lives_in=leeds", "2025-03-05 not lives_in=leeds"],
        ["plan lives_in=leeds"],
        ["lives_in=leeds retracted 2025-01-05 2025-03-05"],
    ),
    "a plan called off may be made again": (
        ["2025-02-05 plan visited=rome", "2025-03-05 not plan visited=rome", "2025-04-05 plan visited=rome"],
        ["plan visited=rome"],
        ["plan visited=rome retracted ? ?"],
    ),
    "'from next Monday I work there' is a plan": (
        ["2025-01-05 works_at=acme", "2025-02-05 works_at=bolt from 2025-02-10"],
        ["plan works_at=bolt", "works_at=acme"],
        [],
    ),
    "leaving at the end of June is not leaving": (
        ["2025-01-05 works_at=acme", "2025-06-05 not works_at=acme from 2025-06-30"],
        ["works_at=acme"],
        [],
    ),
    "a trip taken ends the plan of it": (
        ["2025-02-05 plan visited=rome from 2025-04-01", "2025-04-20 past visited=rome from 2025-04-02 to 2025-04-09"],
        ["past visited=rome"],
        ["plan visited=rome superseded 2025-04-01 ?"],
    ),
    "a trip taken long ago does not end a new plan": (
        ["2024-04-20 past visited=rome", "2025-02-05 plan visited=rome from 2025-04-01"],
        ["past visited=rome", "plan visited=rome"],
        [],
    ),
    "two plans stand side by side": (
        ["2025-02-05 plan lives_in=york", "2025-02-06 plan lives_in=hull"],
        ["plan lives_in=hull", "plan lives_in=york"],
        [],
    ),
    "a plan without an attribute is a fact of its own": (
        ['2025-02-05 plan : "{user} is going to paint the fence"'],
        ["plan {user} is going to paint the fence"],
        [],
    ),
    "a promise and a wish stand beside each other": (
        ["2025-02-05 promises_to=call his mother", "2025-02-05 wants=a boat"],
        ["promises_to=call his mother", "wants=a boat"],
        [],
    ),
    # past
    "a past home is history and replaces nothing": (
        ["2025-01-05 lives_in=leeds", "2025-02-05 past lives_in=paris from 2010-01-01 to 2010-12-31"],
        ["lives_in=leeds"],
        ["past lives_in=paris past 2010-01-01 2011-01-01"],
    ),
    "a past home alone leaves the home unknown": (
        ["2025-02-05 past lives_in=paris from 2010-01-01 to 2010-12-31"],
        [],
        ["past lives_in=paris past 2010-01-01 2011-01-01"],
    ),
    "a past home without dates has none": (
        ["2025-02-05 past lives_in=paris"],
        [],
        ["past lives_in=paris past ? ?"],
    ),
    "the past told twice is told once": (
        ["2025-02-05 past lives_in=paris", "2025-03-05 past lives_in=paris"],
        [],
        ["past lives_in=paris past ? ?"],
    ),
    "two stays in one place are two": (
        [
            "2025-02-05 past lives_in=paris from 2010-01-01 to 2010-12-31",
            "2025-02-06 past lives_in=paris from 2014-01-01 to 2014-12-31",
        ],
        [],
        ["past lives_in=paris past 2010-01-01 2011-01-01", "past lives_in=paris past 2014-01-01 2015-01-01"],
    ),
    "a past stay in today's home is told beside it": (
        ["2025-01-05 lives_in=leeds", "2025-02-05 past lives_in=leeds from 2010-01-01 to 2010-12-31"],
        ["lives_in=leeds"],
        ["past lives_in=leeds past 2010-01-01 2011-01-01"],
    ),
    "a former taste is not today's": (
        ["2025-02-05 past likes=olives"],
        [],
        ["past likes=olives past ? ?"],
    ),
    "what happened is a fact though it is past": (
        ['2025-02-05 past event=ran a marathon from 2025-02-01 to 2025-02-01', "2025-02-05 past graduated=leeds"],
        ["past event=ran a marathon", "past graduated=leeds"],
        [],
    ),
    "a statement about the past without an attribute is a fact": (
        ['2025-02-05 past : "{user} used to sing in a choir"'],
        ["past {user} used to sing in a choir"],
        [],
    ),
    "an event taken back did not happen": (
        ["2025-02-05 10:00 past event=won the lottery", "2025-02-05 10:01 not event=won the lottery"],
        [],
        ["past event=won the lottery retracted ? 2025-02-05"],
    ),
    "a death in the family stays": (
        ["2025-02-05 past lost=grandmother", "2025-05-05 has_relative=grandmother: ida"],
        ["has_relative=grandmother: ida", "past lost=grandmother"],
        [],
    ),
    # what the engine leaves out
    "a hypothetical gives no assertion, and no assertion gives no fact": ([], [], []),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "current", "former"), CASES.values(), ids=CASES.keys())
def test_update(lines, current, former):
    folded = fold(said(*lines))
    assert now(folded) == sorted(current)
    assert history(folded) == sorted(former)


@pytest.mark.parametrize(("lines", "current", "former"), CASES.values(), ids=CASES.keys())
def test_messages_that_arrive_late_end_in_the_same_fold(lines, current, former):
    assertions = said(*lines)
    assert fold(reversed(assertions)) == fold(assertions)
