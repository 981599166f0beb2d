"""The fast track: a bot asks for one user's messages to be read before all others.

    noted = reader.request_enrichment(user_id, "elena")          # await it with an AsyncReader

It is called after the message has been stored. The worker then takes that user's messages up first, and lets none of them
wait for a batch or for a pause in the conversation; the facts are there some ten seconds later. One row a user and bot
holds the request, and a notification goes to the channel `CHANNEL` for whoever listens. It outlives a worker that is killed,
and asking again before it was met changes nothing but its time.
"""

from __future__ import annotations

from functools import lru_cache

from whisper_enrich.hot_path.queries import Query

CHANNEL = "whisper_enrich_requests"
"""Of NOTIFY; what it carries is the bot's name."""


@lru_cache(maxsize=8)
def request_query(schema: str) -> Query:
    """Parameters: user, bot. Unlike a touch, its commit is waited for: it is a promise.

    An open request that is repeated counts from now, and is to be claimed anew: the run that has claimed it may have read the
    store before the newest message. No two times of a request are the same, so that they tell one from the other.
    """
    text = f"""
        WITH noted AS (
            INSERT INTO {{schema}}.enrichment_requests AS r (user_id, bot_name, requested_at)
            VALUES ($1::text, $2::text, clock_timestamp())
            ON CONFLICT (bot_name, user_id) DO UPDATE SET claimed_at = NULL, done_at = NULL,
                requested_at = greatest(excluded.requested_at, r.requested_at + interval '1 microsecond')
            RETURNING bot_name
        )
        SELECT pg_notify('{CHANNEL}', bot_name)::text FROM noted
    """
    return Query("hot_request", text.replace("{schema}", f'"{schema}"'))
