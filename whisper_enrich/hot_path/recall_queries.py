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
    "attribute", "tense", "confidence", "evidence_at",
)  # fmt: skip

K1, B = 1.2, 0.75

_MINE = "{alias}.user_id = k.user_id AND {alias}.bot_name = k.bot_name"
_MY_WINDOWS = f"{_MINE.format(alias='s')} AND (k.private OR s.scope = 'shared')"

_WINDOW_JSON = """json_build_array(s.id, s.summary_text, s.start_timestamp, s.end_timestamp, s.message_count, s.key_topics,
    s.emotional_tone, s.confidence_score, s.state, s.scope, s.message_ids)"""

# The windows of a time that hold most tell most of it. Of "the first" and "the latest" there is one; where that was put
# away, it still says when it was.
_IN_TIME = f"""
SELECT (json_agg({_WINDOW_JSON} ORDER BY place) FILTER (WHERE s.archived_at IS NULL))::text AS list,
    min(s.start_timestamp) AS lo, max(s.end_timestamp) AS hi
FROM (
    SELECT s.*, row_number() OVER (ORDER BY {{order}}) AS place
    FROM {{schema}}.conversation_summaries s
    WHERE {_MY_WINDOWS} AND ($8::text <> '' OR $4::timestamp IS NOT NULL AND s.archived_at IS NULL)
        AND ($4::timestamp IS NULL OR s.end_timestamp > $4::timestamp)
        AND ($5::timestamp IS NULL OR s.start_timestamp < $5::timestamp)
    ORDER BY place LIMIT CASE WHEN $8::text <> '' THEN 1 ELSE $12::integer END
) s
""".replace(
    "{order}",
    """CASE WHEN $8::text = 'first' THEN s.start_timestamp END, CASE WHEN $8::text = 'latest' THEN s.end_timestamp END DESC,
        s.message_count DESC, s.start_timestamp DESC, s.scope""",
)

_ASKED = """
asked AS MATERIALIZED (
    SELECT word, term, to_tsquery('simple', word) AS query FROM unnest($9::text[], $13::text[]::integer[]) AS t (word, term)
)
"""

# A text scores the sum over the question's words that it has of ln(1 + (n - df + 1/2) / (df + 1/2)): a word weighs the more
# the fewer of the person's own texts have it. `docs` and `hits` come before this. Each step is materialized: the planner, which
# expects a row or two of each, would else compute it once for every row of the next.
_SCORED = """
counted AS MATERIALIZED (
    SELECT word, count(*)::float8 AS texts FROM hits GROUP BY word
), weights AS MATERIALIZED (
    SELECT word, ln(1 + (n.docs - texts + 0.5::float8) / (texts + 0.5::float8)) AS weight
    FROM (SELECT count(*)::float8 AS docs FROM docs OFFSET 0) n CROSS JOIN counted
), scored AS MATERIALIZED (
    SELECT id, sum(weight) AS score FROM hits JOIN weights USING (word) GROUP BY id
)
"""

# A window has a word that is in its summary or topics, or whose hash is among its messages': sorted, so that
# width_bucket finds it by halving. Hashes of what the window held before do not count. What has many words has any of them
# sooner: as BM25 (Robertson and Zaragoza, 2009) with its usual constants, and each word counted once.
_BY_WORDS = f"""
WITH docs AS MATERIALIZED (
    SELECT s.id, s.start_timestamp, v.terms, coalesce(cardinality(v.terms), length(s.words)) AS length,
        s.words || to_tsvector('simple', array_to_string(coalesce(s.key_topics, '{{}}'), ' ')) AS words
    FROM {{schema}}.conversation_summaries s
    LEFT JOIN LATERAL (
        SELECT terms FROM {{schema}}.summary_vectors
        WHERE bot_name = s.bot_name AND user_id = s.user_id AND start_timestamp = s.start_timestamp
            AND end_timestamp = s.end_timestamp AND scope = s.scope AND input_hash = s.input_hash LIMIT 1
    ) v ON true
    WHERE {_MY_WINDOWS} AND s.archived_at IS NULL AND $9::text[] IS NOT NULL
), {_ASKED}, hits AS MATERIALIZED (
    SELECT d.id, a.word FROM asked a JOIN docs d
        ON d.words @@ a.query OR d.terms[width_bucket(a.term, d.terms)] = a.term
), {_SCORED}, best AS (
    SELECT id, row_number() OVER (
        ORDER BY score / (1 + {K1} * (1 - {B} + {B} * docs.length / mean.length)) DESC, start_timestamp DESC, id) AS place
    FROM (SELECT greatest(avg(length), 1)::float8 AS length FROM docs OFFSET 0) mean CROSS JOIN scored JOIN docs USING (id)
    ORDER BY place LIMIT $12::integer
)
SELECT json_agg({_WINDOW_JSON} ORDER BY place)::text AS list
FROM best JOIN {{schema}}.conversation_summaries s USING (id)
"""

_BY_MEANING = f"""
SELECT json_agg({_WINDOW_JSON} ORDER BY h.place, s.end_timestamp)::text AS list
FROM unnest($10::text[]::timestamp[], $11::text[]) WITH ORDINALITY AS h (start, scope, place)
JOIN {{schema}}.conversation_summaries s ON s.start_timestamp = h.start AND s.scope = h.scope
WHERE {_MY_WINDOWS} AND s.archived_at IS NULL
"""

