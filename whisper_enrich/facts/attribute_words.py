"""How each attribute is commonly said: words that a statement under it may use although its quote does not.

They name the kind of the fact ("follows a vegan diet", "is a physics student"), never its matter, which is in the value and
has to be quoted. Left out on purpose: words that claim more than the attribute does (allergic, addicted, engaged, owner).
"""

from __future__ import annotations

from functools import cache

from whisper_enrich.facts.wording import folded

_WORDS = {
    "name": "name called nickname goes heisst genannt prénom surnom apodo",
    "age": "age aged years old turns turned turning alt âge edad",
    "birthday": "birthday born birthdate geburtstag anniversaire cumpleaños",
    "birth_year": "born year geboren né née nacido nacida",
    "gender": "gender identifies",
    "orientation": "orientation sexuality identifies",
    "pronouns": "pronouns uses goes",
    "religion": "religion faith practises practices practicing practising religious observant glaubens",
    "nationality": "nationality heritage descent origin origins roots nationalität",
    "speaks": "language languages speaker fluent sprache langue idioma",
    "is_a": "considers describes identifies person",
    "lives_in": "lives based resident resides living wohnt lebt",
    "from": "comes born originally native hometown grew raised stammt kommt originaire",
    "moved_to": "moved relocated",
    "visited": "visited travelled traveled trip been",
    "works_as": "works profession professional occupation employed job beruf arbeitet métier profesión",
    "works_at": "works employed employee employer staff angestellt",
    "works_in": "works field industry sector career",
    "studies": "studies student studying degree course subject major majoring field learning studiert student studentin étudiant"
    " étudiante estudiante",
    "studies_at": "studies student enrolled attends studiert étudiant étudiante estudiante",
    "job_change": "job position role",
    "graduated": "graduate graduated graduation degree",
    "relationship_status": "relationship status",
    "partner": "partner relationship dating together beziehung pareja couple",
    "married_to": "married wife husband spouse marriage verheiratet marié mariée casado casada",
    "has_child": "child parent kid kind enfant hijo hija",
    "has_sibling": "sibling siblings geschwister",
    "has_relative": "relative family",
    "mother": "mother",
    "father": "father",
    "has_friend": "friend friends freund freundin ami amie amigo amiga",
    "lost": "lost died passed death late",
    "lives_with": "lives together shares home household",
    "has_pet": "pet haustier mascota",
    "owns": "owns possesses",
    "acquired": "got acquired new",
    "favourite": "favourite favorite lieblings préféré préférée favorito favorita",
    "diet": "follows diet eats eating food ernährt régime dieta",
    "hobby": "hobby enjoys regularly member pastime activity mitglied membre miembro",
    "wants": "wants wishes would",
    "plays": "plays player member",
    "can": "can able knows ability",
    "learning": "learning learns lessons beginner",
    "diagnosed_with": "has lives condition",
    "ill_with": "has ill sick",
    "injured": "injured injury hurt",
    "takes": "takes medication medicine uses",
    "pregnant": "pregnant pregnancy expecting",
    "smokes": "smoker smokes smoking",
    "drinks_alcohol": "drinker drinks alcohol",
    "plans_to": "plans intends going",
    "promises_to": "promises undertakes",
    "thinks": "opinion believes thinks finds",
    "feels": "feeling feels",
}


@cache
def words_for(attribute: str) -> frozenset[str]:
    """The words that need no origin under ``attribute``, folded."""
    return folded([_WORDS.get(attribute, "")])
