"""Messages of which nobody could ever learn a fact: greetings, thanks, laughter, a lone emoji. They are not sent to a model.

A message is trivial if nothing is left of it once pictures, punctuation and known phrases are taken off, in any mix of
languages ("lol ok danke"). The list is narrow on purpose: a message too many costs a few tokens, one too few a fact. A word
that may answer ("yes", "ok", a raised thumb) is not trivial behind a question.
"""

from __future__ import annotations

import re
import unicodedata

from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.text.words import any_of

_MAX_LENGTH = 120
_MAX_PHRASE = 5


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in text.split("|"))


_SAID = _phrases(
    """
    hi | hii | hey | heya | heyo | hello | hello there | hi there | hey there | yo | sup | what's up | whats up
    | wassup | howdy | hiya | good morning | gm | good afternoon | good evening | good night | night night
    | nighty night | gn | goodnight | bye | bye bye | goodbye | byebye | cya | see ya | see you | see you later
    | see you soon | see you tomorrow | ttyl | talk to you later | talk soon | talk later | take care | sleep well
    | sweet dreams | have a good one | have a good day | have a great day | have a nice day | have a good night
    | good to see you | welcome back | how are you | how are you doing | how's it going | hows it going
    | how are things | and you | thanks | thank you | thank you so much | thank you very much | thanks so much
    | thanks a lot | many thanks | thx | ty | tysm | tyvm | cheers | much appreciated | you're welcome
    | youre welcome | your welcome | yw | np | no problem | no worries | my pleasure | sorry | my bad | oops
    | whoops | lol | lmao | lmfao | rofl | haha | hahah | ha | heh | hehe | hihi | hah | xd | kek | jaja | jajaja
    | jeje | rs | rsrs | kkk | mdr | ptdr | www | bahaha | muahaha | teehee | omg | omfg | wow | woah | whoa | oh
    | ooh | ah | aah | aw | aww | awww | hm | hmm | uh | um | er | huh | oof | ugh | meh | yay | woo | woohoo
    | yikes | damn | dang | wtf | eh | well | so | and | anyway | brb | gtg | g2g | afk | ping | happy new year
    | merry christmas | so sweet | that's funny | so funny | too funny | you're funny | hallo | moin | moin moin
    | servus | grüezi | grüß gott | guten morgen | guten tag | guten abend | gute nacht | tschüss | tschüs | tschau
    | ciao | bis bald | bis später | bis morgen | bis dann | mach's gut | schlaf gut | danke | danke schön
    | dankeschön | danke dir | vielen dank | danke sehr | bitte schön | wie geht's | wie geht es dir | und dir | na
    | na du | ach | ach so | achso | oh je | bonjour | salut | coucou | bonsoir | bonne nuit | bonne journée
    | bonne soirée | au revoir | à bientôt | à demain | à plus | merci | merci beaucoup | merci bien | de rien
    | ça va | comment ça va | et toi | hola | buenas | buenos días | buenas tardes | buenas noches | adiós | chao
    | chau | hasta luego | hasta mañana | hasta pronto | nos vemos | gracias | muchas gracias | mil gracias
    | de nada | qué tal | que tal | cómo estás | como estas | y tú | buongiorno | buonasera | buonanotte
    | buona notte | salve | arrivederci | a presto | a domani | grazie | grazie mille | prego | come stai | come va
    | e tu | olá | oi | oie | bom dia | boa tarde | boa noite | tchau | até logo | até amanhã | obrigado | obrigada
    | muito obrigado | muito obrigada | valeu | tudo bem | e você | hoi | hallo daar | goedemorgen | goedemiddag
    | goedenavond | goedenacht | welterusten | slaap lekker | doei | doeg | dag | tot ziens | tot straks
    | tot morgen | tot later | bedankt | dank je | dank je wel | dankjewel | dank u | graag gedaan | hoe gaat het
    | en jij | hej | hejsan | tjena | god morgon | god natt | godnatt | hej då | hejdå | tack | tack så mycket
    | godmorgen | god nat | mange tak | hei | moi | huomenta | hyvää yötä | kiitos | takk | tusen takk | morn
    | cześć | hejka | siema | dzień dobry | dobry wieczór | dobranoc | pa | na razie | dzięki | dziękuję | ahoj
    | dobré ráno | dobrou noc | děkuji | díky | szia | köszi | köszönöm | jó reggelt | jó éjszakát | bună
    | mulțumesc | noapte bună | merhaba | selam | günaydın | iyi geceler | iyi akşamlar | görüşürüz | teşekkürler
    | teşekkür ederim | sağol | sağ ol | halo | selamat pagi | selamat malam | terima kasih | makasih | xin chào
    | cảm ơn | привет | приветик | здравствуй | здравствуйте | доброе утро | добрый день | добрый вечер
    | спокойной ночи | пока | до свидания | спасибо | большое спасибо | спасибо большое | пожалуйста | лол | ахах
    | хаха | ахаха | ахахах | хех | хихи | как дела | привіт | дякую | добрий ранок | на добраніч | مرحبا | أهلا
    | السلام عليكم | صباح الخير | مساء الخير | تصبح على خير | شكرا | شكرًا | مع السلامة | هههه | ههههه | سلام
    | नमस्ते | धन्यवाद | शुक्रिया | शुभ रात्रि | सुप्रभात | שלום | תודה | לילה טוב | בוקר טוב | γεια | ευχαριστώ
    | καλημέρα | καληνύχτα
    """
)
# They answer a question put to them, and say nothing otherwise.
_AGREED = _phrases(
    """
    ok | okay | okey | okie | okie dokie | oki | okk | k | kk | alright | all right | aight | sure | sure thing
    | fine | good | right | got it | gotcha | i see | i know | true | exactly | indeed | agreed | of course
    | will do | sounds good | fair enough | fair | makes sense | noted | roger | i'm good | im good | i'm fine
    | im fine | i'm ok | im ok | i'm okay | pretty good | not bad | all good | same to you | you too | u too | genau
    | alles klar | klar | stimmt | passt | gut | mir geht's gut | d'accord | dac | bien | très bien | ça marche
    | vale | claro | bueno | de acuerdo | dale | va bene | certo | d'accordo | tá | tá bom | beleza | oké | oke
    | goed | is goed | prima | tamam | хорошо | ладно | окей | ок | понятно | ясно | добре | bra | okej | dobrze
    | jasne | حسنا | تمام | ठीक है | morning | evening | night | later | laters | back | test | testing | nice
    | cool | great | awesome | amazing | neat | sweet | perfect | wonderful | lovely | excellent | brilliant | super
    | toll | klasse | schön | geil | génial | parfait | genial | perfecto | guay | bello | fantastico | perfetto
    | legal | ótimo | leuk | mooi | fijn | gerne | bitte | that's nice | that's great | that's cool | qué bien
    """
)
_ANSWERED = _phrases(
    """
    jaja | yes | yep | yup | yeah | yea | ya | ye | yess | yessir | uh huh | definitely | absolutely | totally | no | nope
    | nah | no way | not really | nein | ja | jo | jep | doch | nee | oui | ouais | si | sí | non | no no | sim
    | não | да | нет | tak | nie | evet | hayır | نعم | لا | हाँ | नहीं | never | maybe | perhaps | idk
    | i don't know | i dont know | dunno | not sure | mhm | mm | mmm
    """
)
_WORDS = frozenset(word for phrase in _SAID | _AGREED | _ANSWERED for word in phrase)
_UNSPACED = (
    "おはよう|おはようございます|こんにちは|こんばんは|おやすみ|おやすみなさい|ありがとう|ありがとうございます|どうも|またね|バイバイ|よろしく"
    "|笑|草|すごい|你好|您好|早|早安|早上好|晚安|谢谢|謝謝|谢谢你|謝謝你|再见|再見|拜拜|不客气|안녕|안녕하세요|고마워|고마워요|감사합니다"
    "|잘 자|잘자|굿모닝|สวัสดี|สวัสดีครับ|สวัสดีค่ะ|ขอบคุณ|ขอบคุณครับ|ขอบคุณค่ะ"
)
_JAMO = unicodedata.normalize("NFKC", "ㅋㅎㅠㅜ")
_UNSPACED_ONE = re.compile(
    unicodedata.normalize("NFKC", rf"(?:{_UNSPACED}|[哈呵嘿嘻]{{2,}}|[{_JAMO}]+|w{{2,}}|笑+|草+|5{{3,}})+")
)
_UNSPACED_AGREED = re.compile(
    "(?:はい|うん|いいえ|ええ|了解|わかった|分かりました|好|好的|是|不是|嗯+|对|네|응|아니|아니요|그래|ใช่|ไม่)+"
)

