"""What the rules know: sentences of everyday chat and the attribute and value that they state."""

from __future__ import annotations

import pytest

from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich_tests.facts.builders import assertions, ended, known

STATED = [
    # personal
    ("My name is Teodora", "name", "teodora"),
    ("hi! i'm Okwudili", "name", "okwudili"),
    ("You can call me Bex", "name", "bex"),
    ("I'm 34", "age", "34"),
    ("im 19 years old and still living at home", "age", "19"),
    ("I'm a 62-year-old who never learned to swim", "age", "62"),
    ("I turned 40 last week", "age", "40"),
    ("My birthday is on March 3rd", "birthday", "03-03"),
    ("tomorrow is my birthday", "birthday", "06-19"),
    ("I was born in 1988", "birth_year", "1988"),
    ("I'm gay and my family is fine with it", "orientation", "gay"),
    ("I came out as bisexual last year", "is_a", "bisexual"),
    ("I'm nonbinary", "gender", "nonbinary"),
    ("My pronouns are they/them", "pronouns", "they/them"),
    ("I'm a practising Catholic", "religion", "practising catholic"),
    ("I'm half Greek", "nationality", "half greek"),
    ("I speak Portuguese and a little Welsh", "speaks", "portuguese"),
    ("I'm fluent in Korean", "speaks", "korean"),
    ("honestly I'm such a night owl", "is_a", "night owl"),
    ("I'm a single mom", "is_a", "single mom"),
    # place
    ("I live in Ghent", "lives_in", "ghent"),
    ("We live near the harbour in Oslo", "lives_in", "harbour"),
    ("I've lived in Nairobi since 2019", "lives_in", "nairobi"),
    ("I'm based in Cork these days", "lives_in", "cork"),
    ("I just moved to Leeds with my cat", "moved_to", "leeds"),
    ("I just moved to Leeds with my cat", "lives_in", "leeds"),
    ("we moved to Porto two years ago", "moved_to", "porto"),
    ("I'm moving to Utrecht next month", "plans_to", "move to utrecht"),
    ("I'm originally from Manitoba", "from", "manitoba"),
    ("I grew up in Enugu", "from", "enugu"),
    ("I was born and raised in Tucson", "from", "tucson"),
    ("Last summer I went to Iceland", "visited", "iceland"),
    ("been to Lisbon twice, loved it", "visited", "lisbon"),
    ("We got back from Malta yesterday", "visited", "malta"),
    # work and study
    ("I work as a welder", "works_as", "welder"),
    ("I'm a paediatric nurse", "works_as", "paediatric nurse"),
    ("I'm a line cook at a ramen place", "works_as", "line cook"),
    ("I used to be a bus driver", "works_as", "bus driver"),
    ("I work for the city council", "works_at", "city council"),
    ("I work at Siemens and hate the commute", "works_at", "siemens"),
    ("I work in a bakery", "works_at", "bakery"),
    ("I work in logistics", "works_in", "logistics"),
    ("I teach geography", "works_as", "teacher"),
    ("I got the job!!", "job_change", "got a job"),
    ("I lost my job on Monday", "job_change", "lost the job"),
    ("I got promoted to head chef", "job_change", "promoted"),
    ("I'm retired now", "works_as", "retired"),
    ("I study marine biology", "studies", "marine biology"),
    ("I'm majoring in economics", "studies", "economics"),
    ("I'm a law student", "is_a", "law student"),
    ("I go to Ghent University", "studies_at", "ghent university"),
    ("I graduated from art school in May", "graduated", "art school"),
    ("we opened a small bakery in April", "works_at", "small bakery"),
    # relationship
    ("My wife Ingrid snores", "partner", "ingrid"),
    ("my boyfriend's name is Tariq", "partner", "tariq"),
    ("I have a girlfriend", "partner", "girlfriend"),
    ("I have two daughters", "has_child", "two daughters"),
    ("My son Emeka starts school soon", "has_child", "son: emeka"),
    ("I'm a dad of three", "has_child", "three"),
    ("I have an older brother", "has_sibling", "older brother"),
    ("my sister Mila lives with me", "has_sibling", "sister: mila"),
    ("My mom is called Rosalind", "mother", "rosalind"),
    ("my grandma Odile taught me to bake", "has_relative", "grandma: odile"),
    ("my best friend Yusuf is visiting", "has_friend", "yusuf"),
    ("I'm single", "relationship_status", "single"),
    ("we got engaged last night!", "relationship_status", "engaged"),
    ("I'm in a long-distance relationship", "relationship_status", "in a relationship"),
    ("my dad passed away in March", "lost", "dad"),
    ("I lost my grandmother last year", "lost", "grandmother"),
    ("I live alone", "lives_with", "nobody"),
    ("I live with two roommates", "lives_with", "two roommates"),
    # possession
    ("I have a cat", "has_pet", "cat"),
    ("I've got two dogs", "has_pet", "two dogs"),
    ("I have a guinea pig", "has_pet", "guinea pig"),
    ("my mother in law Greta is staying", "has_relative", "mother in law: greta"),
    ("my dog Biscuit ate a sock", "has_pet", "dog: biscuit"),
    ("I have a parrot named Captain", "has_pet", "parrot: captain"),
    ("we adopted a grey kitten", "has_pet", "grey kitten"),
    ("I own a small boat", "owns", "small boat"),
    ("I have an old motorcycle", "owns", "old motorcycle"),
    ("I bought a new tent", "acquired", "new tent"),
    ("My uncle gave me his old watch", "acquired", "his old watch"),
    # preference
    ("I love rainy mornings", "likes", "rainy mornings"),
    ("I love my job", "likes", "job"),
    ("I really enjoy bouldering", "likes", "bouldering"),
    ("I like tea, licorice and old maps", "likes", "licorice"),
    ("I'm a huge fan of brass bands", "likes", "brass bands"),
    ("I'm obsessed with crosswords", "likes", "crosswords"),
    ("I don't like olives", "dislikes", "olives"),
    ("I can't stand loud chewing", "dislikes", "loud chewing"),
    ("I hate mondays", "dislikes", "mondays"),
    ("I'm not a fan of horror films", "dislikes", "horror films"),
    ("My favourite colour is teal", "favourite", "colour: teal"),
    ("Dune is my favorite book", "favourite", "book: dune"),
    ("I'm vegan", "diet", "vegan"),
    ("I went vegetarian in January", "diet", "vegetarian"),
    ("I don't eat pork", "diet", "no pork"),
    ("my hobby is restoring radios", "hobby", "restoring radios"),
    ("I do yoga every morning", "hobby", "yoga"),
    ("I collect postcards", "hobby", "collecting postcards"),
    ("I recently took up pottery", "hobby", "pottery"),
    ("I want to learn to sail", "wants", "learn to sail"),
    ("My dream is to open a bookshop", "wants", "open a bookshop"),
    # skill
    ("I play the cello", "plays", "cello"),
    ("I play chess and go", "plays", "chess"),
    ("I'm learning Norwegian", "learning", "norwegian"),
    ("I'm good at fixing bikes", "can", "fixing bikes"),
    ("I know how to weld", "can", "weld"),
    # health
    ("I'm allergic to penicillin", "allergic_to", "penicillin"),
    ("I have a peanut allergy", "allergic_to", "peanut"),
    ("I'm lactose intolerant", "allergic_to", "lactose"),
    ("I was diagnosed with ADHD last year", "diagnosed_with", "adhd"),
    ("I have type 1 diabetes", "diagnosed_with", "diabetes"),
    ("I'm dyslexic", "diagnosed_with", "dyslexic"),
    ("I sprained my ankle", "injured", "ankle"),
    ("I've got a nasty cold", "ill_with", "cold"),
    ("I take antidepressants", "takes", "antidepressants"),
    ("I'm in therapy", "takes", "therapy"),
    ("I'm 12 weeks pregnant", "pregnant", "yes"),
    ("I quit smoking", "smokes", "no"),
    ("I don't drink", "drinks_alcohol", "no"),
    # plans, promises, feelings
    ("I'm going to visit my aunt next weekend", "plans_to", "visit their aunt"),
    ("I'm planning to repaint the kitchen", "plans_to", "repaint the kitchen"),
    ("I'm thinking of quitting sugar", "plans_to", "quitting sugar"),
    ("I'll start running again on Monday", "plans_to", "start running"),
    ("I have a dentist appointment tomorrow", "plans_to", "dentist appointment"),
    ("I promise I'll call my mother", "promises_to", "call their mother"),
    ("I decided to sell the van", "plans_to", "sell the van"),
    ("I feel lonely tonight", "feels", "lonely"),
    ("I'm so nervous about the exam", "feels", "nervous"),
]

