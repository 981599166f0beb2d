"""How old the memories of each user are, and how likely they are to come up: age, mentions, retrievability now and in a week,
the memories at risk, the trend of mentions, the drift of topics."""

from whisper_enrich.assets.strategic.cache import cache_asset

strategic_memory_health = cache_asset("strategic_memory_health", __doc__)
