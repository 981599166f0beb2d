"""English words for times. See ``lexicon`` for the symbols."""

WORDS = (
    ("D", 0, "today"),
    ("D", -1, "yesterday"),
    ("D", -2, "day before yesterday"),
    ("D", 1, "tomorrow | tmrw | tmr"),
    ("D", 2, "day after tomorrow"),
    ("T", "night", "tonight | tonite"),
    ("l", None, "last | previous"),
    ("L", None, "past"),
    ("t", None, "this | the current"),
    ("x", None, "next | coming | upcoming | following | this coming"),
    ("l", None, "this past | this last"),
    ("a", None, "ago | back"),
    ("z", None, "from now"),
    ("i", "in", "in"),
    ("i", "over", "over | during | within | back in | throughout | for | across"),
    ("j", None, "on | at"),
    ("k", None, "of"),
    ("S", "since", "since | ever since"),
    ("F", None, "after"),
    ("U", None, "until | till | up to | up until | through to"),
    ("B", None, "before | prior to"),
    ("f", None, "from"),
    ("b", None, "between"),
    ("π", None, "to | through | thru"),
    ("η", None, "and"),
    ("O", None, "or"),
    ("d", None, "the | that"),
    ("G", "my", "my | our"),
    ("G", "other", "your | his | her | their"),
    ("r", None, "every | each | any | most | usual | typical"),
    ("Ω", None, "on | onwards | onward"),
    ("α", None, "around | approximately | around about | roughly | circa | ish"),
    ("λ", None, "about"),
    ("n", (1, 1), "a | an | one"),
    ("n", (2, 2), "two"),
    ("n", (2, 3), "couple of | couple | a couple of | a couple"),
    ("n", (2, 5), "few | a few"),
    ("n", (3, 7), "several"),
    ("n", (3, 3), "three"),
    ("n", (4, 4), "four"),
    ("n", (5, 5), "five"),
    ("n", (6, 6), "six"),
    ("n", (7, 7), "seven"),
    ("n", (8, 8), "eight"),
    ("n", (9, 9), "nine"),
    ("n", (10, 10), "ten"),
    ("n", (11, 11), "eleven"),
    ("n", (12, 12), "twelve | a dozen"),
    ("n", (14, 14), "fourteen"),
    ("n", (15, 15), "fifteen"),
    ("n", (20, 20), "twenty"),
    ("n", (30, 30), "thirty"),
    ("K", (30, 30, "minute"), "half an hour | half hour"),
    ("K", (90, 90, "minute"), "an hour and a half | one and a half hours"),
    ("K", (14, 14, "day"), "a fortnight"),
    ("o", 1, "first"),
    ("Z", 2, "second"),
    ("o", 3, "third"),
    ("o", 4, "fourth"),
    ("o", 5, "fifth"),
    ("u", "minute", "minute | min"),
    ("u", "hour", "hour | hr"),
    ("u", "day", "day"),
    ("u", "week", "week"),
    ("u", "weekend", "weekend"),
    ("u", "month", "month"),
    ("u", "quarter", "quarter"),
    ("u", "year", "year"),
    ("u", "decade", "decade"),
    ("V", "minute", "minutes | mins"),
    ("V", "hour", "hours | hrs"),
    ("V", "day", "days"),
    ("V", "week", "weeks"),
    ("V", "weekend", "weekends"),
    ("V", "month", "months"),
    ("V", "quarter", "quarters"),
    ("V", "year", "years | yrs"),
    ("V", "decade", "decades"),
    ("w", 0, "monday"),
    ("w", 1, "tuesday"),
    ("w", 2, "wednesday"),
    ("w", 3, "thursday"),
    ("w", 4, "friday"),
    ("w", 5, "saturday"),
    ("w", 6, "sunday"),
    ("v", 0, "mon"),
    ("v", 1, "tue | tues"),
    ("v", 2, "wed"),
    ("v", 3, "thu | thur | thurs"),
    ("v", 4, "fri"),
    ("v", 5, "sat"),
    ("v", 6, "sun"),
    ("W", 0, "mondays"),
    ("W", 1, "tuesdays"),
    ("W", 2, "wednesdays"),
    ("W", 3, "thursdays"),
    ("W", 4, "fridays"),
    ("W", 5, "saturdays"),
    ("W", 6, "sundays"),
    ("m", 1, "january | jan"),
    ("m", 2, "february | feb"),
    ("M", 3, "march | mar"),
    ("M", 4, "april | apr"),
    ("M", 5, "may"),
    ("M", 6, "june | jun"),
    ("m", 7, "july | jul"),
    ("M", 8, "august | aug"),
    ("m", 9, "september | sept | sep"),
    ("m", 10, "october | oct"),
    ("m", 11, "november | nov"),
    ("m", 12, "december | dec"),
    ("s", "spring", "spring | springtime"),
    ("s", "summer", "summer | summertime"),
    ("s", "autumn", "autumn | fall"),
    ("s", "winter", "winter | wintertime"),
    ("p", "morning", "morning"),
    ("p", "afternoon", "afternoon"),
    ("p", "evening", "evening"),
    ("p", "night", "night"),
    ("ψ", "morning", "mornings"),
    ("ψ", "afternoon", "afternoons"),
    ("ψ", "evening", "evenings"),
    ("ψ", "night", "nights"),
    ("c", 720, "noon | midday"),
    ("c", 1440, "midnight"),
    ("H", "am", "am | a . m"),
    ("H", "pm", "pm | p . m"),
    ("H", "exact", "o clock"),
    ("E", "early", "early"),
    ("E", "mid", "mid"),
    ("E", "late", "late"),
    ("e", "early", "beginning | start"),
    ("e", "mid", "middle"),
    ("e", "late", "end"),
    ("e", "first half", "first half"),
    ("e", "second half", "second half | last half"),
    ("σ", "recently", "recently | lately | these days | of late | these past days"),
    ("σ", "other day", "the other day | the other night | the other evening | the other morning"),
    ("σ", "while ago", "a while ago | some time ago | a while back | sometime ago"),
    ("σ", "long ago", "a long time ago | long ago | ages ago | a long while ago | way back"),
    ("σ", "just now", "just now | a moment ago | a minute ago | a second ago | moments ago"),
    ("σ", "earlier today", "earlier today | so far today"),
    ("σ", "later today", "later today | later on today"),
    ("σ", "earlier this week", "earlier this week | so far this week"),
    ("σ", "earlier this month", "earlier this month | so far this month"),
    ("σ", "earlier this year", "earlier this year | so far this year"),
    ("σ", "later this week", "later this week"),
    ("σ", "later this month", "later this month"),
    ("σ", "later this year", "later this year"),
    ("τ", None, "this time | the same time | around this time | this day | the same day"),
    ("h", "christmas", "christmas | xmas | the christmas holidays | christmas time"),
    ("h", "christmas eve", "christmas eve"),
    ("h", "christmas day", "christmas day"),
    ("h", "boxing day", "boxing day"),
    ("h", "new year's eve", "new year 's eve | new years eve | new year eve"),
    ("h", "new year", "new year | new year 's | new years | new year 's day | new years day"),
    ("h", "easter", "easter | easter weekend"),
    ("h", "good friday", "good friday"),
    ("h", "easter sunday", "easter sunday"),
    ("h", "easter monday", "easter monday"),
    ("h", "carnival", "carnival"),
    ("h", "pentecost", "pentecost | whitsun"),
    ("h", "halloween", "halloween"),
    ("h", "thanksgiving", "thanksgiving"),
    ("h", "valentine's day", "valentine 's day | valentines day | valentine 's"),
    ("β", "birthday", "birthday"),
    ("β", "wedding", "wedding day | wedding"),
    ("β", "wedding anniversary", "wedding anniversary"),
    ("β", "anniversary", "anniversary"),
    ("β", "graduation", "graduation"),
    # What looks like a time and is none.
    (
        "X",
        None,
        "been up to | you up to | we up to | i up to | may i | may we | may you | may be | may have | may not"
        " | good morning | good evening | good night | good afternoon"
        " | happy new year | merry christmas | happy easter | happy birthday | happy halloween | happy christmas"
        " | one day | some day | day by day | day to day | day after day | day in day out | week after week | year after year"
        " | last but not least | last straw | last minute | the last minute | at the last minute"
        " | second chance | second hand | second thought | second thoughts | second nature | wait a second | wait a minute"
        " | just a second | just a minute | in a second | in a minute | give me a second | give me a minute | in a day"
        " | black friday | sunday best | spring roll | spring rolls | spring cleaning | night owl"
        " | march on the | march against | all day long | call it a day | make my day | made my day | day off | days off"
        " | new year resolution | new year 's resolution | new year resolutions | new year 's resolutions"
        " | back and forth | each other | time and again | once in a while | for a while"
        " | end of the day | at the end of the day | end of the world | in the end | the next day"
        " | birthday present | birthday cake | birthday gift | birthday party | christmas tree | christmas present"
        " | christmas presents | christmas card | christmas cards | easter egg | easter eggs | easter bunny"
        " | wedding dress | wedding ring | wedding cake | halloween costume | summer job | summer camp | summer dress"
        " | winter coat | winter sports | winter olympics | monday blues",
    ),
)
STOP_WORDS = (
    "the a an i you we he she it they me my your our is are was were be been do did does have has had what when where who how"
    " which why that this of to and or not about with for from as but if so can could will would should tell told said say"
    " talk talked remember just there then than very more some any all at on in by"
)
AHEAD = (
    r"\b(?:will|going to|gonna|plans?|planned|planning|have to|need to|must|due|upcoming|appointments?"
    r"|scheduled?|ll)\b"
)
BEHIND = (
    r"\b(?:did|was|were|had|said|told|talked|spoke|spoken|discussed|asked|mentioned|wrote|remember|happened|went|felt"
    r"|promised|ve|\w{3,}ed)\b"
)
FIRST = (
    r"\b(?:very )?first (?:time|thing|things|words?) (?:that )?(?:we(?: ever)? (?:talked|spoke|met|chatted|discussed|wrote)"
    r"|(?:i|you)(?: ever)? (?:talked to|spoke to|spoke with|talked with|met|told|said|asked|wrote|messaged|mentioned))"
    r"|\b(?:our|my) (?:very )?first (?:conversation|talk|chat|message|meeting|exchange|discussion)s?\b"
    r"|\bwe first (?:talked|spoke|met|chatted)\b|\bdid we (?:first )?(?:meet|talk|speak|chat) (?:for the )?first\b"
    r"|\bdid we first (?:talk|speak|meet|chat)\b|\bhow (?:did )?we m[ee]e?t\b|\bfirst time (?:did )?we (?:talk|speak|meet|chat)\b"
    r"|\bbeginning of our (?:conversations?|talks?|friendship)\b|\bdid i first (?:tell|mention|talk|speak|meet|ask)\b"
)
LATEST = (
    r"\b(?:did|have|had) (?:we|i|you) last (?:talk(?:ed)?|speak|spoken?|meet|met|chat(?:ted)?|mention|tell|told|discuss|ask)\b"
    r"|\b(?:we|i|you) last (?:talked|spoke|met|chatted|mentioned|told|discussed|said|asked)\b"
    r"|\b(?:very )?last (?:time|things?|words?) (?:that )?(?:we(?: ever)? (?:talked|spoke|met|chatted|discussed|wrote)"
    r"|(?:i|you) (?:talked to|spoke to|spoke with|talked with|told|said|asked|wrote|messaged|mentioned))"
    r"|\b(?:our|my) (?:very )?(?:last|latest|most recent|previous) (?:conversation|talk|chat|message|exchange|discussion)\b"
    r"|\blast time(?: we (?:talked|spoke|met|chatted))?[?.!]*$|\bwhere (?:did|had) we (?:leave|left|stop|stopped)(?: off)?\b"
)
