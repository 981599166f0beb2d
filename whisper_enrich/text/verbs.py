"""English verb forms: enough to move a sentence from the first person to the third, and to tell tenses apart."""

from __future__ import annotations

import re

from whisper_enrich.text.words import word_set

# Forms that look alike in base and past ("put", "cut", "read") are not here: see UNCHANGED.
IRREGULAR_PAST = word_set(
    """
    ate awoke bade became began bent blew bore bought bound bred broke brought built burnt came caught chose clung
    crept dealt did dove drank drew drove dug dreamt dwelt fed fell felt fled flew forgave forgot fought found froze
    gave got grew had heard held hid hung kept knelt knew laid learnt led left lent lit lost made meant met mistook
    misunderstood overcame overslept paid ran rang redid rewrote rode rose said sang sank sat saw sent shone shook
    shot shrank slept slid slung sold sought spent spilt spoilt spoke spun sprang stank stole stood strode struck
    stuck stung swam swept swore swung taught thought threw told took tore understood undertook unwound upheld was
    were went wept withdrew woke won wore wound wove wrote
    """
)
IRREGULAR_PARTICIPLE = word_set(
    """
    been become begun bent bitten blown born borne bought bound bred broken brought built burnt caught chosen come
    dealt done drawn dreamt driven drunk dug eaten fallen fed felt fled flown forgiven forgotten fought found frozen
    given gone got gotten grown had heard held hidden hit hung hurt kept known laid learnt led left lent let lit
    lost made meant met mistaken outgrown overcome overslept paid put quit read ridden risen run rung said sat seen
    sent set sewn shaken shone shot shown shrunk shut slept slid sold sought spent split spoken spread spun stolen
    stood struck stuck stung sung sunk sworn swollen swum taken taught thought thrown told torn understood
    undertaken upset withdrawn woken won worn wound woven written
    """
)
# Base forms that end like a past tense.
_BASE_IN_ED = word_set(
    """
    bed bleed breed embed exceed feed heed need proceed seed shed shred speed succeed wed weed
    """
)
UNCHANGED = word_set(
    """
    bet bid burst cast cost cut hit hurt let put quit read set shut split spread thrust upset
    """
)
MODALS = word_set("can cannot could may might must ought shall should will would")

BASES = word_set(
    """
    accept achieve act add admire adopt adore afford agree aim allow answer apologise apologize appear apply
    appreciate argue arrive ask assume attend avoid bake be beat become beg begin believe belong bike blame blog
    book boot bother break breathe bring build bully burn buy call camp care carry catch celebrate change chase chat
    cheat check choose clean climb coach code collect come commute compete complain compose concentrate consider
    contact continue control cook cope count cover crave create cross cry dance date deal decide decorate depend
    deserve design develop die disagree discover dislike do doubt draw dream dress drink drive drop earn eat edit
    encourage end enjoy enter escape exercise exist expect experience explain explore express face fail fall fear
    feed feel fight film find finish fish fix fly focus follow forget forgive freelance game garden get give go
    grade grow guess handle happen hate have hear help hide hike hold hope host hunt identify imagine improve
    include inspire intend invest invite jog join joke journal judge jump keep kill knit know lack last laugh lead
    learn leave lend let lie lift like listen live long look lose love make manage marry mean meditate meet mentor
    mind miss mix move need notice offer order organise organize own paint pay perform photograph pick plan plant
    play post practice practise pray prefer prepare present procrastinate promise protect prove provide publish pull
    push quit race raise reach react read realise realize recall receive recommend record recover refuse regret
    relate relax relocate rely remember remind rent repair reply report rescue research respect rest resent restore
    return ride roast row run sail save say search see seem sell send serve sew share shoot shop show sing sit skate
    sketch ski skip sleep smell smile smoke snowboard sort sound speak spend stand start stay stop stream stretch
    struggle study suck suffer suggest support suppose surf survive suspect swear swim take talk taste teach tell
    tend test text thank think throw train translate travel treat trust try tutor tweet type understand update use
    value visit volunteer vote wait wake walk want warn wash watch wear weigh win wish wonder work worry worship
    write yearn
    """
)
ADVERBS = word_set(
    """
    absolutely actually again ain almost already also always barely basically both certainly clearly constantly
    currently daily def definitely deeply either especially even ever eventually finally first fully generally
    genuinely gladly hardly honestly hopefully immediately indeed instantly just kinda last lately later legit
    literally lowkey highkey mainly maybe merely mostly myself nearly never normally not now obviously occasionally
    officially often once only originally otherwise particularly perhaps personally possibly presently primarily
    probably quickly quite rarely rather readily really recently regularly seldom seriously simply since slowly
    sometimes somehow soon sorta specifically still strongly suddenly surely then therefore thus today tonight too
    totally truly typically ultimately usually utterly very well yesterday yet
    """
)
_NOT_ADVERBS_IN_LY = word_set(
    """
    apply bully comply family fly imply july jelly multiply only rely reply supply rally ally tally belly
    """
)
_IRREGULAR_SINGULAR = {
    "be": "is",
    "am": "is",
    "are": "is",
    "have": "has",
    "do": "does",
    "go": "goes",
    "undergo": "undergoes",
}
_SIBILANT = re.compile(r"(?:[sxz]|[cs]h|[^aeiou]o)$")
_CONSONANT_Y = re.compile(r"[^aeiou]y$")


def third_singular(base: str) -> str:
    """The third person singular present of a base form: go -> goes, try -> tries, quiz -> quizzes."""
    irregular = _IRREGULAR_SINGULAR.get(base.lower())
    if irregular is not None:
        return irregular
    if base.lower() == "quiz":
        return base + "zes"
    if _CONSONANT_Y.search(base):
        return base[:-1] + "ies"
    return base + ("es" if _SIBILANT.search(base) else "s")


def is_past(word: str) -> bool:
    """Whether the word can only be a simple past (or a participle of the same form)."""
    word = word.lower()
    return word in IRREGULAR_PAST or (len(word) > 3 and word.endswith("ed") and word not in _BASE_IN_ED)


def is_participle(word: str) -> bool:
    """Whether the word can follow "have"."""
    word = word.lower()
    return word in IRREGULAR_PARTICIPLE or (len(word) > 3 and word.endswith("ed") and word not in _BASE_IN_ED)


def is_adverb(word: str) -> bool:
    """Whether the word may stand between a subject and its verb."""
    word = word.lower()
    return word in ADVERBS or (len(word) > 4 and word.endswith("ly") and word not in _NOT_ADVERBS_IN_LY)


def is_base(word: str) -> bool:
    """Whether the word is a common verb in its base form."""
    return word.lower() in BASES
