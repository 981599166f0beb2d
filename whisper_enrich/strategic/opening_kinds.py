"""How a turn would open a conversation, by its first words; whole words only, "hi" is not in "this".

In this order: a greeting; words that take up an earlier talk; announced news; a request; a question; a reaction; news told
in the past ("told chef no", "I swam"); else a statement. English, German, Spanish, French, Italian and Portuguese.
"""

from __future__ import annotations

import re
from itertools import dropwhile

from whisper_enrich.strategic.history import OpeningKind, QuestionKind
from whisper_enrich.strategic.question_kinds import first_question
from whisper_enrich.text.verbs import is_adverb, is_participle, is_past
from whisper_enrich.text.words import any_of, word_set

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_MARKS = r"(?=\s*(?:[^\w\s'-]|$))"
_WHOLE = r"(?![\w'-])"

# Drawn out at will: "heyyy", "holaaa".
_GREETING = re.compile(
    any_of(
        rf"""
        hi+ya{_WHOLE} | hi+{_WHOLE} | he+y+a?{_WHOLE} | hello+{_WHOLE}(?! kitty) | howdy{_WHOLE} | greetings{_WHOLE}
        | sup{_MARKS} | gm{_WHOLE} | (?:what's|whats) up{_WHOLE} | wassup{_WHOLE}
        | good (?:morning|afternoon|evening|day){_WHOLE} | long time no see{_WHOLE}
        | (?:morning|afternoon|evening)(?:{_MARKS}|(?= (?:all|everyone|everybody|folks|there|here|to you)\b))
        | welcome back{_WHOLE}
        | yo+(?:{_MARKS}|(?= (?:man|dude|bro|guys|what|whats|what's|sup|everyone|i|i'm|im|did|is|are|you|u|check)\b))
        | hallo+{_WHOLE} | hallöchen{_WHOLE} | moin+{_WHOLE} | servus{_WHOLE} | grüezi{_WHOLE}
        | grüß (?:gott|dich|euch){_WHOLE} | huhu{_WHOLE} | guten (?:morgen|tag|abend){_WHOLE} | na{_MARKS}
        | na du{_WHOLE} | hola+s?{_WHOLE} | buenas{_WHOLE} | buenos días{_WHOLE} | buen día{_WHOLE}
        | qué tal{_WHOLE} | bonjour{_WHOLE} | bonsoir{_WHOLE} | salut{_WHOLE} | coucou{_WHOLE} | ciao+{_WHOLE}
        | buongiorno{_WHOLE} | buonasera{_WHOLE} | salve{_MARKS} | ehi+{_WHOLE} | olá+{_WHOLE} | oi+e?{_MARKS}
        | bom dia{_WHOLE} | boa (?:tarde|noite){_WHOLE} | e aí{_WHOLE} | hoi{_WHOLE}
        | goede(?:morgen|middag|navond){_WHOLE} | hej{_WHOLE} | hei{_MARKS}
        """
    )
)
_LEADS = re.compile(
    r"(?:(?:omg|oh+|ok|okay|so|well|wow|ugh|hm+|ah+|ha(?:ha)+|lol|um+|alright|right|also|yes|yay+|and|na|also|ach|bueno|pues|bon|alors"
    r"|allora|então)\b[\s,.!…]+)+"
)
_FOLLOW_UP = re.compile(
    any_of(
        r"""
        (?:oh|ok|okay|ah),? and | and | also | plus | btw | by the way | anyways? | again | still | ps | p\.s
        | one more thing | another thing | (?:small |a )?correction
        | as (?:i|you|we) (?:said|mentioned|told|promised) | like (?:i|you|we) (?:said|mentioned|promised)
        | (?:do you |you )?remember | about (?:yesterday|last|earlier|the|that|what|our|your|my)\b(?! to\b)
        | regarding | speaking of | back to | following up | to answer (?:you|your)
        | you (?:asked|said|told|mentioned|were right|wanted) | (?:i )?told you | did i (?:tell|mention)
        | (?:so )?(?:i|we) (?:did|tried) (?:it|that|what you)\b | i(?:'ve| have)? thought about (?:what|it|that)
        | i(?:'ve| have) been thinking about (?:what|our|it|that) | since (?:we|our) (?:last|talk\w*|spoke)
        | last time | where were we | continuing | you know (?:the|that) | (?:wie|was) (?:gesagt|du gesagt)
        | übrigens | weißt du noch | erinnerst du dich | noch was | nochmal | por cierto | además | te acuerdas
        | como (?:te )?dije | sobre lo | au fait | d'ailleurs | tu te souviens | comme je | a proposito | comunque
        | ti ricordi | come dicevo | a propósito | aliás | lembra | como eu disse
        """
    )
    + _WHOLE
)
_ADJECTIVES = r"(?:(?:an?|some|big|good|great|bad|sad|huge|small|quick|private|exciting) )*"
_ANNOUNCED = re.compile(
    any_of(
        rf"""
        guess (?:what|who)
        | (?:i have |i've got |i got |got )?{_ADJECTIVES}(?:news|update|announcement)(?! (?:on|of) your\b)
        | (?:a |the |my )?(?:report|status) (?:as|from|of|after) | (?:report|status|done|finished)(?=\s*[:.!])
        | first day | you(?:'ll| will| won't| wont| would never)(?: never)? (?:guess|believe)
        | it(?:'s| is) (?:official|done|over) | (?:it|that|this) happened | rate mal | stell dir vor
        | (?:ich habe |gute |schlechte )?neuigkeiten | adivina | (?:tengo )?noticias | devine
        | (?:j'ai (?:une|des) )?(?:bonnes? |mauvaises? )?nouvelles? | indovina | (?:ho )?(?:buone )?notizie
        | adivinha | (?:tenho )?novidades?
        """
    )
    + _WHOLE
)
_ASKED_VERBS = any_of(
    """
    help | tell | explain | give | show | remind | send | write | make | recommend | suggest | check | find | list
    | translate | teach | describe | keep | stop | look | read | talk | do me | walk me | take me | share | draft
    | summari[sz]e | pick | be (?:honest|quiet|nice) | let me | say | ask | play | put | add | name
    """
)
_REQUEST = re.compile(
    any_of(
        rf"""
        please | pls | plz | (?:can|could|would|will) (?:you|u|ya) (?:please |pls |maybe |just )?{_ASKED_VERBS}
        | (?:tell|help|give|show|remind|teach|send|ask|write|lend|spare|find|read|sing|walk|wake|quiz|distract) (?:me|us)
        | (?:explain|recommend|translate|suggest|summari[sz]e|describe) | let me know | talk to me | say something
        | be honest
        | i (?:need|want|could use|would like|'d like) (?:you to|(?:your |some )?(?:help|advice|opinion)|a favou?r)
        | i'd like (?:you to|your) | (?:need|wanted) (?:your |some )?(?:help|advice)
        | (?:a )?(?:small |quick )?favou?r | do me a favou?r
        | (?:kannst|könntest|würdest|magst) du (?:mir|uns|bitte|mal) | bitte
        | (?:sag|zeig|gib|hilf|erzähl|erklär|schreib|erinner)e? (?:mir|mich|uns|mal)
        | (?:me )?(?:puedes|podrías|puede) (?:ayudar|decir|dar|contar|explicar|recordar)\w* | por favor | dime
        | ayúdame | cuéntame | explícame | recuérdame | s'il te plaît | s'il vous plaît | stp | dis-moi | aide-moi
        | raconte(?:-moi)? | explique(?:-moi)? | (?:tu peux|peux-tu|pourrais-tu|tu pourrais) (?:me|m'|nous)
        | per favore | dimmi | aiutami | raccontami | spiegami | ricordami
        | (?:mi )?(?:puoi|potresti) (?:dirmi|aiutar\w*|dare|spiegar\w*|raccontar\w*)
        | me (?:diz|diga|conta|conte|ajuda|ajude|explica|explique|lembra|lembre)
        | (?:você )?(?:pode|poderia|podes) me
        """
    )
    + _WHOLE
)
_QUESTION_ANNOUNCED = re.compile(
    any_of(
        r"""
        (?:(?:an?|the|one|quick|honest|serious|stupid|dumb|silly|random|weird) )*(?:questions?|q)(?: for (?:you|the \w+))?
        | i (?:have|had|got|'ve got) (?:\w+ ){1,2}questions? | i (?:want|wanted) to ask
        | (?:i was |just |i'm )?wondering | can i ask | (?:eine )?(?:kurze )?frage | (?:una )?(?:pregunta|domanda)
        | (?:une )?(?:petite )?question | (?:uma )?pergunta
        """
    )
    + _WHOLE
)
# With or without more behind them, these only answer.
_REACTION = re.compile(
    any_of(
        r"""
        l+o+l+ | lmf?a+o+ | rofl | (?:ha){2,}h? | (?:he){2,} | (?:ja){2,} | (?:je){2,} | xd | kkk+
        | (?:rs){2,} | omf?g | wow+ | whoa+ | woah | aw+ | ugh+ | yay+ | eh | meh | phew | yikes | oof | huh
        | thanks | thank you | thx | ty | tysm | k | kk | oki | yes+ | yeah | yea | yep | yup | ya | nope | nah
        | exactly | indeed | agreed | definitely | absolutely | totally | maybe | perhaps | idk | dunno | congrats
        | congratulations | of course | got it | makes sense | fair enough | same here | me too | me neither
        | no way | no worries | no problem | not really | not yet | danke | genau | stimmt | klar | echt | krass
        | gracias | claro | vale | genial | merci | d'accord | ouais | oui | grazie | certo | va bene | esatto
        | obrigad[oa] | valeu | beleza | sim | nein | jein | doch
        """
    )
    + _WHOLE
    + r"|"
    + any_of(
        """
        no | nice | cool | great | good | perfect | sweet | fair | awesome | amazing | lovely | neat | true | same | sure | right
        | deal | fine | wonderful | excellent | brilliant | incredible | ja | nee | sí | si | non | bien | super | toll | schade
        | schön | bello | bom | não
        """
    )
    + _MARKS
    + r"|no(?= (?:i|it|he|she|they|we|you|that|not|thanks|idea)\b)|(?:sounds|looks) (?:good|great|fun|nice|like)\b"
    r"|good (?:point|idea|one|to know)\b"
)
# These, with less than three words behind them; else what follows counts.
_MARKER = re.compile(r"(?:o+h+|a+h+|ok|okay|okey|hm+|sorry|alright|well|so)(?![\w'-])[\s,.!…]*(?P<rest>.*)", re.DOTALL)
_FEW = 3
_RECENT = re.compile(
    any_of(
        """
        today | yesterday | last (?:night(?! shift)|week|weekend|month|\\w+day)
        | this (?:morning|afternoon|evening|week|weekend) | tonight | earlier today | just now
        | the other (?:day|night) | heute | gestern | vorgestern | hoy | ayer | anoche | aujourd'hui | hier | oggi
        | ieri | stamattina | hoje | ontem
        """
    )
    + _WHOLE
)
_PERFECT = re.compile(
    r"(?:ich (?:habe?|hab|bin)|wir (?:haben|sind)) .*\b(?:ge\w+(?:t|en)|\w+iert|ver\w+(?:t|en)|be\w+(?:t|en)|\w+ge\w+(?:t|en))\b"
    r"|(?:yo )?(?:he|hemos) \w+(?:ado|ido|cho|sto)\b|j'ai \w+(?:é|i|u|is|it)\b|(?:je suis|on a|nous avons) \w+(?:é|ée|és|i|u)\b"
    r"|(?:ho|abbiamo) \w+(?:ato|uto|ito|tto|so)\b|sono \w+(?:ato|ata|uto|uta|ito|ita)\b"
)
_PERSONS = word_set("i we he she they it")
_WHOSE = word_set("my our the his her their")
_HAVE = word_set("i've we've ive weve have has had")
# Past forms that tell a view or a state, not an event.
_NO_EVENT = word_set(
    """
    was were thought wanted wondered hoped meant guessed had used wished felt knew needed liked loved hated let put read hit
    cost set
    """
)
_NOT_FIRST = word_set(
    """
    pleased delighted thrilled tired excited interested bored worried married supposed based stressed exhausted confused
    scared
    """
)
_BEFORE_PAST = word_set("just finally so also even then recently already actually really never")


