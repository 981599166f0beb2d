"""The SQL of a recall: two queries, one for the days of a person's life, one for everything that fits the question."""

from __future__ import annotations

from functools import lru_cache

from whisper_enrich.hot_path import queries
from whisper_enrich.hot_path.queries import Query

WINDOW = (
    "id", "text", "start", "end", "message_count", "topics", "tone", "confidence", "state", "scope", "message_ids",
)  # fmt: skip
DIGEST = ("period", "start", "end", "text", "topics", "tone", "message_count", "state", "scope")
FACT = (
    "content", "category", "first_said_at", "last_said_at", "valid_from", "valid_to", "current", "scope", "message_ids",
)  # fmt: skip

TOPIC_BONUS = 0.5
"""A word counts so much more where it is among the window's topics."""

_MINE = "{alias}.user_id = k.user_id AND {alias}.bot_name = k.bot_name"
_MY_WINDOWS = f"{_MINE.format(alias='s')} AND (k.private OR s.scope = 'shared')"
_MAY_SEE_FACT = """(k.private OR f.scope = 'shared' AND NOT EXISTS (
    SELECT FROM {schema}.fact_evidence d WHERE d.fact_id = f.id AND d.scope = 'dm' OFFSET 0))"""

_WINDOW_JSON = """json_build_array(s.id, s.summary_text, s.start_timestamp, s.end_timestamp, s.message_count, s.key_topics,
    s.emotional_tone, s.confidence_score, s.state, s.scope, s.message_ids)"""

# The windows of a time that hold most tell most of it. Of "the first" and "the latest" there is one.
_IN_TIME = f"""
SELECT json_agg({_WINDOW_JSON} ORDER BY place)::text AS list, min(s.start_timestamp) AS lo, max(s.end_timestamp) AS hi
FROM (
    SELECT s.*, row_number() OVER (ORDER BY {{order}}) AS place
    FROM {{schema}}.conversation_summaries s
    WHERE {_MY_WINDOWS} AND ($8::text <> '' OR $4::timestamp IS NOT NULL)
        AND ($4::timestamp IS NULL OR s.end_timestamp > $4::timestamp)
        AND ($5::timestamp IS NULL OR s.start_timestamp < $5::timestamp)
    ORDER BY place LIMIT CASE WHEN $8::text <> '' THEN 1 ELSE $12::integer END
) s
""".replace(
    "{order}",
    """CASE WHEN $8::text = 'first' THEN s.start_timestamp END, CASE WHEN $8::text = 'latest' THEN s.end_timestamp END DESC,
        s.message_count DESC, s.start_timestamp DESC, s.scope""",
)

# A word weighs the more the fewer of the person's own texts have it: ln(1 + (n - df + 1/2) / (df + 1/2)).
_ASKED = """
asked AS MATERIALIZED (
    SELECT w.query, ln(1 + (n.all_of - n.having + 0.5) / (n.having + 0.5)) AS weight
    FROM (SELECT to_tsquery('simple', word) AS query FROM unnest($9::text[]) AS t (word) OFFSET 0) w
    CROSS JOIN LATERAL (
        SELECT count(*) AS all_of, count(*) FILTER (WHERE d.words @@ w.query) AS having FROM docs d
    ) n
)
"""

_BY_WORDS = f"""
WITH docs AS MATERIALIZED (
    SELECT s.id, s.start_timestamp, s.words || t.words AS words, t.words AS topics
    FROM {{schema}}.conversation_summaries s
    CROSS JOIN LATERAL (
        SELECT to_tsvector('simple', array_to_string(coalesce(s.key_topics, '{{}}'), ' ')) AS words) t
    WHERE {_MY_WINDOWS} AND $9::text[] IS NOT NULL
), {_ASKED}, best AS (
    SELECT d.id, row_number() OVER (ORDER BY sum(a.weight * CASE WHEN d.topics @@ a.query THEN 1 + {TOPIC_BONUS} ELSE 1 END) DESC,
        d.start_timestamp DESC, d.id) AS place
    FROM docs d JOIN asked a ON d.words @@ a.query GROUP BY d.id, d.start_timestamp ORDER BY place LIMIT $12::integer
)
SELECT json_agg({_WINDOW_JSON} ORDER BY place)::text AS list
FROM best JOIN {{schema}}.conversation_summaries s USING (id)
"""

_BY_MEANING = f"""
SELECT json_agg({_WINDOW_JSON} ORDER BY h.place, s.end_timestamp)::text AS list
FROM unnest($10::timestamp[], $11::text[]) WITH ORDINALITY AS h (start, scope, place)
JOIN {{schema}}.conversation_summaries s ON s.start_timestamp = h.start AND s.scope = h.scope
WHERE {_MY_WINDOWS}
"""

# Months that lie in the range whole, and the weeks beside them.
_DIGESTS = f"""
SELECT json_agg(json_build_array(period, start_date, end_date, summary_text, key_topics, emotional_tone, message_count, state,
    scope) ORDER BY start_date, scope)::text AS list
FROM (
    SELECT s.* FROM {{schema}}.summary_rollups s
    WHERE {_MY_WINDOWS} AND s.start_date >= $6::date AND s.end_date <= $7::date
        AND (s.period = 'month' OR NOT EXISTS (
            SELECT FROM {{schema}}.summary_rollups m
            WHERE {_MINE.format(alias="m")} AND m.period = 'month' AND m.scope = s.scope AND m.start_date >= $6::date
                AND m.end_date <= $7::date AND m.start_date < s.end_date AND s.start_date < m.end_date))
    ORDER BY s.start_date DESC, s.scope LIMIT $12::integer
) s
"""

