"""The English words and phrases by which `whisper_enrich.strategic.traits` knows a trait.

Lower case, straight apostrophes, whole words. Written for this project after the classes that the sources name.
"""

from __future__ import annotations

from whisper_enrich.text.words import word_set


def phrases(text: str) -> tuple[tuple[str, ...], ...]:
    """The phrases of ``text``, which are separated by bars, each as its words."""
    return tuple(tuple(phrase.split()) for phrase in text.split("|"))


# Warmth: gratitude, greeting and leave-taking, endearment, good wishes, praise of the other, sympathy. Positive politeness
# of Brown and Levinson (1987), with the strategies that Danescu-Niculescu-Mizil et al. (2013) found in written requests.
WARM = word_set(
    """
    appreciate appreciated bless bravo bye cheers congrats congratulations darling dear dearest goodbye goodnight
    grateful hello hey hi hug hugs proud sweetheart thank thankful thanks thx ty welcome xoxo xxx
    """
)
WARM_PHRASES = phrases(
    """
    good morning | good evening | good night | see you | see ya | talk soon | talk to you | until tomorrow
    | until next time | have a good | have a great | have a nice | have a safe | have a lovely | have fun | sleep well
    | sweet dreams | rest well | get some rest | take care | take it easy | be gentle | be kind to | be careful
    | stay safe | safe travels | safe flight | drive safe | well done | good for you | good job | great job | nice job
    | nice work | good work | good luck | best of luck | break a leg | fingers crossed | you got this | you've got this
    | you can do this | you can do it | believe in you | keep it up | keep going | here for you | there for you
    | thinking of you | miss you | missed you | love you | care about you | glad you | glad to | glad for you
    | happy you | happy for you | good to see | great to see | nice to see | good to hear | great to hear | nice to hear
    | lovely to hear | good to meet | nice to meet | hope you | hope your | wish you | sorry to hear | sorry about
    | i'm sorry | i am sorry | so sorry | that must be | must be hard | must have been | must feel | sounds hard
    | sounds tough | sounds lovely | sounds great | sounds wonderful | sounds amazing | i understand | i hear you
    | i can imagine | no wonder | don't worry | no worries | it's okay | it's ok | it's alright | that's okay
    | that's ok | how are you | how're you | how have you been | how did you sleep | how do you feel | are you okay
    | are you ok | are you alright | you deserve | you earned | you are brave | you're brave | you're amazing
    | you're awesome | you are amazing | you did it | my friend | proud of | support you | let me know if | i'm here
    | i am here
    """
)

# Humour: laughter and talk of joking. What is funny without saying so leaves no word behind.
HUMOUR = word_set(
    """
    banter comedian comedy funniest funny goofy hilarious jest joke joked jokes joking kidding laugh laughed laughing laughs
    laughter prank pun puns sarcasm sarcastic silly tease teased teasing witty
    """
)
HUMOUR_PHRASES = phrases("pulling your leg | cracked me up | cracks me up | no offence | no offense")

# Hedges and softeners (Hyland, Metadiscourse, 2005), those that occur in talk.
HEDGES = word_set(
    """
    apparently hopefully kinda maybe might mostly partly perhaps possibly presumably probably roughly seem seemed seems
    somehow sometimes somewhat sorta suppose supposedly
    """
)
HEDGE_PHRASES = phrases(
    """
    a bit | a little | sort of | kind of | i guess | i think | i feel like | more or less | not sure | no idea | if you like
    | if you want | if you wish | would you | could you | could be | may be | i'd say | it depends | in a way
    | or something | or so | as far as | i don't know | i dunno | i'd like | we could
    """
)
# What says a thing straight: boosters, necessity, flat answers (Hyland 2005; Biber 1988 on necessity modals and suasion).
DIRECT = word_set("absolutely certainly clearly definitely exactly must nope obviously simply")
DIRECT_PHRASES = phrases(
    """
    you should | you need | you have to | you've got to | you can't | you cannot | of course | no way | do it | let's
    | the answer is | the point is | the truth is | i want | i need | i won't | i refuse
    """
)
# Verbs that open an imperative in chat. "Thank you", "hope you", "sounds good" open too, but command nothing.
IMPERATIVES = word_set(
    """
    add aim answer ask avoid be begin bite boil bring build buy call carry change check choose clean close come cook cool
    count cover cut dance dig do drink drive drop dry eat enjoy enter expect fetch fight fill find finish fix fold follow
    forget fry get give go grab hand hang heat hide hire hit hold imagine invite join keep knock lay lead learn leave lend
    let lift light listen look make mark measure mind mix move note notice open order pack pass pay pick place plan plant
    pour press promise pull push put raise read remember report rest rinse roast roll rub run salt save say scrape sell
    send serve set shake shout show shut sing sit skip sleep slice slow smell soak speak split spread stand start stay
    steal steam stir stop swim take taste teach tell test text throw tie touch trust try turn use visit wait wake walk
    warm wash watch wear weigh wipe work wrap write
    """
)
IMPERATIVE_OPENERS = word_set(
    "please just now then so and or but first next also always never ok okay well yes no don't"
)

