"""How the bot does, with each user and over all: engagement, satisfaction, coherence, consistency of its personality, response
time; trends with their tests, anomalies and steps. The source of each measure is named in the row."""

from whisper_enrich.assets.strategic.cache import cache_asset

strategic_character_performance = cache_asset("strategic_character_performance", __doc__)
