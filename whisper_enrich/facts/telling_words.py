"""Words that a retelling in the third person may use although its original does not.

``TELLING`` by language: pronouns, articles, auxiliaries, prepositions, and the verbs with which one tells of anybody (have,
live, work, be called, like, plan). They claim no thing, name or number. ``GROUPS``: words of which each may stand for
another. ``NEGATIONS`` and the words of liking and disliking are kept apart, because swapping them turns a statement
round.
"""

from __future__ import annotations

from functools import cache

from whisper_enrich.text.words import word_set

_EN = word_set(
    """
    a an the and or but so because since as if that this these those there here who whom whose which what where when while
    how why than then of in on at to from for with without by about after before during into onto over under up down out off
    through between around near until till within along across behind against per via like just also too even still again
    already yet now currently once ever always usually often sometimes very much many more most some any all each every both
    other others another own same such only really quite several few lot lots whole rather together almost away back else well
    i me my mine myself we us our ours you your yours he him his himself she her hers herself they them their theirs
    themselves it its itself one ones someone something somebody anyone anything everyone everything user person people
    am is are was were be been being has have had having do does did doing done will would can could shall should may might
    must ought s t m re ve ll d don doesn didn isn aren wasn weren hasn haven hadn won wouldn couldn shouldn ain
    not no never none nobody nothing neither nor cannot longer
    go goes going gone went come comes came coming get gets got gotten getting take takes took taken taking make makes made
    making keep keeps kept keeping say says said saying tell tells told telling call calls called name names named use uses
    used using start starts started begin begins began begun beginning finish finished finishes become becomes became
    want wants wanted plan plans planned planning intend intends hope hopes hoping expect expects promise promises promised
    mean means think thinks thinking believe believes find finds feel feels feeling felt consider considers know knows
    like likes liked liking love loves loved loving enjoy enjoys enjoyed prefer prefers preferred hate hates hated dislike
    dislikes disliked live lives lived living work works worked working study studies studied studying play plays played
    playing own owns owned has owned give gives gave given giving receive receives received need needs needed try tries tried
    trying visit visits visited attend attends learn learns learning speak speaks spoken able decide decides decided
    stay stays staying stayed remain remains identify identifies suffer suffers consume consumes regard regards describe
    describes described wish wishes state stated states report reports reported mention mentioned say
    year years month months week weeks day days today time times old age aged long ago recently current present former
    previous next last new late soon thing things kind type place way part bit
    """
)
_DE = word_set(
    """
    namens genannt
    der die das den dem des ein eine einen einem einer eines und oder aber weil da dass wenn als wie wo wer was mit ohne bei
    von vom zu zum zur in im ins an am auf aus nach vor seit bis fur uber unter um gegen durch zwischen neben auch noch schon
    nur sehr mehr immer oft manchmal jetzt derzeit gerade wieder dort hier da dann sich ich mich mir mein meine meinen meinem
    meiner wir uns unser unsere du dich dir dein er ihn ihm sein seine seinen seinem seiner sie ihr ihre ihren ihrem ihrer es
    ist sind war waren bin bist sein gewesen hat haben hatte hatten habe wird werden wurde worden kann konnte konnen will
    wollte mochte soll sollte muss musste darf macht machen geht gehen ging kommt kommen bekommt bekam bekommen nimmt gibt
    heisst heissen genannt wohnt wohnen lebt leben arbeitet arbeiten studiert spielt mag liebt hasst findet denkt glaubt
    meint plant verspricht versprochen besitzt gehort fuhlt weiss spricht lernt jahr jahre jahren alt monat monate tag tage
    woche wochen nicht kein keine keinen keinem nie niemals mehr dieser diese dieses alle alles viel viele etwas person
    """
)
_NL = word_set(
    """
    de het een en of maar want omdat dat die als hoe waar wie wat met zonder bij van naar in op aan uit na voor sinds tot over
    onder om tegen door tussen naast te ook nog al alleen heel erg zeer meer altijd vaak soms nu momenteel weer daar hier dan
    zich ik mij me mijn wij we ons onze jij je jou jouw hij hem zijn zij ze haar hun hen het is bent ben zijn was waren geweest
    heeft hebben heb had hadden gehad wordt worden werd geworden kan kon kunnen wil wilde zal zou moet moest mag mocht doet
    gaat gaan ging komt komen krijgt kreeg neemt geeft heet heten genoemd woont wonen leeft werkt werken studeert speelt houdt
    vindt denkt gelooft plant belooft beloofd bezit voelt weet spreekt leert jaar jaren oud maand maanden dag dagen week weken
    niet geen nooit deze dit alle alles veel iets
    """
)
_FR = word_set(
    """
    le la les l un une des du de d et ou mais parce que qu qui quoi dont ou si comme comment avec sans chez a au aux en dans
    sur sous pour par depuis jusqu vers entre contre apres avant pendant aussi encore deja seulement tres plus toujours souvent
    parfois maintenant actuellement ici y je j me m moi mon ma mes nous notre nos tu te toi ton ta tes vous votre il elle lui
    se s son sa ses leur leurs ils elles on ce c cela ca cet cette ces est sont suis es etait etaient ete etre sera a ont ai as
    avait avaient eu avoir va vais vont aller fait fais faire peut peux pouvoir veut veux vouloir doit dois vient viens prend
    donne s appelle nomme habite vit vis travaille etudie joue aime adore deteste prefere trouve pense croit prevoit compte
    promet promis possede sent sait parle apprend an ans annee annees age mois jour jours semaine semaines ne n pas jamais
    aucun aucune rien tout tous toute toutes autre meme quelque personne
    """
)
_ES = word_set(
    """
    llamado llamada
    el la los las lo un una unos unas y e o u pero porque que quien cual cuando donde como si con sin de del a al en por para
    desde hasta sobre bajo entre contra tras durante tambien todavia aun ya solo muy mas siempre a veces ahora actualmente
    aqui alli alla yo me mi mis mio conmigo nosotros nos nuestro tu te ti tus usted el le lo ella ellos ellas les se su sus
    suyo es son soy eres era eran ser fue fueron sido esta estan estoy estaba estar ha han he has habia haber hay tiene
    tienen tengo tenia tuvo tener va van voy ir iba hace hacen hago hizo hacer puede puedo poder quiere quiero queria querer
    debe debo viene vengo da doy dice digo llama llamo vive vivo trabaja trabajo estudia estudio juega juego gusta gustan
    encanta ama odia prefiere cree creo piensa pienso planea promete prometido posee siente sabe se habla aprende ano anos
    edad mes meses dia dias semana semanas no nunca jamas ningun ninguna nada todo toda todos todas otro otra mismo cada este
    esta estos estas ese esa eso esto persona
    """
)
_IT = word_set(
    """
    il lo la i gli le l un uno una e ed o ma perche che chi cui quando dove come se con senza di del dello della dei degli
    delle a al allo alla ai agli alle da dal dalla in nel nella nei nelle su sul sulla per tra fra contro durante dopo prima
    anche ancora gia solo molto piu sempre spesso ora adesso attualmente qui li io mi me mio mia miei mie noi ci nostro tu ti
    te tuo lui lei gli loro si suo sua suoi sue e sono sei era erano essere stato stata ha hanno ho hai aveva avere va vanno
    vado fa faccio fare puo posso vuole voglio deve devo viene vengo da do dice dico chiama chiamo vive vivo abita abito lavora
    lavoro studia studio gioca suona piace piacciono ama odia preferisce crede pensa pianifica promette promesso possiede sente
    sa parla impara anno anni eta mese mesi giorno giorni settimana settimane non mai nessun nessuna niente tutto tutta tutti
    altro altra stesso ogni questo questa quello quella persona
    """
)
_PT = word_set(
    """
    o a os as um uma uns umas e ou mas porque que quem qual quando onde como se com sem de do da dos das em no na nos nas num
    numa por pelo pela para ao aos desde ate sobre sob entre contra apos durante tambem ainda ja so muito mais sempre as vezes
    agora atualmente aqui la eu me mim meu minha meus minhas nos nosso tu te voce teu seu sua seus suas ele ela eles elas lhe
    lhes dele dela e sao sou era eram ser foi foram sido esta estao estou estava estar tem tenho tinha teve ter ha vai vao vou
    ir faz faco fez fazer pode posso quer quero queria deve devo vem venho da dou diz digo chama chamo mora moro vive vivo
    trabalha trabalho estuda estudo joga toca gosta gosto ama adora odeia prefere acha pensa acredita planeja promete prometido
    possui sente sabe sei fala aprende ano anos idade mes meses dia dias semana semanas nao nunca nenhum nenhuma nada todo toda
    todos todas outro outra mesmo cada este esta esse essa isso isto pessoa
    """
)
_RU = word_set(
    """
    и или но а потому что который которая которое когда где как если с со без в во на из от до по у к о об про для за под над
    при через между после перед тоже также еще уже только очень более всегда часто сеичас теперь здесь там я меня мне мнои мои
    моя мое мою моего моеи мы нас нам наш ты тебя он его ему им нем она ее еи неи они их свои своя свое свою своеи своего
    себя есть был была было были быть будет буду имеет имел могу может хочу хочет должен должна зовут живу живет жил жила
    работаю работает работал работала учится учусь играет люблю любит любила ненавидит думает думаю считает планирует обещает
    обещал обещала знает говорит год года лет месяц день днеи неделя не нет никогда ничего никакои весь все этот эта это
    """
)
_PL = word_set(
    """
    i oraz lub albo ale bo poniewaz ze ktory ktora ktore kiedy gdzie jak jesli z ze bez w we na od do po u przy dla za pod nad
    przez miedzy przed tez takze jeszcze juz tylko bardzo wiecej zawsze czesto teraz obecnie tu tam ja mnie mi moj moja moje
    mojego mojej my nas nasz ty on jego jemu jej ona ich oni swoj swoja swoje swojego siebie sie jest sa jestem byl byla bylo
    byc bedzie ma mam mial miala miec moze moge chce chciala musi nazywa mieszka mieszkam pracuje studiuje gra lubi lubie kocha
    nienawidzi woli mysli uwaza planuje obiecuje obiecal obiecala wie mowi rok lata lat miesiac dzien dni tydzien nie nigdy
    nic zaden wszystko ten ta to
    """
)
_SV = word_set(
    """
    en ett den det de och eller men for att som vem vad nar var hur om med utan av fran till i pa vid efter fore sedan tills
    over under mot genom mellan ocksa an redan bara mycket mer alltid ofta nu igen dar har da sig jag mig min mitt mina vi oss
    var du dig din han honom hans hon henne hennes de dem deras sin sitt sina ar var varit vara har hade haft ha blir blev kan
    kunde vill ville ska skulle maste far fick gor gar kommer tar ger heter bor bodde lever arbetar jobbar studerar spelar gillar
    alskar hatar foredrar tycker tanker tror planerar lovar lovade ager kanner vet talar lar ar aldre gammal manad dag vecka inte
    ingen inget aldrig alla allt denna detta
    """
)
_TR = word_set(
    """
    ve veya ama cunku ki bu su o bir ile icin gibi kadar sonra once daha en cok az her hep simdi artik da de ben bana beni
    benim biz bizim sen onun ona onu kendi kendisi var yok vardir yoktur olan oldu olarak eder yapar istiyor seviyor sever
    sevmiyor yasiyor calisiyor adi yas yasinda yil ay gun hafta degil hic
    """
)
TELLING: dict[str, frozenset[str]] = {
    "": word_set("user s"),
    "grammar": word_set(
        """
        a an the and or of in on at to from for with by their his her its them der die das den dem ein eine und von mit in im
        de la le les el los las un une una y et e o du des del da do dos het een en van di il lo gli i a au aux
        """
    ),
    "en": _EN, "de": _DE, "nl": _NL, "fr": _FR, "es": _ES, "it": _IT, "pt": _PT, "ru": _RU, "pl": _PL, "sv": _SV, "tr": _TR,
}  # fmt: skip

