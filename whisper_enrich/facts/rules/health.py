"""Health: conditions, allergies, injuries, passing illness, medication, habits."""

from __future__ import annotations

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.lexicon import BODY_PARTS, CONDITION_ADJECTIVES, CONDITIONS, ILLNESSES
from whisper_enrich.facts.rules.model import Cut, Rule, either

_DEGREE = (
    r"(?:(?:a|an|the|some|really|very|bad|severe|mild|chronic|terrible|awful|nasty|slight|horrible|type \d|social"
    r"|general|generali[sz]ed|clinical|major|high-functioning|splitting|small|huge|stomach|chest|ear|sinus|throat"
    r"|high) )*"
)

RULES = (
    Rule(
        "allergic_to",
        Category.HEALTH,
        r"{Im}(?:severely |deathly |mildly |badly |highly |slightly )?(?:allergic|intolerant) to {x}",
        "allergic intolerant",
        "allergic_to",
        "I am allergic to {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        cut=Cut.ACTIVITY,
        lists=True,
        refuses=r"(?:work|mornings|mondays|people|drama|effort|exercise|fun|bullshit)\b",
        max_words=8,
    ),
    Rule(
        "has_allergy",
        Category.HEALTH,
        r"{Ive}(?:have|got) (?:an? |really |bad |severe |mild )*(?:(?P<value>[\w-]+(?: and [\w-]+)?) (?:allergy"
        r"|allergies|intolerance)|allerg(?:y|ies) to (?P<other>[\w -]+))",
        "allergy allergies intolerance",
        "allergic_to",
        "I am allergic to {value}{other}.",
        value="{value}{other}",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        refuses=r"(?:bad|severe|food|seasonal|some|any|my)$",
    ),
    Rule(
        "lactose_intolerant",
        Category.HEALTH,
        r"{Im}(?P<value>lactose|gluten|fructose|histamine)[ -]intolerant",
        "lactose gluten fructose histamine",
        "allergic_to",
        "I am {value} intolerant.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "diagnosed",
        Category.HEALTH,
        r"(?:{Ive}(?:was|been|got|gotten) (?:\w+ )?diagnosed (?:with|as having)|(?:i'm|i am) being treated for"
        r"|{I}suffer from|(?:i'm|i am) (?:\w+ )?suffering from|i've (?:\w+ )?(?:suffered|been suffering) from|i've "
        r"(?:struggled|been struggling) with) {x}",
        "diagnosed treated suffer suffering suffered struggled struggling",
        "diagnosed_with",
        lists=True,
        when_negated=Polarity.RETRACT,
        refuses=r"(?:it|that|this|this stuff|a lack|the fact|my|how|boredom|being)\b",
        max_words=5,
    ),
    Rule(
        "has_condition",
        Category.HEALTH,
        rf"{{Ive}}(?:have|got|had|live with|living with|lived with|developed) {_DEGREE}(?P<value>(?:\w+ "
        rf")?{either(CONDITIONS)}(?: (?:and|and also) {either(CONDITIONS)})?)\b",
        CONDITIONS,
        "diagnosed_with",
        "I have {value}.",
        when_negated=Polarity.RETRACT,
        lists=True,
        refuses=r"(?:no|any|some|an?|my|the|much|less|so) ",
    ),
    Rule(
        "is_condition",
        Category.HEALTH,
        rf"(?:i'm|i am) (?:{{adv}})(?:type \d )?(?P<value>{either(CONDITION_ADJECTIVES)})\b(?=$|,|\.| and | but | "
        r"in | since )",
        CONDITION_ADJECTIVES,
        "diagnosed_with",
        "I am {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "injured",
        Category.HEALTH,
        rf"(?:{{Ive}}(?:broke|broken|sprained|twisted|hurt|injured|tore|torn|fractured|dislocated|strained|pulled"
        r"|burned|burnt|cut|bruised|banged|smashed|threw out) my (?:left |right |lower |upper "
        rf")?(?P<value>{either(BODY_PARTS)})"
        rf"|my (?:left |right |lower |upper )?(?P<other>{either(BODY_PARTS)}) (?:is|are) (?:broken|sprained|swollen"
        r"|killing me|injured|in a cast))\b",
        BODY_PARTS,
        "injured",
        value="{value}{other}",
    ),
    Rule(
        "ill_with",
        Category.HEALTH,
        rf"{{Ive}}(?:have|got|caught|had|came down with|come down with|tested positive for|recovering "
        rf"from) {_DEGREE}(?P<value>{either(ILLNESSES)})\b",
        ILLNESSES,
        "ill_with",
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "takes_medication",
        Category.HEALTH,
        r"(?:{I}take|(?:i'm|i am) (?:\w+ )?(?:on|taking)|i (?:just )?started(?: taking)?) (?P<value>(?:\w+ "
        r")?(?:medication|meds|antidepressants|antibiotics|painkillers|insulin|statins|melatonin|beta blockers"
        r"|ibuprofen|sertraline|prozac|zoloft|lexapro|ritalin|adderall|concerta|metformin|hormones|hrt|the pill"
        r"|vitamin \w|iron))\b",
        "medication meds antidepressants antibiotics painkillers insulin statins melatonin blockers ibuprofen "
        "sertraline prozac zoloft lexapro ritalin adderall concerta metformin hormones hrt pill vitamin iron",
        "takes",
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "in_therapy",
        Category.HEALTH,
        r"(?:(?:i'm|i am) (?:\w+ )?(?:in (?P<value>therapy|rehab|recovery|physical therapy|physiotherapy"
        r"|counsell?ing)|seeing a (?P<other>therapist|psychologist|psychiatrist|counsell?or|physio\w*))|{I}(?:see"
        r"|go to) (?:a |my )?(?P<third>therapist|therapy|psychologist|psychiatrist|counsell?or))\b",
        "therapy rehab recovery counseling counselling therapist psychologist psychiatrist counselor counsellor "
        "physio physiotherapist physiotherapy",
        "takes",
        value="{value}{other}{third}",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "pregnant",
        Category.HEALTH,
        r"(?:(?:i'm|i am) (?:\w+ ){0,3}pregnant|(?:i'm|i am|we're|we are) (?:\w+ )?(?:expecting(?: a (?:baby|child"
        r"|boy|girl)| twins)?$|expecting (?:a (?:baby|child|boy|girl)|twins|our)|having a baby))\b",
        "pregnant expecting having",
        "pregnant",
        value="yes",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "smokes",
        Category.HEALTH,
        r"(?:{I}(?:smoke|vape)(?! (?:alarm|signal|\w+ for dinner))|(?:i'm|i am) a (?:heavy |chain |social )?smoker)\b",
        "smoke vape smoker",
        "smokes",
        value="yes",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "quit_smoking",
        Category.HEALTH,
        r"(?:{Ive}(?:quit|stopped|gave up|given up) (?:smoking|vaping|cigarettes)|(?:i|i've) (?:don't|do not|haven't"
        r"|never|no longer) (?:smoke|smoked|vape)|(?:i'm|i am) a non-?smoker)\b",
        "smoking vaping cigarettes smoke smoked vape smoker nonsmoker non",
        "smokes",
        value="no",
        tense=Tense.PRESENT,
    ),
    Rule(
        "does_not_drink",
        Category.HEALTH,
        r"(?:{Ive}(?:quit|stopped|gave up|given up) (?:drinking|alcohol)|i (?:don't|do not|never|no longer) "
        r"drink(?: alcohol| anymore| any more)?(?=$|[,.]| (?:and|but|so|because)\b| at all| any ?more)|(?:i'm|i am) "
        r"(?:a recovering alcoholic|teetotal|sober|\w+ (?:days|months|years) sober))\b",
        "drinking alcohol drink alcoholic teetotal sober",
        "drinks_alcohol",
        value="no",
        tense=Tense.PRESENT,
    ),
    Rule(
        "surgery",
        Category.HEALTH,
        r"{Ive}(?:had|have|got|undergone|underwent|getting|am having) (?:an? |my )?(?P<value>(?:[\w-]+ )?(?:surgery"
        r"|operation|transplant|c-section|biopsy|concussion|miscarriage|stroke|heart attack|seizure|panic "
        r"attacks?))\b",
        "surgery operation transplant section biopsy concussion miscarriage stroke attack seizure attacks",
        "event",
        cut=Cut.NOTHING,
    ),
)
