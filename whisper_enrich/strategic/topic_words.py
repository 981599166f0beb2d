"""Words of everyday subjects, by subject: so that "pizza" and "restaurant" count as the same talk.

Chosen by hand for small talk and kept general; a word may stand under several subjects. Compared by stem.
"""

from __future__ import annotations

from functools import cache

from whisper_enrich.summaries.vocabulary import stem

SUBJECTS: dict[str, str] = {
    "food": """
    food eat ate eating eaten cook cooked cooking chef kitchen recipe recipes meal meals dinner lunch breakfast
    supper snack snacks restaurant restaurants pizza pasta spaghetti lasagna burger burgers hamburger hamburgers
    fries steak beef pork bacon ham chicken turkey fish sushi seafood shrimp salmon tuna taco tacos burrito
    burritos nachos sandwich sandwiches bread toast cheese egg eggs soup salad salads rice noodles beans potato
    potatoes tomato tomatoes onion onions garlic carrot carrots vegetable vegetables veggies vegan vegetarian
    vegetarians meat meats fruit fruits apple apples banana bananas orange oranges strawberry strawberries grape
    grapes mango pepper peppers spicy sauce ketchup mustard butter jelly peanut sugar sweets candy chocolate
    chocolates cake cakes cupcake cupcakes cookie cookies pie pies donut donuts pancakes waffles cereal dessert
    desserts ice cream icecream vanilla bake baked baking baker bakery grill barbecue bbq delicious tasty yummy
    hungry diet olives pickles chili curry italian mexican thai pretzels popcorn chips flavor leftovers oven
    dish dishes
    """,
    "drink": """
    drink drinks drinking drank coffee tea soda coke pepsi juice milk water beer beers wine wines whiskey vodka
    rum alcohol bar bars bartender drunk cocktail cocktails brew brewery latte espresso starbucks caffeine
    smoothie smoothies lemonade pub
    """,
    "pets": """
    pet pets dog dogs puppy puppies cat cats kitten kittens kitty breed breeds poodle labrador lab retriever
    bulldog beagle pug husky terrier shepherd dachshund hamster hamsters bunny bunnies rabbit rabbits turtle
    turtles goldfish parrot parrots lizard lizards iguana gecko snake snakes feline canine leash vet
    veterinarian fur furry litter adopt adopted rescue rescued shelter bark barks meow allergic
    """,
    "animals": """
    animal animals horse horses pony ponies cow cows pig pigs chickens goat goats sheep farm farms farmer
    farming ranch bird birds owl eagle wolf wolves bear bears lion lions tiger tigers elephant elephants monkey
    monkeys giraffe zebra zoo wildlife shark sharks dolphin dolphins whale whales frog frogs spider spiders
    insect insects bug bugs bee bees honey butterfly butterflies fox deer squirrel ride riding stable barn
    """,
    "music": """
    music musical musician musicians song songs sing singing singer sings sang band bands guitar guitars piano
    drum drums drummer violin cello flute saxophone trumpet bass instrument instruments concert concerts album
    albums rock pop jazz rap rapper hip hop country metal punk classical opera orchestra choir karaoke lyrics
    melody tune tunes radio spotify playlist beatles taylor swift beyonce bieber elvis nirvana drake rihanna
    gaga adele madonna metallica acdc zeppelin genre listen listening
    """,
    "film": """
    movie movies film films cinema theater actor actors actress hollywood netflix hulu show shows tv television
    series episode episodes season binge cartoon cartoons anime disney marvel dc superhero superheroes batman
    superman spiderman star wars trek potter thrones walking dead zombie zombies horror comedy comedies drama
    romcom documentary documentaries scary sitcom friends simpsons watch watching watched director
    screen
    """,
    "books": """
    book books read reading reads novel novels author authors write writes writing writer writers wrote poem
    poems poetry poet library librarian literature fiction fantasy scifi mystery mysteries comic comics magazine
    magazines story stories king rowling tolkien hemingway austen shakespeare chapter publish published journal
    blog
    """,
    "games": """
    game games gaming gamer gamers video xbox playstation nintendo wii mario zelda pokemon minecraft fortnite
    warcraft halo duty console controller rpg mmorpg board chess checkers cards poker puzzle puzzles dungeons
    dragons lego legos scrabble monopoly casino gamble gambling skyrim overwatch sims
    """,
    "sports": """
    sport sports football soccer basketball baseball softball hockey tennis golf golfing volleyball cricket
    rugby lacrosse team teams coach coaching league nfl nba mlb nhl player players athlete athletic championship
    olympics olympic medal gold race races racing nascar wrestling wrestle boxing boxer martial karate judo ufc
    gymnastics gymnast cheerleader cheerleading skate skating skateboard skateboarding surf surfing surfer ski
    skiing snowboard snowboarding bowling quarterback goal stadium cubs yankees patriots cowboys lakers packers
    steelers
    """,
    "fitness": """
    gym exercise exercises exercising workout workouts run running runner runs jog jogging marathon 5k yoga
    pilates lift lifting weights weightlifting muscle muscles fit fitness shape swim swimming swimmer swims pool
    cardio treadmill crossfit trainer bike bikes biking bicycle cycling cyclist weight lose calories healthy
    stretch
    """,
    "outdoors": """
    outdoors outdoor outside hike hikes hiking hiker camp camping tent campfire mountain mountains climb
    climbing trail trails forest woods nature park parks lake lakes river rivers hunt hunting hunter fishing
    boat boats boating sail sailing sailboat kayak kayaking canoe beach beaches ocean sea sand island waves
    waterfall desert garden gardening gardener gardens flower flowers rose roses plant plants tree trees lawn
    sun sunset sunshine stars
    """,
    "weather": """
    weather rain raining rainy snow snowing snowy sunny cloudy storm storms hurricane tornado cold hot warm heat
    humid freezing chilly windy wind summer winter spring fall autumn season seasons temperature degrees climate
    """,
    "travel": """
    travel travels traveling travelling traveled trip trips vacation vacations vacationing holiday visit visited
    visiting flight flights fly flew flying plane planes airplane airport airline pilot cruise cruises tour
    tourist tourism hotel hotels abroad overseas country countries world europe european passport backpack
    backpacking roadtrip sightseeing paris london rome italy france spain germany england japan china india
    australia africa canada mexico hawaii ireland greece brazil russia thailand korea vietnam iraq egypt cuba
    jamaica bahamas
    """,
    "home": """
    live lives living lived from city cities town towns state states house houses home homes apartment
    apartments condo rent move moved moving neighborhood neighbors neighbor suburbs rural downtown farmhouse
    mansion roommate roommates california cali texas florida york nyc ohio michigan chicago illinois boston
    seattle oregon portland washington colorado denver arizona nevada vegas georgia atlanta alabama carolina
    virginia kentucky tennessee nashville iowa kansas missouri minnesota wisconsin indiana utah idaho montana
    alaska maine vermont jersey pennsylvania philly massachusetts maryland louisiana orleans mississippi
    arkansas oklahoma detroit miami orlando angeles francisco diego houston dallas austin midwest south southern
    coast usa america american born raised grew
    """,
    "work": """
    work works working worked job jobs career careers profession living boss manager managers manage company
    companies office business businesses coworker coworkers employed employee employees employer unemployed hire
    hired fired quit retire retired retirement salary paid pay shift shifts hours meeting client clients
    customers customer accountant accounting lawyer attorney engineer engineering mechanic mechanical
    electrician plumber construction carpenter contractor salesman sales marketing bank banker banking insurance
    realtor estate secretary receptionist waitress waiter server cashier store retail walmart target factory
    warehouse truck trucker driver deliver delivery mail postal post firefighter fireman police cop detective
    officer security janitor cleaner hairdresser barber stylist model modeling designer architect programmer
    consultant freelance intern entrepreneur ceo
    """,
    "school": """
    school schools college colleges university student students study studies studying studied class classes
    grade grades teacher teachers teach teaching taught professor degree degrees major majoring graduate
    graduated graduating graduation homework exam exams test tests tutor kindergarten elementary middle
    highschool preschool education math science biology chemistry physics history english psychology freshman
    sophomore junior senior campus semester phd masters scholarship learn learning
    """,
    "family": """
    family families mom moms mommy mother mum dad dads daddy father parent parents brother brothers sister
    sisters sibling siblings twin twins son sons daughter daughters kid kids child children baby babies grandma
    grandmother grandpa grandfather grandparents grandkids grandchildren granddaughter grandson aunt aunts uncle
    uncles cousin cousins niece nephew toddler pregnant teenager teenagers adoption stepmom foster raise raising
    """,
    "love": """
    husband wife married marry marriage wedding divorce divorced single date dating dated dates boyfriend
    girlfriend bf gf relationship relationships partner fiance fiancee engaged engagement crush romantic romance
    ex kiss soulmate anniversary gay lesbian
    """,
    "age": """
    old age young years birthday birthdays older younger teen twenty thirty forty fifty sixty seventy eighty
    turning turned
    """,
    "look": """
    hair blonde blond brunette redhead curly eyes tall short height skinny thin fat overweight pounds lbs feet
    inches tattoo tattoos piercing beard makeup pretty ugly handsome skin nails dye dyed
    """,
    "clothes": """
    clothes clothing clothe shirt shirts dress dresses shoe shoes boots sneakers hat hats jeans pants jacket
    fashion fashionable style wear wearing wears shop shopping shops mall thrift outfit outfits purse purses
    jewelry necklace bracelet watch watches designer sew sewing knit knitting crochet fabric
    """,
    "colour": """
    color colors colour colours red blue green yellow purple pink black white orange brown gray grey
    """,
    "cars": """
    car cars truck trucks drive drives driving drove vehicle vehicles motorcycle motorcycles harley honda toyota
    ford chevy nissan bmw mercedes tesla mustang corvette camaro jeep van suv engine tires garage license
    traffic bus train trains subway accident
    """,
    "art": """
    art arts artist artists artistic paint painting paintings painter paints draw drawing drawings sketch
    sketching sculpture sculptures museum museums gallery photography photographer photos photograph camera
    pictures craft crafts crafting crafty pottery canvas theatre acting broadway dance dancing dancer dances
    ballet salsa hiphop collect collecting collection collector stamps coins antiques antique hobby hobbies
    """,
    "health": """
    health sick ill illness disease cancer doctor doctors nurse nurses nursing hospital hospitals medical
    medicine surgeon surgery dentist therapist therapy pain hurt broke broken leg arm diabetes diabetic asthma
    anxiety depression depressed allergy allergies allergic blind deaf wheelchair injury injured died death
    passed sleep sleeping insomnia tired hearing vision glasses heart pills smoke smoking cigarettes
    """,
    "military": """
    military army navy marine marines force veteran veterans soldier soldiers war wars served combat deployed
    iraq afghanistan gun guns weapon weapons
    """,
    "tech": """
    computer computers laptop phone phones internet online app apps software hardware code coding program
    programming programmer website websites web tech technology robot robots facebook instagram twitter youtube
    social media google apple iphone android engineer data hacking hacker
    """,
    "religion": """
    god church churches religious religion pray prayer bible christian christians catholic jewish jew muslim
    islam buddhist atheist spiritual pastor priest faith jesus temple mosque heaven
    """,
    "politics": """
    politics political president trump obama election vote votes government democrat republican liberal
    conservative law laws tax taxes congress protest
    """,
    "money": """
    money rich poor expensive cheap afford buy bought buying cost costs dollars price debt loan loans bills
    lottery save saving savings invest investing stocks millionaire broke wealthy
    """,
    "space": """
    space planet planets mars moon alien aliens ufo nasa astronaut rocket universe galaxy telescope stars star
    jupiter saturn comet constellation
    """,
    "volunteer": """
    volunteer volunteering charity charities donate donation donations homeless nonprofit community shelter
    shelters help
    """,
    "language": """
    language languages spanish french german italian japanese chinese russian english speak speaks speaking
    bilingual translate accent fluent
    """,
    "smalltalk": """
    hi hello hey greetings howdy goodbye bye goodnight morning evening afternoon meet name names chat chatting
    """,
    "day": """
    today tonight weekend weekends day yesterday tomorrow week plans busy relaxing relax
    """,
    "party": """
    party parties partying club clubs celebrate celebration christmas halloween thanksgiving easter gift gifts
    presents santa costume fireworks
    """,
}


@cache
def subjects_by_stem() -> dict[str, tuple[int, ...]]:
    """The subjects (their positions in `SUBJECTS`) that the stem of a word belongs to."""
    found: dict[str, set[int]] = {}
    for index, listed in enumerate(SUBJECTS.values()):
        for word in listed.split():
            found.setdefault(stem(word), set()).add(index)
    return {word: tuple(sorted(indices)) for word, indices in found.items()}