_SAME = """
    home house lives based resides living from apartment
    | husband spouse married marriage wedding | wife spouse married marriage wedding | marry married marries marriage wedding
    | boyfriend partner | girlfriend partner | fiance fiancee engaged engagement
    | mother mum mom mama mommy mummy | father dad papa daddy | grandmother grandma gran granny nana | grandfather grandpa grandad
    | parent parents folks | parent mother mum mom | parent father dad | brother bro sibling | sister sis sibling
    | son boy child kid | daughter girl child kid | child children kid kids | granddaughter grandchild | grandson grandchild
    | friend buddy pal mate bestie | colleague coworker | boss manager | flatmate roommate housemate roomie
    | dog puppy pup doggo | cat kitten kitty
    | die died dies dead death passed lost gone away late | widow widowed widower
    | broke break breakup split ended separated | divorced divorce
    | job work works position role employed hired shift gig employer | employed works work
    | university uni college campus | school class classes | graduate graduated graduating graduation degree
    | smoke smokes smoker smoking cigarette cigarettes | drink drinks drinking alcohol
    | pregnant expecting | allergic allergy allergies | diagnosed diagnosis | quit quits stop stops stopped quitting gave give
    | bike bicycle | email mail | phone mobile cell | tv television | flat apartment | doctor gp physician
    | buy buys bought purchase purchased got acquired picked | sell sells sold | born birth birthday | exam test | film movie
    | movies films | holiday vacation trip | football soccer | ill sick illness | happy glad | scared afraid fear frightened
    | move moved moving relocate relocated moves | hurt injured injury | medicine medication meds pills | vegan vegans
    | license licence | cancel cancelled canceled off | resign resigned quit left notice | offer offered offers
    | accept accepted yes | refuse refused declined no | earn earns paid salary | travel travels trip fly flies flying
    | exercise workout gym | america usa american | uk britain | favourite favorite fave fav best | colour color
    | hobby hobbies | single unmarried | therapist therapy counsellor | cook cooks cooking | teacher teaches teach taught teaching
    | nurse nursing | dollar dollars bucks | aunt aunty auntie | women girls ladies | child childhood kid
    | programmer developer programming coding | photo photos picture pictures pics | baker bakery
    """
