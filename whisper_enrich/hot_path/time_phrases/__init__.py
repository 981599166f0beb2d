"""Which time a sentence asks about: "what did we talk about last week?" becomes a range of instants.

Start in ``understanding``. A sentence is cut into tokens (``tokens``), each stretch of which gets the roles that it can play in
the language of the sentence (``lexicon`` and the ``words_…`` modules); rules over these roles build the range from the inside
out (``quantities``, ``periods``, ``compositions``, ``clocks``, run by ``rules``) in the person's calendar (``spans``).
"""

from whisper_enrich.hot_path.time_phrases.model import Kind, TimeRange, Understood
from whisper_enrich.hot_path.time_phrases.understanding import prepare, understand

__all__ = ["Kind", "TimeRange", "Understood", "prepare", "understand"]
