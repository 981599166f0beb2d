"""Topics and how the talk moves between them, by two engines: context switches (segments, durations, transitions, the
likelihood of a switch) and conversation patterns (questions, openings, lengths, hours, what moves this user)."""

from whisper_enrich.assets.strategic.cache import cache_asset

strategic_conversation_patterns = cache_asset("strategic_conversation_patterns", __doc__)