POSITIVE = word_set(
    """
    like likes liked love loves loved loving enjoy enjoys enjoyed adore adores fond prefer prefers preferred favourite favorite
    craves crave fan mag liebe liebt amo adoro aime adore gusta encanta ama piace gosta adora
    houdt люблю любит lubi kocha gillar alskar
    """
)
NEGATIVE = word_set(
    """
    hate hates hated dislike dislikes disliked hasse odio odeio nienawidze detest detests despise loathe loathes
    hasst deteste odia odeia haat ненавидит
    nienawidzi hatar
    """
)
#: Words of one language that are negations in another.
FALSE_NEGATIONS = {
    "de": word_set("mai no ne non n"), "fr": word_set("mai no"), "pt": word_set("no"), "it": word_set("ne"),
    "en": word_set("mai ne"), "es": word_set("ne n"), "nl": word_set("no n"),
}  # fmt: skip
NEGATIONS = word_set(
    """
    not no never none nobody nothing neither nor cannot cant dont doesnt didnt isnt wasnt wont couldnt havent hasnt
    hadnt arent werent shouldnt wouldnt aint without longer t don
    doesn didn isn aren wasn weren hasn haven hadn won wouldn couldn shouldn ain
    nicht kein keine keinen keinem keiner nie niemals niet geen nooit ne n pas jamais aucun aucune nunca jamas ningun ninguna
    nadie non mai nessun nessuna niente nao nenhum nenhuma не нет никогда nie nigdy inte ingen inget aldrig degil yok
    """
)
ENDINGS = word_set(
    """
    quit quits stop stops stopped quitting gave give off cancel cancelled canceled lost lose refuse refused hate hates against
    except until only instead haven leave left leaving less fewer lack lacks without unable fail failed over done ended end
    finished moved sold died dead gone ex former formerly used anymore hardly barely rarely nor deny denied free called
    """
)
_PAST_FORMS = """
    eat ate eaten|be was were been|begin began begun|bite bit bitten|blow blew blown|break broke broken|bring brought
    |build built|burn burnt|buy bought|catch caught|choose chose chosen|come came|cut cut|deal dealt|dig dug|do did done
    |draw drew drawn|dream dreamt|drink drank drunk|drive drove driven|fall fell fallen|feed fed|feel felt|fight fought
    |find found|fly flew flown|forget forgot forgotten|forgive forgave forgiven|freeze froze frozen|get got gotten
    |give gave given|go went gone|grow grew grown|hang hung|have had|hear heard|hide hid hidden|hit hit|hold held|hurt hurt
    |keep kept|know knew known|lay laid|lead led|learn learnt|leave left|lend lent|let let|lie lay lain|lose lost|make made
    |mean meant|meet met|pay paid|put put|read read|ride rode ridden|ring rang rung|rise rose risen|run ran|say said
    |see saw seen|seek sought|sell sold|send sent|set set|shake shook shaken|shoot shot|show shown|shut shut|sing sang sung
    |sink sank sunk|sit sat|sleep slept|speak spoke spoken|spend spent|split split|spread spread|stand stood
    |steal stole stolen|stick stuck|strike struck|swear swore sworn|swim swam swum|take took taken|teach taught
    |tear tore torn|tell told|think thought|throw threw thrown|understand understood|wake woke woken|wear wore worn
    |win won|write wrote written|bend bent|sew sewn|knit knitted|bear bore born|feed fed|hold held|lend lent|sweep swept
    |weave wove woven|wind wound|woman women|man men|child children|foot feet|tooth teeth|mouse mice|wife wives|life lives
    |knife knives|leaf leaves|half halves|person people
    """