def opening_kind(text: str) -> OpeningKind:
    """The kind of opening that the first words of ``text`` make; pictures alone are a `REACTION`, no words a `STATEMENT`."""
    plain = text.strip().lower().replace("’", "'").lstrip("¡¿\"'*_~ ")
    if not plain or not plain[0].isalnum():
        if _WORD.search(plain) is None:
            return _wordless(plain)
        plain = plain[_WORD.search(plain).start() :]
    if _GREETING.match(plain):
        return OpeningKind.GREETING
    if _FOLLOW_UP.match(plain):
        return OpeningKind.FOLLOW_UP
    lead = _LEADS.match(plain)
    core = plain[lead.end() :] if lead else plain
    if _ANNOUNCED.match(core):
        return OpeningKind.NEWS
    if _REQUEST.match(core):
        return OpeningKind.REQUEST
    if _QUESTION_ANNOUNCED.match(core) or first_question(text) not in (QuestionKind.NONE, QuestionKind.TAG):
        return OpeningKind.QUESTION
    if _REACTION.match(plain) or _is_only_marker(plain):
        return OpeningKind.REACTION
    return OpeningKind.NEWS if _tells_news(core) else OpeningKind.STATEMENT


def _wordless(plain: str) -> OpeningKind:
    if "?" in plain:
        return OpeningKind.QUESTION
    return (
        OpeningKind.REACTION
        if any(ord(char) > 0x2000 for char in plain) or re.search(r"[:;=<]", plain)
        else OpeningKind.STATEMENT
    )