# Feelings said: words of good and of bad, the idea of LIWC's positive and negative tone and of VADER (Hutto and Gilbert
# 2014), from where the rule for negation is taken. Words as often neutral ("like", "well", "hard", "mean") are left out.
POSITIVE = word_set(
    """
    achieved amazing awesome beautiful beautifully best blast bless blessed bliss brave bright brilliant calm celebrate
    celebrated celebrating charming cheer cheerful comfort comfortable confident congrats congratulations cosy cozy cute
    delicious delight delighted delightful determined encouraging enjoy enjoyable enjoyed enjoying epic excellent excited
    excitement exciting fab fabulous fantastic fascinating favorite favourite fond fun gentle glad glorious good gorgeous
    grateful gratitude great growth happier happiest happily happiness happy healthy helpful hope hopeful hopefully hoping
    incredible inspire inspired inspiring joy joyful kind kindness laugh laughed laughing lively love loved lovely loves
    loving luck lucky magical magnificent marvellous marvelous motivated motivating nice optimistic outstanding passion
    passionate peace peaceful perfect perfectly pleasant pleased pleasure positive positivity precious pretty promising proud
    relaxed relaxing relief relieved resilience rewarding safe satisfied satisfying smile smiled smiles smiling special
    splendid stoked strength strong stunning succeed success successful sunny super superb support supportive sweet sweetest
    talented terrific thankful thanks thrilled treasure triumph trust uplifting victory win winning won wonderful wonderfully
    worthwhile yay yum yummy
    """
)
NEGATIVE = word_set(
    """
    abandoned afraid anger angry annoyed annoying anxiety anxious argued argument ashamed awful bad badly blame bleak
    bored boring broke broken cancelled collapse confused cried cruel cry crying damage damaged danger dangerous dead death
    depressed depressing desperate destroyed died disappointed disappointing disappointment disaster disgusting doubt doubts
    dread dreadful dumb dying embarrassed embarrassing exhausted exhausting fail failed failing fails failure fault fear
    fears fired frightened frustrated frustrating frustration grief grieve grim gross guilt guilty hate hated hates
    heartbroken hopeless horrible hurt hurting hurts idiot ill injured injury jealous lazy lied lonely loss lost mad mess
    messed miserable misery missed mistake mistakes nasty nervous nightmare overwhelmed overwhelming pain painful panic
    pathetic pity problem problems rage regret rejected rotten rude ruin ruined sad sadly sadness scared scary setback
    setbacks shame sick sore stole stolen stress stressed stressful struggle struggled struggling stuck stupid sucked
    sucks suffer suffering terrible terrified terrifying tired tough tragedy trouble ugly unfair unfortunately unhappy upset
    useless weary worried worries worry worrying worse worst worthless wound wounded wrecked wrong
    """
)
NEGATORS = word_set(
    """
    not no never nobody nothing neither nor without cannot can't don't doesn't didn't isn't aren't wasn't weren't won't
    wouldn't couldn't shouldn't haven't hasn't hadn't ain't dont doesnt didnt isnt arent wasnt werent wont wouldnt couldnt
    shouldnt havent hasnt hadnt cant aint hardly barely
    """
)

# Interest in the other, said without a question mark.
CURIOUS = word_set("curious intrigued wonder wondered wondering")
CURIOUS_PHRASES = phrases(
    """
    tell me | tell us | what about you | how about you | i'd love to hear | i'd like to know | i'd love to know
    | want to know | want to hear
    """
)

# By which an unmarked question is known: "what is it", "do you even own music".
QUESTION_WORDS = word_set("what what's whats who who's whos where where's why how")
AUXILIARIES = word_set("am are can could did do does have has is should was were will would")
SUBJECTS = word_set("i you u he she it we they this that there these those the your my his her their anyone anybody")

# Person (Pennebaker, Mehl and Niederhoffer 2003): attention to oneself, and to whom one speaks.
SELF = word_set("i i'm i've i'd i'll im ive me my mine myself")
OTHER = word_set("you you're you've you'd you'll youre youve your yours yourself yourselves u ur ya")

# Interjections and amplifiers (Quirk et al. 1985, 8.104 and 11.55).
EMPHATIC = word_set(
    """
    absolutely aha ah ahh aw aww awww completely damn extremely gosh ha incredibly insanely literally oh ohh omg oof ooh
    ouch phew really seriously super terribly totally truly ugh utterly very whoa woah woo wow yay yikes
    """
)

# Register, after the features of Pavlick and Tetreault (2016): slang, interjections, chat spellings and contractions that
# have lost their apostrophe, against full forms where talk contracts, courtesies and connectives of writing.
CASUAL = word_set(
    """
    aint alr alright arent aw aww awesome bc bro btw bucks buddy bunch cant cause cos couldnt coz crap crazy cuz cya da damn
    dang didnt dis doesnt dont dude duh dunno em fam fav folks gimme gonna gosh gotta gross guy guys hadnt hafta haha hasnt
    havent heck hey hi hm hmm hmmm huh idc idk ikr im imma imo init innit isnt ive jeez jk kid kidding kids kinda lemme lets
    lil lmao lol lots lotta ma meh mom msg nah nope nvm oh ok okay okey omg oof ooh oops ope pals phew pic pics pls ppl rn
    shit shitty shouldnt sorta stuff sucks sup super thats theres theyre tho thru thx til tmrw totally tryna u ugh uh um ur
    wanna wasnt werent whatcha whats whoa wont wouldnt wow wtf wut ya yall yay yea yeah yep yikes yo youre youve yup
    """
)
FORMAL = word_set(
    """
    accordingly additionally although amongst assist cannot commence concerning consequently consider considerable consist
    constitute demonstrate despite determine endeavour ensure examine excellent furthermore hence however indeed inform
    inquire likewise madam merely moreover nevertheless nonetheless notwithstanding obtain otherwise permit possess
    precisely presume previously provided purchase rather regarding remain request require reside respectfully respective
    seldom shall sir somewhat sufficient therefore thereby thus upon utilise utilize whereas whether whom whose
    """
)
FORMAL_PHRASES = phrases(
    """
    do not | does not | did not | is not | are not | was not | were not | will not | would not | could not | should not
    | have not | has not | had not | i am | i have | i will | i would | it is | that is | he is | she is | they are
    | we are | you are | you have | you will | there is | as well as | in order to | may i | i shall | let us | what is
    """
)
