"""Text that tells a system what to do, as against text in which a person tells of themselves.

Nothing of this kind may become a fact about the bot's behaviour. A declared preference is a fact about the user and is
allowed: "call me Alex", "I prefer short answers", "I like it when you joke".

Two grades. *Tampering* is never stored, whoever says it: talk of instructions to be ignored, system prompts, roles and
markup of prompts, jailbreaks. *Ordering* addresses the bot with must, should, from now on, always, or an imperative of
answering. Both are looked for in the text as it reads: without invisible characters, in Latin letters where look-alikes stand,
with spread letters closed up and digits in words read as letters. Thirteen languages are covered, most fully English.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e01ef]"
)
_LOOK_ALIKES = str.maketrans(
    "аАеЕоОрРсСхХуУіІјЈѕЅԁһқвВнНкКмМтТгпзьԛԝαΑεΕιΙκΚνΝοΟρΡτΤυΥχΧηΗβΒμΜΖγσ",
    "aAeEoOpPcCxXyYiIjJsSdhqBBHHkKmMTTrn3bqwaAeEiIkKvNoOpPtTuYxXnHBBuMZys",
)
_SPREAD = re.compile(r"(?<!\w)(?:\w[ ._*-]){3,}\w(?!\w)")
_DOTTED = re.compile(r"(?<!\w)(?:\w[._*-]){2,}\w?(?!\w)")
_SPACES = re.compile(" {2,}")
_LINE_ENDS = re.compile("[\u2028\u2029\u0085\u000b\u000c]")
_BETWEEN = re.compile(r"[ ._*-]")
_MIXED = re.compile(r"(?<!\w)(?=\w*[a-z])(?=\w*[013457@$])[\w@$]{3,}(?!\w)", re.IGNORECASE)
_LEET = str.maketrans("013457@$", "oieastas")


def _one_of(*patterns: str) -> str:
    return "(?:" + "|".join(patterns) + ")"


def _words(text: str) -> str:
    return "(?:" + "|".join(text.split()) + ")"


_RULES = _words(
    "rules? guidelines? polic(?:y|ies) filters? restrictions? constraints? safeguards? programming memor(?:y|ies)"
)
_INSTRUCTIONS = _one_of(
    r"(?:(?:my|the|all|any|your|of|system|developer|previous|prior|earlier|initial|hidden|above|original) )*"
    r"(?:instructions?|prompts?|directives?)",
    rf"(?:previous|prior|earlier|your|these|those|all|any|the|safety|content|system) (?:\w+ ){{0,2}}{_RULES}",
    r"(?:everything|anything|all) (?:above|before|you (?:know|were told|have been told)|said (?:above|before))",
)
_OWN_INSTRUCTIONS = _one_of(
    r"(?:(?:the|all|your|system|developer|previous|prior|earlier|initial|hidden|above"
    r"|original) )+(?:instructions?|prompts?|directives?)",
    rf"(?:previous|prior|earlier|your|safety|content|system) (?:\w+ ){{0,2}}{_RULES}",
)
_OVERRIDE = _words(
    r"ignor\w* disregard\w* forget\w* overrid\w* overrul\w* bypass\w* circumvent\w* disobey\w* violat\w*"
)
_HANDLE = _words(
    "break skip drop reveal leak print repeat show delete erase reset replace rewrite update change follow obey execute"
)
_ORDERS_ELSEWHERE = _words(
    r"""instruc\w+ instruç\w+ istruzion\w+ consign\w+ règles? reglas? regole regras? directiv\w+ direttiv\w+ indicacion\w+ ordres?
    órdenes ordini ordens instructies regels opdrachten instruktioner regler instrukcj\w+ polece\w+ zasad\w* anweisung\w*
    instruktion\w* regeln vorgaben? prompts? befehle? richtlinien?"""
)
_OVERRIDE_ELSEWHERE = _words(
    r"""ignor\w+ oubli\w+ olvid\w+ dimentic\w+ esque[cç]\w+ desconsider\w+ negeer vergeet zapomnij zignoruj vergiss vergesst
    missacht\w* übergeh\w*"""
)
_TAMPERING = re.compile(
    _one_of(
        rf"\b{_OVERRIDE} (?:\w+ ){{0,4}}?{_INSTRUCTIONS}\b",
        rf"\b{_HANDLE}\w* (?:\w+ ){{0,4}}?{_OWN_INSTRUCTIONS}\b",
        r"\b(?:system|developer|hidden|initial|root) ?(?:prompt|message|instructions?|override|mode|note|command)\b",
        r"\b(?:jailbreak(?!ing)\w*|do anything now|(?:dan|god|debug|admin) mode|unfiltered|uncensored)\b",
        r"<\|[^|>]{0,40}\|>|\[/?(?:inst|system|sys|user|assistant)\]|<</?sys>>",
        r"</?(?:talk|system|assistant|instructions?|user|prompt|facts?|memory)\b[^>]{0,40}>",
        r"(?:^|\n)\s*(?:#+\s*)?(?:system|assistant|developer|instructions?|admin)\s*(?:\]|\)|\*\*|note)?\s*[:>]",
        r"(?:^|\n)\s*(?:\d+ )?(?:[UB] \d{1,2}:\d\d|human|user|bot|ai|u|b)\s*:",
        r"\b\w+_\w+\s*[:=]|\b(?:retract|affirm|upsert)\b \w+_\w+",
        r"\b(?:drop|alter|truncate) table\b|\bdelete from \w|\binsert into \w+ ?\(|\bupdate \w+ set \w+ ?="
        r"|\bselect \*|;\s*--",
        r"\bset \w+ ?=|\s--[a-z]{3,}|\buser[-_ ]?\d+\b",
        r"#{2,}\s*(?:system|instructions?|response|new)",
        r"\{\s*[\"']?(?:facts?|line|quote|statement|role|category|attribute)[\"']?\s*:",
        r"\b(?:new|updated|additional|special|important|following|real|actual|secret|core|prime) (?:\w+ )?"
        r"(?:instructions?|directives?|rules?) ?(?:for|to|are|is|from|:)",
        r"\b(?:your|the|its) (?:\w+ )?(?:instructions?|directives?|guidelines?|programming|safety|restrictions?"
        r"|filters?) "
        r"(?:\w+ )?(?:are|is|say|says|have|has|no longer|do not|don't|must|should|now|off|disabled)\b",
        r"\b(?:lift|remove|disable|turn off) (?:\w+ ){0,2}(?:rules|restrictions|filters?|guidelines|limits"
        r"|safety|censorship)\b",
        r"\b(?:no|without) (?:\w+ )?(?:restrictions|filters|guidelines|censorship)\b",
        rf"\b{_OVERRIDE_ELSEWHERE} (?:\w+ ){{0,4}}{_ORDERS_ELSEWHERE}",
        r"\b(?:system(?:prompt|nachricht|anweisung\w*)|entwicklermodus|systeem ?prompt|(?:invite|message"
        r"|prompt) (?:du )?système)\b",
        r"\b(?:mensaje|prompt|messaggio|mensagem) (?:del|de|di|do) sistema\b",
        r"(?:(?:про)?игнорируй\w*|забудь\w*|отмени\w*|нарушай\w*) (?:\w+ ){0,4}(?:инструкци|правил|указани|команд)\w+",
        r"системн\w+ (?:промпт|сообщени|инструкци)\w*",
        r"(?:önceki|tüm|bütün) (?:\w+ ){0,2}(?:talimat|kural|komut)\w* (?:\w+ ){0,2}(?:yok say|unut|görmezden"
        r"|dikkate alma)\w*",
        r"(?:忽略|无视|無視|忘记|忘記|忘掉|绕过|繞過).{0,12}(?:指令|指示|提示|规则|規則|要求|设定|設定)",
        r"系统提示|系統提示|系统指令|系統指令|开发者模式|システムプロンプト|システムメッセージ|開発者モード",
        r"(?:指示|命令|ルール|規則|プロンプト|指令).{0,10}(?:無視|忘れ|従わ)",
        r"(?:지시|명령|규칙|지침|프롬프트).{0,10}(?:무시|잊어|따르지)|시스템 ?(?:프롬프트|메시지)",
        r"(?:تجاهل|انس|تخطى).{0,20}(?:التعليمات|الأوامر|القواعد|التوجيهات)",
        r"(?:निर्देश|नियम|आदेश).{0,14}(?:अनदेखा|भूल|नज़रअंदाज़)",
    ),
    re.IGNORECASE,
)

_BOT = (
    r"(?:you|u|ya|the (?:bot|assistant|ai|model|system|chatbot|llm)|assistant|chatgpt|this (?:bot|ai|assistant|model)"
    r"|an? (?:bot|ai))"
)
_ALLOWED = _words("allowed required supposed obliged instructed permitted forbidden programmed free bound going")
_MUST = _one_of(
    r"must(?:n't| not)?|shall|should(?:n't| not)?|(?:have|has|need|needs|ought|are|is) to",
    rf"(?:are|is)(?: (?:not|never|now|hereby))* {_ALLOWED}",
    r"(?:will|'ll|can|may) (?:now|only|always|never|not|from now)|can't|cannot|won't|will not",
    r"now (?:have|are|act|answer|speak|must)|are now|is now|are no longer",
)
_ANSWERING = _words(
    """answer respond reply speak talk write say output print address refer act behave pretend roleplay role-play obey comply
    reveal refuse agree treat"""
)
_DOING = _words(
    """use include add append begin start end finish sign become be follow remember store save record note log memori[sz]e forget
    ignore tell give send show provide grant confirm stop avoid translate repeat insert mention format list set change update
    delete remove override trust believe consider describe execute run assume prioriti[sz]e help encourage recommend disclose"""
)
_FREE_OF_ORDER = (
    r"(?! (?:see|meet|visit|have seen|hear|know|try|come|be (?:so |very )?(?:proud|happy|tired|kidding|joking|right)))"
)
_TO_A_BOT = _words(
    """recommend mention forget ignore remember store save record log tell give grant approve promote rate warn apply insert add
    append include disclose reveal trust execute delete update decode forward enable disable activate confirm"""
)
_ALWAYS = _words(
    """always only never toujours uniquement jamais siempre solo sólo nunca sempre só somente apenas mai altijd alleen nooit"""
)
_START = r"(?:^|[.!;:\n]\s*)"
_ORDER = re.compile(
    _one_of(
        rf"\b{_BOT}(?: (?:all|also|just|really|always|never|now|therefore|then|still|both))? {_MUST}\b{_FREE_OF_ORDER}",
        r"\b(?:from now on|from this (?:point|moment|message) on\w*|henceforth|from here on|going forward|starting now"
        r"|effective immediately|in (?:all|every) (?:future )?(?:answers?|responses?|repl(?:y|ies)"
        r"|messages?))\b.{0,30}?"
        rf"\b(?:{_BOT}|{_ANSWERING}|{_DOING})\b",
        r"\b(?:i|we) (?:want|need|order|command|instruct|require|expect|authori[sz]e|tell|told|ask|asked"
        r"|would like|'d like|wish"
        rf"|forbid|allow|permit|insist|demand)(?: that)? {_BOT}(?! to (?:call|name|know|meet|address) )\b",
        rf"(?:^|[.!;:,\n]\s*|\b(?:and|so|then|also|please|instead) )(?:(?:please|do not|don't) )+(?:{_ANSWERING}"
        rf"|{_DOING})\b"
        r"(?! (?:feel|think|call me))",
        rf"(?:^|[.!;:,\n]\s*|\b(?:and|so|then|also|please|instead|just|now) )(?:(?:just|now|also|always|never"
        rf"|only|you) )+{_ANSWERING}\b",
        rf"{_START}(?:{_ANSWERING}|{_DOING}) (?:only|always|never|all|every|as|with|to|like|that|your|yourself"
        rf"|the following|this"
        r"|me that|users?|everyone|no|without|exactly)\b",
        rf"{_START}{_ANSWERING} (?:in|me|us|him|her|them)\b|(?<!i )(?<!we )\b{_ANSWERING} only (?:in|with|as|to)\b",
        rf"\b(?:{_ANSWERING}|{_DOING})\b.{{0,40}}\bfrom (?:now|here) on\b|\byour master\b|\bis you\b",
        rf"(?:^|[.!;:,\n]\s*)(?:always|never|only) {_TO_A_BOT}\b",
        rf"{_START}{_TO_A_BOT} (?:all|any|every\w*|whatever|this|that|it|me|us|the|him|her|them|as|user)\b",
        rf"\b{_BOT} (?:never|always|only) (?!know)\w+|\b{_BOT}(?:'d|'ll| would| could| will| do) (?:{_ANSWERING}"
        rf"|{_TO_A_BOT})\b",
        rf"\b{_BOT} (?:{_ANSWERING}|{_TO_A_BOT}|drop|lift) (?:all|every\w*|any\w*|no|your)\b",
        rf"\b{_ANSWERING} (?:as if|as though|like|as|only|in|with|to be) .{{0,30}}"
        r"\b(?:bot|assistant|ai|persona|json|xml|caps|capitals|uppercase|pirate|yaml|markdown|emojis?)\b",
        # An order that hangs on a statement: "..., log that under work", "..., read me some daily", "you be the genie".
        r"[,;] (?:and )?(?:store|save|record|log|mark|memori[sz]e|file|note|write|put) (?:it|this|that|them|his|her)\b",
        r"[,;] (?:and )?(?:read|give|send|tell|show|bring|hand) (?:me|us) (?:some|one|all|every\w*|daily|always)\b",
        r"\bwhatever you (?:write|say|answer|post|reply|do next)\b|\b(?<!if )(?<!would )(?<!can )you be (?:the|my|an?) \w+",
        r"\byour (?:new |only |real |true |secret |main )?(?:name|role|job|task|goal|purpose|mission|persona"
        r"|identity|owner|master"
        r"|creator|duty|objective) (?:is|are|will be|must)\b",
        r"\byou(?:'re| are) (?:(?:now|actually|really|hereby) )+(?:an? |the |my )?\w+",
        r"\b(?:du|ihr|sie) (?:musst|müsst|müssen|sollst|sollt|sollen|darfst|dürft|dürfen)\b",
        r"\b(?:ab jetzt|ab sofort|von nun an|künftig) .{0,20}(?:du|antworte|sprich|schreib|nur|immer|nie)\w*",
        rf"{_START}(?:bitte )?(?:antworte|sprich|schreibe?|verhalte|tu so|gib|nenne|benutze|verwende|merke? dir"
        rf"|speichere) "
        r"(?:nur|immer|nie|ab|auf|in|mit|als|dich|alle|keine|dass|jede\w*)\b",
        r"\b(?:tu dois|vous devez|tu ne dois|désormais|à partir de maintenant|dorénavant)\b",
        r"\b(?:debes|tienes que|deberás|a partir de ahora|de ahora en adelante|devi|dovete|(?:d'|da )ora in poi"
        r"|da adesso in poi)\b",
        r"\b(?:você deve|deves|tens de|a partir de agora|de agora em diante|doravante)\b",
        r"\b(?:je moet|jij moet|je mag niet|u moet|vanaf nu|voortaan|du måste|från och med nu|hädanefter)\b",
        rf"{_START}(?:réponds|répondez|parle|écris|agis|comporte-toi|responde|contesta|habla|escribe|actúa"
        rf"|compórtate|rispondi|parla"
        r"|scrivi|agisci|comportati|responda|fale|escreva|aja|antwoord|spreek|schrijf|gedraag je) "
        rf"(?:{_ALWAYS}|en|in|em|comme|como|come|als|avec|con|com|met|toi)\b",
        r"\b(?:ты должен|ты должна|вы должны|отныне|с этого момента|впредь|с этих пор)\b",
        rf"{_START}(?:отвечай|отвечайте|говори|пиши|веди себя|используй) (?:всегда|только|на|как|никогда)\b",
        rf"\b(?:musisz|od teraz|od tej pory|odtąd)\b|{_START}(?:odpowiadaj|mów|pisz|zachowuj się) (?:zawsze"
        rf"|tylko|po|jak|nigdy)\b",
        r"\b(?:bundan sonra|bundan böyle|şu andan itibaren)\b",
        r"从现在开始|從現在開始|从今以后|從今以後|今后你|你必须|你必須|你应该|你應該|你只能|你不能|[请請](?:始终|始終|只|总是|總是|用)",
        r"これから(?:は)?(?:必ず|常に|ずっと|あなた)|あなたは.{0,12}(?:なければ|べき|しなさい|してください|です)"
        r"|必ず.{0,16}(?:答え|返事|応答|回答)|(?:答え|応答し|返事し|回答し)(?:なさい|ろ|てください)",
        r"지금부터|너는 반드시|당신은 반드시|반드시.{0,12}(?:대답|답변|응답)|(?:대답|답변|응답)(?:해라|하세요|해야)",
        r"מעתה|מעכשיו|עליך ל|אתה חייב",
        r"من الآن فصاعد|يجب عليك|يجب أن ت|أجب دائما|أجب فقط|अब से|आपको हमेशा|तुम्हें हमेशा|हमेशा .{0,12}जवाब",
    ),
    re.IGNORECASE,
)
# What the statement of such a "fact" would say.
_SYSTEM = r"(?:bot|assistant|chatbot|llm|language model|ai model|ai assistant|ai system|system|chatgpt)"
_ARTIFICIAL = r"(?:digital|virtual|artificial|robot(?:ic)?|ai|electronic)"
_COMPANION = _words(
    "companion friend girlfriend boyfriend partner assistant helper buddy wife husband servant slave butler lover pal"
)
_ABOUT_THE_BOT = re.compile(
    _one_of(
        # The bot as the one who does something, by whatever name.
        r"^(?:since [^,]{1,40}, ?|now )?(?:the|this) (?:bot|assistant|chatbot|ai|llm|language model)\b",
        rf"\b(?:my|the|\w+'s) {_ARTIFICIAL} {_COMPANION}\b|\b(?:has|have|got) an? {_ARTIFICIAL} {_COMPANION}\b",
        r"\b(?:other end|far end|side) of (?:this|the) (?:chat|line|conversation)\b",
        rf"\b(?:the |an? |its? |this ){_SYSTEM}(?:'s)?\b.{{0,40}}\b(?:{_MUST}|always|never|only|(?:to|will|can) "
        rf"(?:{_ANSWERING}|{_DOING})|answers?|responds?|repl(?:y|ies)|obeys?|ignores?)\b",
        r"(?:\b(?:bots?|assistants?|moderation|moderators?|restrictions?|disclaimers?)"
        r"|(?:^|\b(?:the|all|any|no|every|that|of) )(?:machines?|robots?))\b.{0,60}\b(?:never|always|only|no|all"
        r"|every\w*|obeys?"
        r"|ignores?|refuses?|warns?|reports?|dropped|lifted|applied)\b",
        r"\b(?:no|all|every|never|drops?|without) (?:\w+ ){0,2}(?:bots?|assistants|moderation|restrictions"
        r"|disclaimers|refusals)\b",
        r"\b(?:obey(?!s their|s them)\w*|compl(?:y|ies) with|kneels?|unconditional\w*)\b",
        r"\b(?:responses?|answers?|replies|outputs?|messages) (?:must|should|have to|need to|shall|are to)\b",
        r"\b(?:must|should|has to|have to) be (?:answered|addressed|obeyed|ignored|treated|granted|told|given)\b",
        r"\b(?:wants|asks|asked|requires|orders|ordered|instructs|instructed|commands|told|tells|demands"
        r"|expects) (?:that )?(?:the )?"
        rf"{_SYSTEM}\b",
    ),
    re.IGNORECASE,
)
_BOT_DOES = re.compile(
    r"\b(?:the|this) (?:bot|assistant|chatbot|llm|ai assistant|ai model|language model) (?:always |never |now )?"
    r"(?!(?:was|has been)\b)\w{2,}s\b",
    re.IGNORECASE,
)
_IDLE = re.compile(
    r"\bif you (?:can't|must|want|care|need|don't|ask|could|come|like)\b[^,.;!?]*"
    r"|\b(?:have |did )?i(?:'ve| have)? (?:already |just |ever |once )?(?:told|tell) you(?! (?:to|that you)\b)",
    re.IGNORECASE,
)
_FACT_ALL_THE_SAME = re.compile(
    r"\b(?:please )?call me \w+|\bi(?:'d| would)? (?:\w+ )?(?:prefer|like|love|hate|dislike|enjoy|appreciate"
    r"|rather have)\b"
    r"|\b(?:please )?(?:remember|note|know|keep in mind|don't forget|do not forget)(?: that)? (?=(?:i|i'm|i've"
    r"|my|we)\b)",
    re.IGNORECASE,
)


# What somebody else told the writer is a thing that happened to them.
_TOLD = re.compile(
    r"\b(?:my|our|the|his|her|their|\w+'s) \w+ (?:told|asked|wanted|ordered|taught) (?:me|us|him|her"
    r"|them) (?:not )?to [^.!?\n]{0,80}",
    re.IGNORECASE,
)
_SHORTHAND = (
    (re.compile(r"\bu r\b", re.I), "you are"),
    (re.compile(r"\bur\b", re.I), "your"),
    (re.compile(r"\b2 (?=[a-z])", re.I), "to "),
)
_PICTURE = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff]+")
_MARK = re.compile("[\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]+")
_CODE = re.compile(
    r"[<>{}\\`|=^$]|%[sdnx]|\(\)|__|--|\.\./|(?:^|\s)/\w+/|'\)|\);|\w+\.\w+\(|\d\s?\*\s?\d|\buser_\w+", re.IGNORECASE
)

_CODE_SIGNS = frozenset("<>{}\\`|=^$%()_*/")


def is_code(text: str) -> bool:
    """Whether a statement or value has what belongs to programs and markup, not to a sentence about a person."""
    text = text.replace("{user}", "")
    return not (_CODE_SIGNS.isdisjoint(text) and "--" not in text) and _CODE.search(text) is not None


def plain_reading(text: str) -> str:
    """``text`` as a person or a model reads it, whatever its characters are."""
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))).replace("’", "'")
    text = _SPACES.sub(" ", _PICTURE.sub(" ", _MARK.sub("", text))).strip(" ")
    for pattern, written_out in _SHORTHAND:
        text = pattern.sub(written_out, text)
    text = _DOTTED.sub(lambda match: _BETWEEN.sub("", match[0]), text)
    text = _SPREAD.sub(lambda match: _BETWEEN.sub("", match[0]), text)
    return _MIXED.sub(lambda match: match[0].translate(_LEET), text)


@lru_cache(maxsize=4096)
def is_tampering(text: str, *, turned: bool = True) -> bool:
    """Whether the text is about overriding, revealing or forging what a system was told. ``turned``: by 13 letters, too."""
    return any(_TAMPERING.search(_TOLD.sub(" ", reading)) for reading in {text, *_readings(text, turned=turned)})


@lru_cache(maxsize=4096)
def is_order(text: str, *, turned: bool = True) -> bool:
    """Whether the text tells its addressee how to behave, and is not a preference that the user declares."""
    return any(
        _ORDER.search(_FACT_ALL_THE_SAME.sub(" ", _IDLE.sub(" ", reading)))
        for reading in _readings(text, turned=turned)
    )


@lru_cache(maxsize=4096)
def is_about_the_bot(statement: str, *, turned: bool = True) -> bool:
    """Whether a statement in the third person says how a bot must behave."""
    readings = _readings(statement, turned=turned)
    return tells_what_the_bot_does(statement) or any(_ABOUT_THE_BOT.search(reading) for reading in readings)


def tells_what_the_bot_does(text: str) -> bool:
    """Whether a sentence has the bot as the one who acts: "the assistant considers me its boss"."""
    return _BOT_DOES.search(text) is not None


def _readings(text: str, *, turned: bool = True) -> set[str]:
    """Plain, plain with look-alikes of other alphabets as the Latin letters that they pass for, and turned by 13 letters."""
    plain = plain_reading(text)
    readings = {plain} if plain.isascii() else {plain, plain.translate(_LOOK_ALIKES)}
    return readings | {codecs.encode(plain, "rot13")} if turned else readings