# What is known now and was said in that time, and what was believed from a message of that time on and is no more.
_FACTS_IN_TIME = f"""
SELECT json_agg(json_build_array(content, category, first_said_at, last_said_at, valid_from, valid_to, current, scope, ids)
    ORDER BY confidence DESC, first_said_at, content)::text AS list
FROM (
    SELECT * FROM (
        SELECT f.fact_content AS content, f.category, e.first_said_at, e.last_said_at, f.valid_from, f.valid_to,
            true AS current, f.scope, e.ids, f.confidence
        FROM {{schema}}.user_facts f
        JOIN LATERAL (
            SELECT min(e.said_at) AS first_said_at, max(e.said_at) AS last_said_at, array_agg(DISTINCT e.point_id) AS ids
            FROM {{schema}}.fact_evidence e
            WHERE e.fact_id = f.id AND e.said_at >= r.lo AND e.said_at < r.hi
        ) e ON e.ids IS NOT NULL
        WHERE {_MINE.format(alias="f")} AND {_MAY_SEE_FACT}
        UNION ALL
        SELECT v.fact_content, v.category, v.known_from, v.known_from, v.valid_from, v.valid_to, false, v.scope,
            v.message_ids, v.confidence
        FROM {{schema}}.fact_versions v
        WHERE {_MINE.format(alias="v")} AND v.known_from >= r.lo AND v.known_from < r.hi
            AND v.reason NOT IN ('current', 'rejected', 'corrected')
            AND (k.private OR v.scope = 'shared' AND NOT EXISTS (
                SELECT FROM {{schema}}.message_ledger d
                WHERE d.bot_name = v.bot_name AND d.point_id = ANY(v.message_ids) AND d.scope = 'dm' OFFSET 0))
    ) said
    ORDER BY confidence DESC, first_said_at, content LIMIT $12::integer
) chosen
"""

_FACTS_BY_WORDS = f"""
WITH docs AS MATERIALIZED (
    SELECT f.id, f.confidence, f.words
    FROM {{schema}}.user_facts f
    WHERE {_MINE.format(alias="f")} AND $9::text[] IS NOT NULL AND {_MAY_SEE_FACT}
), {_ASKED}, best AS (
    SELECT d.id, row_number() OVER (ORDER BY sum(a.weight) DESC, d.confidence DESC, d.id) AS place
    FROM docs d JOIN asked a ON d.words @@ a.query GROUP BY d.id, d.confidence ORDER BY place LIMIT $12::integer
)
SELECT json_agg(json_build_array(f.fact_content, f.category, f.first_said_at, f.last_said_at, f.valid_from, f.valid_to, true,
    f.scope, ARRAY(SELECT DISTINCT e.point_id FROM {{schema}}.fact_evidence e WHERE e.fact_id = f.id ORDER BY 1))
    ORDER BY place)::text AS list
FROM best JOIN {{schema}}.user_facts f USING (id)
"""

_RANGE = """
SELECT CASE WHEN $8::text <> '' THEN bt.lo ELSE $4::timestamp END AT TIME ZONE 'UTC' AS lo,
    CASE WHEN $8::text <> '' THEN bt.hi ELSE $5::timestamp END AT TIME ZONE 'UTC' AS hi
"""

LISTS = ("time", "words", "meaning", "digests", "facts_time", "facts_words")
"""What a row of `recall_query` holds after the state, in this order."""


@lru_cache(maxsize=8)
def recall_query(schema: str) -> Query:
    """Parameters: user, bot, private; from and to (naive UTC, half-open) and as days, all four null without a time; 'first',
    'latest' or ''; words as prefixes for to_tsquery, or null; starts (naive UTC) and scopes of the windows that are near in
    meaning; how many of each."""
    parts = {"bt": _IN_TIME, "bw": _BY_WORDS, "bm": _BY_MEANING, "dg": _DIGESTS}
    joins = [f"LEFT JOIN LATERAL ({part}) {name} ON true" for name, part in parts.items()]
    joins.append(f"CROSS JOIN LATERAL ({_RANGE}) r")
    parts = {"ft": _FACTS_IN_TIME, "fw": _FACTS_BY_WORDS}
    joins += [f"LEFT JOIN LATERAL ({part}) {name} ON true" for name, part in parts.items()]
    columns = "bt.list, bw.list, bm.list, dg.list, ft.list, fw.list"
    return _with_state(schema, "recall", columns, "\n".join(joins))


@lru_cache(maxsize=8)
def anchors_query(schema: str) -> Query:
    """What gives days of a person's life: birthdays, and what has a day. Parameters: user, bot, private."""
    facts = f"""
        SELECT json_agg(json_build_array(attribute, value, fact_content, valid_from, valid_to)
            ORDER BY last_said_at, id)::text AS list
        FROM {{schema}}.user_facts f
        WHERE {_MINE.format(alias="f")} AND (f.attribute = 'birthday' OR f.valid_from IS NOT NULL) AND {_MAY_SEE_FACT}
    """
    return _with_state(schema, "anchors", "a.list", f"LEFT JOIN LATERAL ({facts}) a ON true")


def _with_state(schema: str, name: str, columns: str, joins: str) -> Query:
    text = f"SELECT {queries.STATE_COLUMNS}, {columns}\nFROM {queries.WHO} {queries.STATE_JOINS}\n{joins}"
    return queries.in_schema(schema, name, text)