def _is_only_marker(plain: str) -> bool:
    marker = _MARKER.match(plain)
    return marker is not None and len(marker["rest"].split(maxsplit=_FEW)) < _FEW


def _tells_news(text: str) -> bool:
    """Whether the first words tell what happened: a recent day, or a past form after its subject, said or left out."""
    if _RECENT.match(text) or _PERFECT.match(text[:120]):
        return True
    words = list(dropwhile(_BEFORE_PAST.__contains__, _WORD.findall(text[:80])[:7]))
    if not words:
        return False
    if words[1:3] == ["and", "i"]:
        words = words[2:]
    if words[0] in _PERSONS:
        return _past_event(words[1:])
    if words[0] in _WHOSE:
        return _past_event(words[2:]) or _past_event(words[3:])
    if words[0] in _HAVE:
        rest = [word for word in words[1:4] if not is_adverb(word) and word != "been"]
        return bool(rest) and is_participle(rest[0])
    return is_past(words[0]) and words[0] not in _NO_EVENT | _NOT_FIRST


def _past_event(words: list[str]) -> bool:
    """ "(I) finally told him": the verb, after adverbs, is an event in the past or the perfect."""
    verb, *rest = *dropwhile(is_adverb, words), "", ""
    return is_participle(rest[0]) if verb in _HAVE else is_past(verb) and verb not in _NO_EVENT