ENDED = [
    ("I no longer work at Acme", "works_at", "acme"),
    ("I don't work at the bank anymore", "works_at", "bank"),
    ("I'm not vegan any more", "diet", "vegan"),
    ("I quit my job", "works_at", ""),
    ("I got fired", "works_as", ""),
    ("we broke up", "partner", ""),
    ("My girlfriend left me", "partner", ""),
    ("I'm not married", "relationship_status", "married"),
    ("I don't live in Berlin", "lives_in", "berlin"),
    ("I sold my bike", "owns", "bike"),
    ("I can't swim", "can", "swim"),
    ("I stopped playing tennis", "hobby", "tennis"),
    ("I'm not allergic to nuts", "allergic_to", "nuts"),
    ("I was joking about the tattoo", "", "tattoo"),
    ("I cancelled my trip to Rome", "plans_to", "trip to rome"),
    ("I'm not moving to Leeds after all", "plans_to", "move to leeds"),
    ("I don't have any pets", "has_pet", "pets"),
    ("I haven't got a car", "owns", "car"),
]


@pytest.mark.parametrize(("text", "attribute", "value"), STATED)
def test_a_statement_gives_its_attribute_and_value(text: str, attribute: str, value: str) -> None:
    assert (attribute, value) in known(text)


@pytest.mark.parametrize(("text", "attribute", "value"), ENDED)
def test_what_has_ended_is_retracted(text: str, attribute: str, value: str) -> None:
    assert (attribute, value) in ended(text)


@pytest.mark.parametrize(("text", "attribute", "value"), STATED + ENDED)
def test_attributes_are_of_the_vocabulary(text: str, attribute: str, value: str) -> None:
    found = assertions(text)
    assert all(assertion.attribute == "" or assertion.attribute in ATTRIBUTES for assertion in found)


def test_who_moved_this_month_still_lives_there_next_month() -> None:
    homes = [a for a in assertions("I moved to York this month.") if a.attribute == "lives_in"]
    assert [(home.value, home.holds_to) for home in homes] == [("york", None)]


def test_being_down_for_something_is_no_low_mood() -> None:
    assert [a.value for a in assertions("I'm down to join the meeting.") if a.attribute == "feels"] == []
    assert [a.value for a in assertions("I've been feeling down since Monday.") if a.attribute == "feels"] == ["down"]
