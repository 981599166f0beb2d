"""What a bot reads in the middle of an answer: everything known of a user, in one round trip and within a deadline.

    from whisper_enrich.hot_path import AsyncReader

    reader = AsyncReader(pool)                                   # or Reader("postgresql://…") without asyncio
    context = await reader.get_context(user_id, "elena", "shared", now)

Importing it loads neither a database driver nor anything of the worker.
"""

from whisper_enrich.hot_path.async_reader import AsyncReader
from whisper_enrich.hot_path.context import Absence, Context, Freshness, Missing, StaleReason
from whisper_enrich.hot_path.heuristics import MessageSeen
from whisper_enrich.hot_path.options import Options
from whisper_enrich.hot_path.prompt import render_prompt
from whisper_enrich.hot_path.reader import Reader
from whisper_enrich.hot_path.recall import recall, recall_async
from whisper_enrich.hot_path.recall_model import Recall

__all__ = [
    "Absence", "AsyncReader", "Context", "Freshness", "MessageSeen", "Missing", "Options", "Reader", "Recall", "StaleReason",
    "recall", "recall_async", "render_prompt",
]  # fmt: skip
