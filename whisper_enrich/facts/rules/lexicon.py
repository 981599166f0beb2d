"""Closed lists that the rules ask: occupations, conditions, languages, kin, pets and the like. Lower case, singular."""

from __future__ import annotations

from whisper_enrich.text.words import word_set

# The last word of an occupation: "head nurse", "freelance web developer".
OCCUPATIONS = word_set(
    """
    accountant actor actress actuary acupuncturist administrator advisor adviser analyst anaesthetist animator
    anthropologist apprentice archaeologist architect archivist artist astronaut astronomer astrophysicist attorney
    auditor author baker banker barber barista bartender beautician beekeeper biochemist biologist blacksmith
    blogger bookbinder bookkeeper bookseller botanist brewer bricklayer broker builder butcher caregiver carer
    caretaker carpenter cartographer cartoonist cashier caterer chef chemist chiropractor choreographer cleaner
    clerk coach columnist comedian composer conductor conservator consultant contractor cook coder copywriter
    coroner counselor counsellor courier curator dancer dealer dentist designer detective dev developer dietitian
    dietician diplomat director dispatcher diver dj doctor driver drummer ecologist economist editor electrician
    engineer entrepreneur epidemiologist estimator farmer filmmaker firefighter fisherman florist forester
    freelancer gardener geographer geologist goldsmith guard guide guitarist hairdresser hairstylist handyman
    historian homemaker housewife housekeeper hygienist illustrator influencer inspector instructor intern
    interpreter inventor investigator janitor jeweler jeweller jockey joiner journalist judge laborer labourer
    landscaper lawyer lecturer librarian lifeguard linguist lobbyist locksmith logistician machinist magician
    manager marine mason masseur masseuse mathematician mechanic medic meteorologist microbiologist midwife miner
    minister model mortician musician nanny neurologist neuroscientist novelist nurse nutritionist officer operator
    optician optometrist painter paralegal paramedic pastor pathologist pediatrician paediatrician pharmacist
    philosopher photographer physicist physician physiotherapist pianist pilot planner plasterer plumber poet
    policeman policewoman politician porter postman potter priest principal producer professor programmer
    psychiatrist psychologist psychotherapist publicist publisher rabbi radiographer radiologist rancher ranger
    realtor receptionist recruiter referee rep reporter representative researcher restorer roofer sailor salesman
    salesperson saleswoman scholar scientist scout screenwriter sculptor seamstress secretary server sheriff
    shopkeeper singer soldier solicitor sommelier songwriter specialist statistician steward stewardess streamer
    stuntman stylist superintendent supervisor surgeon surveyor tailor tattooist teacher technician technologist
    temp therapist trader trainee trainer translator treasurer trucker tutor tv-presenter typist undertaker usher
    valet vet veterinarian vlogger volunteer waiter waitress warden weaver welder winemaker writer youtuber
    zookeeper zoologist ceo cto cfo paramedic bouncer postdoc estate-agent lumberjack stagehand gamedev
    """
)
CONDITIONS = word_set(
    """
    adhd add anemia anaemia anorexia anxiety aphantasia arthritis asthma autism bipolar bronchitis bulimia cancer
    celiac coeliac celiacs crohn's crohns colitis copd depression dermatitis diabetes dyscalculia dyslexia dyspraxia
    eczema emphysema endometriosis epilepsy fibromyalgia glaucoma gout hashimoto's hemophilia hepatitis hiv
    hypertension hyperthyroidism hypoglycemia hypothyroidism ibs insomnia leukemia leukaemia lupus migraines
    narcolepsy ocd osteoarthritis osteoporosis parkinson's pcos pots psoriasis ptsd rosacea schizophrenia sciatica
    scoliosis tinnitus vertigo vitiligo
    """
)
ILLNESSES = word_set(
    """
    cold flu covid corona fever headache migraine cough bug pneumonia tonsillitis strep mono shingles chickenpox
    measles mumps hangover toothache stomachache bronchitis sinusitis laryngitis norovirus earache infection
    """
)
# "I'm diabetic": the condition as an adjective.
CONDITION_ADJECTIVES = word_set(
    """
    diabetic dyslexic autistic asthmatic epileptic bipolar anemic anaemic colorblind colourblind deaf blind
    neurodivergent anorexic celiac coeliac lactose-intolerant hypothyroid
    """
)
LANGUAGES = word_set(
    """
    afrikaans albanian amharic arabic armenian basque bengali bosnian bulgarian burmese cantonese catalan chinese
    creole croatian czech danish dutch english esperanto estonian farsi finnish flemish french frisian gaelic
    galician georgian german greek gujarati hausa hebrew hindi hungarian icelandic igbo indonesian irish italian
    japanese khmer korean kurdish lao latin latvian lithuanian macedonian malay maltese mandarin maori marathi
    mongolian nepali norwegian pashto persian polish portuguese punjabi romanian russian sanskrit serbian slovak
    slovene slovenian somali spanish swahili swedish tagalog tamil telugu thai tibetan turkish ukrainian urdu uzbek
    vietnamese welsh xhosa yiddish yoruba zulu asl bsl
    """
)
NATIONALITIES = word_set(
    """
    afghan albanian algerian american argentinian argentine armenian australian austrian bangladeshi belgian
    bolivian bosnian brazilian british bulgarian cambodian cameroonian canadian catalan chilean chinese colombian
    congolese croatian cuban czech danish dominican dutch ecuadorian egyptian english estonian ethiopian filipino
    filipina finnish french georgian german ghanaian greek guatemalan haitian hungarian icelandic indian indonesian
    iranian iraqi irish israeli italian jamaican japanese jordanian kazakh kenyan korean kurdish latvian lebanese
    lithuanian malaysian maltese mexican moldovan moroccan nepalese nigerian norwegian pakistani palestinian persian
    peruvian polish portuguese romanian russian samoan scottish senegalese serbian singaporean slovak slovenian
    somali spanish swedish swiss syrian taiwanese thai tunisian turkish ugandan ukrainian uruguayan venezuelan
    vietnamese welsh zimbabwean jewish latino latina hispanic
    """
)
PETS = word_set(
    """
    dog puppy pup doggo cat kitten kitty rabbit bunny hamster parrot budgie parakeet cockatiel cockatoo canary
    goldfish fish turtle tortoise snake python lizard gecko iguana ferret guinea-pig gerbil rat chinchilla hedgehog
    pony horse goat chicken hen tarantula axolotl labrador poodle retriever beagle corgi dachshund terrier husky
    bulldog shepherd collie pug rottweiler spaniel chihuahua greyhound doodle goldendoodle dalmatian mutt tabby pet
    """
)
OWNABLE = word_set(
    """
    apartment flat house condo cottage cabin farm ranch studio shop store bakery cafe restaurant business company
    garden allotment greenhouse car truck van motorcycle motorbike scooter bike bicycle boat kayak canoe camper
    campervan caravan rv tesla guitar piano keyboard violin cello drum drums ukulele bass saxophone camera telescope
    drone laptop pc computer macbook iphone phone tablet ipad kindle printer ps5 playstation xbox switch console
    kiln loom sewing-machine tattoo tattoos piercing license licence beehive beehives hives sauna hot-tub pool
    treadmill synthesizer typewriter
    """
)
PARTNERS = word_set(
    """
    wife husband girlfriend boyfriend partner fiance fiancé fiancee fiancée spouse gf bf hubby
    """
)
CHILDREN = word_set(
    """
    son daughter kid child baby toddler twins boy girl newborn stepson stepdaughter kiddo
    """
)
SIBLINGS = word_set(
    """
    brother sister sibling twin stepbrother stepsister half-brother half-sister bro sis
    """
)
RELATIVES = word_set(
    """
    grandma grandmother grandpa grandfather grandson granddaughter grandchild aunt auntie uncle cousin niece nephew
    nan nana gran granny mother-in-law father-in-law sister-in-law brother-in-law godmother godfather stepmom
    stepdad stepmother stepfather
    """
)
FRIENDS = word_set(
    """
    friend bestie buddy mate roommate flatmate housemate colleague coworker co-worker boss neighbor neighbour mentor
    """
)
FEELINGS = word_set(
    """
    accepted afraid alone amazed amused angry annoyed anxious ashamed awful awesome bad better bitter blessed blue
    bored brave broken burned-out burnt-out calm cautious cheerful comfortable concerned confident confused content
    cranky creative curious crushed delighted depressed desperate determined devastated disappointed discouraged
    distracted dizzy down drained eager ecstatic embarrassed empowered empty energetic energised energized engaged
    envious excited exhausted fine fired-up focused fortunate free fried frustrated fulfilled furious gloomy good
    grateful great grumpy guilty happy heartbroken helpless homesick hopeful hopeless horrible hurt hyped inspired
    insecure invigorated irritated isolated jealous jittery joyful lazy lonely lost loved low lucky mad melancholy
    miserable moody motivated moved nauseous nervous nostalgic numb ok okay optimistic overjoyed overwhelmed panicky
    paranoid peaceful pessimistic pissed pleased powerful productive proud pumped ready refreshed relaxed relieved
    restless rested rough sad safe satisfied scared secure sensitive shaken shattered shocked shy sick sleepy sore
    spent stoked strange stressed strong stuck stupid supported surprised swamped tense terrible terrified
    thankful thrilled tired torn touched tough trapped troubled uncertain uncomfortable uneasy unhappy unloved
    unsettled unsure unwell upset useless valued vulnerable wary weak weird whole worn-out worried worthless wrecked
    """
)
ORIENTATIONS = word_set(
    """
    gay lesbian bi bisexual pansexual asexual straight queer pan ace aromantic heterosexual homosexual demisexual
    """
)
GENDERS = word_set(
    """
    man woman nonbinary non-binary trans transgender genderfluid agender cis guy girl enby genderqueer male female
    """
)
RELIGIONS = word_set(
    """
    christian catholic protestant muslim jewish buddhist hindu sikh atheist agnostic pagan mormon lutheran orthodox
    anglican baptist methodist quaker evangelical wiccan taoist baháʼí bahai presbyterian
    """
)
DIETS = word_set(
    "vegan vegetarian pescatarian pescetarian veggie carnivore keto flexitarian omnivore plant-based halal kosher "
    "paleo gluten-free dairy-free"
)
STATUSES = word_set("single married divorced engaged widowed separated")
INSTRUMENTS_AND_GAMES = word_set(
    """
    guitar piano violin viola cello bass drums drum flute clarinet saxophone sax trumpet trombone tuba oboe bassoon
    harp ukulele banjo mandolin accordion harmonica keyboard keyboards organ synth bagpipes recorder sitar tabla
    horn football soccer basketball baseball softball tennis badminton squash volleyball rugby cricket hockey
    lacrosse golf handball polo netball paintball pickleball ping-pong pool snooker darts bowling chess checkers go
    poker bridge mahjong dominoes minecraft fortnite valorant league dota overwatch zelda pokemon fifa roblox
    destiny skyrim tetris terraria apex cs cs2 csgo d&d dnd games videogames rpgs shooters
    """
)
ABILITIES = word_set(
    """
    swim drive cook sing dance draw paint code knit sew juggle ski skate surf sail ride climb type whistle cycle
    bake weld crochet read write play speak dive box fence drum solder program skateboard snowboard
    """
)
BODY_PARTS = word_set(
    """
    ankle arm arms back bicep calf cheekbone collarbone elbow eye finger foot forearm hamstring hand head heel hip
    jaw knee knees leg legs ligament lip meniscus muscle nail neck nose rib ribs rotator shin shoulder skull spine
    tailbone tendon thigh thumb toe toes tooth wrist acl achilles groin
    """
)
HOBBY_ACTIVITIES = word_set(
    """
    hiking running jogging swimming cycling biking climbing bouldering dancing fishing camping kayaking surfing
    skiing snowboarding skating rollerblading birdwatching birding bowling golfing horseback-riding riding sailing
    diving snorkeling paddleboarding rowing hunting geocaching thrifting yoga pilates karate judo crossfit ballet
    gymnastics meditation taekwondo jiu-jitsu boxing kickboxing pottery ceramics woodworking gardening knitting
    crochet embroidery origami calligraphy photography journaling scrapbooking improv theater theatre triathlons
    marathons
    """
)
# The last word of what people call themselves: "a real night owl", "a single mom".
KINDS_OF_PEOPLE = word_set(
    """
    person owl bird parent mom mum mother dad father stepmom stepdad grandmother grandma grandfather grandpa
    introvert extrovert ambivert perfectionist minimalist optimist pessimist feminist veteran survivor immigrant
    refugee twin virgo libra leo aries taurus gemini scorpio sagittarius capricorn aquarius pisces nerd geek gamer
    bookworm foodie lover addict enthusiast buff junkie homebody workaholic insomniac runner swimmer hiker climber
    cyclist reader redhead lefty expat orphan widow widower girl guy pacifist
    """
)
#: Everybody who may be "my somebody", for telling their affairs from the person's own.
PEOPLE = (
    PARTNERS
    | CHILDREN
    | SIBLINGS
    | RELATIVES
    | FRIENDS
    | word_set(
        """
    mom mum mother dad father parents kids sons daughters children brothers sisters siblings friends cousins aunts
    uncles grandparents grandchildren neighbors neighbours colleagues coworkers roommates flatmates students
    youngest oldest eldest
    """
    )
)
