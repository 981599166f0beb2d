"""How each user meets the bot's personality: the traits that the bot showed, what the user did next, what to adapt. Beside it the
user's own style."""

from whisper_enrich.assets.strategic.cache import cache_asset

strategic_personality_profiles = cache_asset("strategic_personality_profiles", __doc__)