# Months that lie in the range whole, and the weeks beside them; of windows that were put away and no such month tells of,
# the week, also where the range is shorter than that.
_DIGESTS = f"""
SELECT json_agg(json_build_array(period, start_date, end_date, summary_text, key_topics, emotional_tone, message_count, state,
    scope) ORDER BY start_date, scope)::text AS list
FROM (
    SELECT s.* FROM {{schema}}.summary_rollups s
    WHERE {_MY_WINDOWS} AND (s.start_date >= $6::date AND s.end_date <= $7::date
        AND (s.period = 'month' OR NOT EXISTS (
            SELECT FROM {{schema}}.summary_rollups m
            WHERE {_MINE.format(alias="m")} AND m.period = 'month' AND m.scope = s.scope AND m.start_date >= $6::date
                AND m.end_date <= $7::date AND m.start_date < s.end_date AND s.start_date < m.end_date))
        OR s.period = 'week' AND (s.start_date, s.scope) IN (
            SELECT date_trunc('week', a.start_timestamp)::date, a.scope FROM {{schema}}.conversation_summaries a
            WHERE {_MINE.format(alias="a")} AND a.archived_at IS NOT NULL
                AND a.end_timestamp > r.lo AT TIME ZONE 'UTC' AND a.start_timestamp < r.hi AT TIME ZONE 'UTC'
                AND NOT EXISTS (
                    SELECT FROM {{schema}}.summary_rollups m
                    WHERE {_MINE.format(alias="m")} AND m.period = 'month' AND m.scope = a.scope
                        AND m.start_date >= $6::date AND m.end_date <= $7::date
                        AND a.start_timestamp >= m.start_date AND a.start_timestamp < m.end_date)))
    ORDER BY s.start_date DESC, s.scope LIMIT $12::integer
) s
"""

# What is known now and was said in that time, and what was believed from a message of that time on and is no more.
_FACTS_IN_TIME = f"""
SELECT json_agg(json_build_array(content, category, first_said_at, last_said_at, valid_from, valid_to, current, scope, ids,
    attribute, tense, confidence, evidence_at)
    ORDER BY confidence DESC, first_said_at, content)::text AS list
FROM (
    SELECT * FROM (
        SELECT f.fact_content AS content, f.category, e.first_said_at, e.last_said_at, f.valid_from, f.valid_to,
            true AS current, f.scope, e.ids, f.attribute, f.tense, f.confidence, f.last_said_at AS evidence_at
        FROM {queries.MY_FACTS} f
        JOIN LATERAL (
            SELECT min(e.said_at) AS first_said_at, max(e.said_at) AS last_said_at, array_agg(DISTINCT e.point_id) AS ids
            FROM {queries.MY_EVIDENCE} e
            WHERE e.said_at >= r.lo AND e.said_at < r.hi
        ) e ON e.ids IS NOT NULL
        WHERE f.last_said_at >= r.lo AND f.first_said_at < r.hi
        UNION ALL
        SELECT v.fact_content, v.category, v.known_from, v.known_from, v.valid_from, v.valid_to, false, v.scope,
            v.message_ids, v.attribute, v.tense, v.confidence, NULL
        FROM {queries.MY_VERSIONS} v
        WHERE v.known_from >= r.lo AND v.known_from < r.hi AND v.reason NOT IN ('current', 'rejected', 'corrected')
    ) said
    ORDER BY confidence DESC, first_said_at, content LIMIT $12::integer
) chosen
"""

_FACTS_BY_WORDS = f"""
WITH docs AS MATERIALIZED (
    SELECT f.* FROM {queries.MY_FACTS} f WHERE $9::text[] IS NOT NULL
), {_ASKED}, hits AS MATERIALIZED (
    SELECT d.id, a.word FROM asked a JOIN docs d ON d.words @@ a.query
), {_SCORED}, best AS (
    SELECT id, row_number() OVER (ORDER BY score DESC, confidence DESC, id) AS place
    FROM scored JOIN docs USING (id) ORDER BY place LIMIT $12::integer
)
SELECT json_agg(json_build_array(f.fact_content, f.category, f.first_said_at, f.last_said_at, f.valid_from, f.valid_to, true,
    f.scope, ARRAY(SELECT DISTINCT e.point_id FROM {queries.MY_EVIDENCE} e ORDER BY 1),
    f.attribute, f.tense, f.confidence, f.last_said_at)
    ORDER BY place)::text AS list
FROM best JOIN docs f USING (id)
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
    meaning; how many of each; the hashes of the words, or null."""
    parts = {"bt": _IN_TIME, "bw": _BY_WORDS, "bm": _BY_MEANING}
    joins = [f"LEFT JOIN LATERAL ({part}) {name} ON true" for name, part in parts.items()]
    joins.append(f"CROSS JOIN LATERAL ({_RANGE}) r")
    parts = {"dg": _DIGESTS, "ft": _FACTS_IN_TIME, "fw": _FACTS_BY_WORDS}
    joins += [f"LEFT JOIN LATERAL ({part}) {name} ON true" for name, part in parts.items()]
    columns = "bt.list, bw.list, bm.list, dg.list, ft.list, fw.list"
    return _with_state(schema, "recall", columns, "\n".join(joins))


@lru_cache(maxsize=8)
def anchors_query(schema: str) -> Query:
    """What gives days of a person's life: birthdays, and what has a day. Parameters: user, bot, private."""
    facts = f"""
        SELECT json_agg(json_build_array(attribute, value, fact_content, valid_from, valid_to)
            ORDER BY last_said_at, id)::text AS list
        FROM {queries.MY_FACTS} f WHERE f.attribute = 'birthday' OR f.valid_from IS NOT NULL
    """
    return _with_state(schema, "anchors", "a.list", f"LEFT JOIN LATERAL ({facts}) a ON true")


def _with_state(schema: str, name: str, columns: str, joins: str) -> Query:
    text = f"SELECT {queries.STATE_COLUMNS}, {columns}\nFROM {queries.WHO} {queries.STATE_JOINS}\n{joins}"
    return queries.in_schema(schema, name, text)