_LAUGHTER = re.compile(r"l+(?:o+l+)+|l+m+f?a+o+|k{3,}|(?:rs){2,}")
_LAUGHS = tuple(map(frozenset, ("ha", "he", "hi", "ho", "ja", "je", "ji", "ха", "хе", "хи")))
_LONG = re.compile(r"([^\W\d_])\1{2,}")
_MATTER = re.compile(r"<a?:\w+:\d+>|:[a-z0-9_+-]{2,32}:|<[@#][!&]?\d+>|@\w+")
_FACE = re.compile(
    r"(?<!\w)(?:[:;=8x][\-'^o]?[)(\]\[dpo03|/\\*$s]+|[)(]+[-']?[:;=]|</?3+|\^[_.]?\^|-[_.]-|o[._]o|t_+t|:3|uwu|owo)(?!\w)"
)
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_THUMB = re.compile(
    "[\U0001f44d\U0001f44e\u2705\u274c\u2714\u2716\U0001f197\U0001f645\U0001f646\u2611]"
    r"|:(?:thumbs_?up|thumbs_?down|\+1|-1|white_check_mark|heavy_check_mark|x|ok_hand|ok):"
)
_QUESTION = re.compile("[?？؟\u037e՞](?=[^?？؟]{0,160}$)")
_COURTEOUS_QUESTION = re.compile(
    any_of(
        """
        how are you | how are things | how's it going | what's up | how do you do | wie geht's | ça va | qué tal | come stai
        | tudo bem
        """
    )
    + r"[^?]{0,20}\?$",
    re.IGNORECASE,
)


