"""When and about what to reach out to each user, if at all: hours of presence, how unusual this silence is, questions
and promises that are open, plans that have come due, milestones."""

from whisper_enrich.assets.strategic.cache import cache_asset

strategic_engagement_opportunities = cache_asset("strategic_engagement_opportunities", __doc__)
