"""How each user comes back to what was talked about: the forgetting curve fitted on their own re-mentions, what is retained, the
effect of spacing, when to bring a memory up again."""

from whisper_enrich.assets.strategic.cache import cache_asset

strategic_memory_behavior = cache_asset("strategic_memory_behavior", __doc__)