def is_trivial(message: Message, previous: Message | None) -> bool:
    """Whether ``message`` of a user says nothing that could be remembered; ``previous`` is the message before it.

    "ok" answers if the bot has just asked something; "yes" may answer unless the bot has just said something that asks
    nothing, so that without ``previous`` it is not trivial. A message of a bot is not looked at: False.
    """
    if message.speaker is not Speaker.USER or len(message.text) > _MAX_LENGTH:
        return False
    asked = _asks(previous)
    text = unicodedata.normalize("NFKC", message.text).casefold().replace("’", "'")
    if asked is not False and _THUMB.search(text):
        return False
    text = _MATTER.sub(" ", text)
    without_faces = _FACE.sub(" ", text)
    words = [_shortened(token) for token in _TOKEN.findall(without_faces)]
    return _all_known(words, message.bot_name.casefold(), asked)


def _asks(previous: Message | None) -> bool | None:
    """Whether the bot has just asked something worth an answer; None where nobody knows."""
    if previous is None or previous.speaker is Speaker.USER:
        return None
    text = previous.text.rstrip(" \t\n*_\"'”»)")
    return _QUESTION.search(text) is not None and _COURTEOUS_QUESTION.search(text) is None


def _shortened(token: str) -> str:
    """ "hiiii" is "hi", "goood" is "good"; laughter is "haha"."""
    if _laughs(token):
        return "haha"
    spellings = (token, _LONG.sub(r"\1\1", token), _LONG.sub(r"\1", token))
    return next((spelling for spelling in spellings if spelling in _WORDS), token)


def _laughs(token: str) -> bool:
    """One consonant and one vowel in turns ("haha", "mwahahaha", "jejeje"); "hija" is a daughter, "jaja" a yes."""
    core = token.lstrip("mbwu")
    return _LAUGHTER.fullmatch(token) is not None or (len(core) >= 4 and token != "jaja" and frozenset(core) in _LAUGHS)


def _all_known(words: list[str], bot_name: str, asked: bool | None) -> bool:
    phrases = [_SAID]
    if not asked:
        phrases.append(_AGREED)
    if asked is False:
        phrases.append(_ANSWERED)
    place = 0
    while place < len(words):
        length = next(
            (
                length
                for length in range(min(_MAX_PHRASE, len(words) - place), 0, -1)
                if any(tuple(words[place : place + length]) in known for known in phrases)
            ),
            0,
        )
        if length == 0 and not _is_alone(words[place], bot_name, asked):
            return False
        place += max(length, 1)
    return True


def _is_alone(word: str, bot_name: str, asked: bool | None) -> bool:
    if word == bot_name or _UNSPACED_ONE.fullmatch(word):
        return True
    return asked is False and _UNSPACED_AGREED.fullmatch(word) is not None