# German strong verbs change their vowel between "I" and "she".
_STRONG_VERBS = """
    isst esse|fahrt fahre|nimmt nehme|liest lese|sieht sehe|lauft laufe|schlaft schlafe|trifft treffe|hilft helfe|tragt trage
    |wascht wasche|vergisst vergesse|wirft werfe|fallt falle|lasst lasse|halt halte|stirbt sterbe|bricht breche|gibt gebe
    |spricht spreche|wird werde|ladt lade|fangt fange|verlasst verlasse|backt backe
    """
IRREGULAR_DE: dict[str, str] = dict(tuple(pair.split()) for pair in _STRONG_VERBS.split("|"))  # type: ignore[misc]


def _irregular() -> dict[str, str]:
    table: dict[str, str] = {}
    for line in _PAST_FORMS.split("|"):
        base, *forms = line.split()
        table.update({form: base for form in forms if form not in ("lives", "leaves")})
    return table


IRREGULAR: dict[str, str] = _irregular()


@cache
def groups_by_word() -> dict[str, frozenset[int]]:
    """For each word and stem the numbers of the groups that it is in."""
    import snowballstemmer

    stem = snowballstemmer.stemmer("english").stemWord
    found: dict[str, set[int]] = {}
    for number, group in enumerate(_SAME.split("|")):
        for word in group.split():
            for form in (word, stem(word)):
                found.setdefault(form, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}
