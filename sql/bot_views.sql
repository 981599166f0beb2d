-- What the deployed bots read, by the names and columns of the field contract beside those of the design contract, computed for the
-- moment of reading.
-- {ours} is the schema of the tables, {bots} that of these views (the bots' search_path begins with it).
-- Made anew by every `whisper-enrich migrate`, which lets every role read them that may use their schema (GRANT USAGE ON SCHEMA
-- {bots} TO …); nothing else need be granted. Statements end with a semicolon at the end of a line.

CREATE SCHEMA IF NOT EXISTS {bots};

-- A bot that serves a private channel says so by `SET whisper_enrich.scope = 'dm'`; without that nothing private is shown.
CREATE OR REPLACE FUNCTION {bots}.sees_private() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('whisper_enrich.scope', true), '') = 'dm' $$;

-- Items that were said in a dm are left out, at any depth.
CREATE OR REPLACE FUNCTION {bots}.readable(value jsonb, private boolean) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        IF private OR value IS NULL THEN RETURN value; END IF;
        IF jsonb_typeof(value) = 'object' AND value ->> 'scope' = 'dm' THEN RETURN NULL; END IF;
        IF jsonb_typeof(value) = 'array' THEN RETURN (
            SELECT coalesce(jsonb_agg({bots}.readable(item, private) ORDER BY place), '[]'::jsonb)
            FROM jsonb_array_elements(value) WITH ORDINALITY AS items (item, place)
            WHERE NOT (jsonb_typeof(item) = 'object' AND coalesce(item ->> 'scope', '') = 'dm')); END IF;
        IF jsonb_typeof(value) = 'object' THEN RETURN (
            SELECT coalesce(jsonb_object_agg(name, {bots}.readable(item, private)), '{{}}'::jsonb)
            FROM jsonb_each(value) AS items (name, item)
            WHERE NOT (jsonb_typeof(item) = 'object' AND coalesce(item ->> 'scope', '') = 'dm')); END IF;
        RETURN value;
    END $$;

-- The sentences of a list of {{"text", "scope"}} or of plain texts.
CREATE OR REPLACE FUNCTION {bots}.sentences(value jsonb) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(CASE jsonb_typeof(item) WHEN 'object' THEN item ->> 'text' ELSE item #>> '{{}}' END ORDER BY place), '{{}}')
    FROM jsonb_array_elements({bots}.readable(CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE '[]'::jsonb END, {bots}.sees_private()))
        WITH ORDINALITY AS items (item, place) $$;

-- A row holds until its own end; where the bot told of messages that it has not read, until {ttl} seconds after the first of them,
-- and until they are more than {unread}; and no longer than {silence} seconds after the worker's last sign of life: its heartbeat, or that it computed the row. With its owner's
-- rights: a bot's role need not see the tables.
CREATE OR REPLACE FUNCTION {bots}.holds_until(
    bot text, who text, computed timestamptz, read timestamptz, until timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT least(until,
        (SELECT least(min(told) + interval '{ttl} seconds', (array_agg(told))[{unread} + 1])
         FROM {ours}.message_touches t, unnest(t.recent) told
         WHERE t.bot_name = bot AND t.user_id = who AND t.at > read AND told > read),
        interval '{silence} seconds'
            + greatest(computed, (SELECT beat_at FROM {ours}.worker_heartbeats WHERE bot_name = bot))) $$;

CREATE OR REPLACE FUNCTION {bots}.hours_since(moment timestamptz) RETURNS double precision LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN moment IS NOT NULL THEN greatest(extract(epoch FROM now() - moment) / 3600.0, 0)::double precision END $$;

DROP VIEW IF EXISTS {bots}.strategic_memory_health;
CREATE VIEW {bots}.strategic_memory_health AS
SELECT user_id, bot_name, {bots}.readable(memory_snapshot, {bots}.sees_private()) AS memory_snapshot,
    {bots}.hours_since(to_timestamp(own.sum_last_at / own.count)) AS avg_memory_age_hours, retrieval_frequency_trend,
    {bots}.readable(forgetting_risk_memories, {bots}.sees_private()) AS forgetting_risk_memories,
    computed_at, {bots}.holds_until(bot_name, user_id, computed_at, read_up_to, expires_at) AS expires_at
FROM {ours}.strategic_memory_health c
CROSS JOIN LATERAL (SELECT c.details -> 'memory_aging' -> 'age_parameters' AS age) AS stored
CROSS JOIN LATERAL (
    SELECT (age ->> 'count')::double precision AS count, (age ->> 'sum_last_at')::double precision AS sum_last_at) AS own;

DROP VIEW IF EXISTS {bots}.strategic_personality_profiles;
CREATE VIEW {bots}.strategic_personality_profiles AS
SELECT c.user_id, c.bot_name, own.communication_style, own.formality_level, own.verbosity_level,
    {bots}.readable(own.primary_topics, {bots}.sees_private()) AS primary_topics, own.topic_diversity_score, own.emotional_range,
    own.dominant_emotions, own.question_frequency, own.avg_message_length, own.interaction_frequency_pattern,
    own.preferred_times, own.personality_summary, c.computed_at AS updated_at,
    {bots}.readable(c.dominant_traits, {bots}.sees_private()) AS dominant_traits,
    {bots}.readable(c.user_response_patterns, {bots}.sees_private()) AS user_response_patterns,
    {bots}.readable(c.adaptation_suggestions, {bots}.sees_private()) AS adaptation_suggestions,
    {bots}.readable(c.trait_evolution_history, {bots}.sees_private()) AS trait_evolution_history,
    c.computed_at,
    {bots}.holds_until(c.bot_name, c.user_id, c.computed_at, c.read_up_to, c.expires_at) AS expires_at
FROM {ours}.strategic_personality_profiles c
CROSS JOIN LATERAL jsonb_to_record(c.details -> 'personality_profile') AS own (
    communication_style text, formality_level text, verbosity_level text, primary_topics jsonb,
    topic_diversity_score double precision, emotional_range text, dominant_emotions jsonb,
    question_frequency double precision, avg_message_length double precision, interaction_frequency_pattern text,
    preferred_times jsonb, personality_summary text);

DROP VIEW IF EXISTS {bots}.strategic_conversation_patterns;
CREATE VIEW {bots}.strategic_conversation_patterns AS
SELECT c.user_id, c.bot_name, own.question_patterns, own.temporal_patterns, own.length_patterns, own.initiation_patterns,
    {bots}.readable(own.topic_patterns, {bots}.sees_private()) AS topic_patterns, own.style_evolution,
    c.computed_at AS analysis_timestamp,
    {bots}.readable(c.recent_topics, {bots}.sees_private()) AS recent_topics,
    {bots}.readable(c.topic_transition_graph, {bots}.sees_private()) AS topic_transition_graph,
    c.avg_topic_duration_minutes, c.context_switch_frequency, c.predicted_switch_likelihood, c.computed_at,
    {bots}.holds_until(c.bot_name, c.user_id, c.computed_at, c.read_up_to, c.expires_at) AS expires_at
FROM {ours}.strategic_conversation_patterns c
CROSS JOIN LATERAL jsonb_to_record(c.details -> 'conversation_patterns') AS own (
    question_patterns jsonb, temporal_patterns jsonb, length_patterns jsonb, initiation_patterns jsonb,
    topic_patterns jsonb, style_evolution jsonb);

DROP VIEW IF EXISTS {bots}.strategic_context_patterns;
CREATE VIEW {bots}.strategic_context_patterns AS
SELECT c.user_id, c.bot_name, own.switch_count, own.switch_frequency, c.avg_topic_duration_minutes,
    {bots}.readable(own.switch_patterns, {bots}.sees_private()) AS switch_patterns,
    {bots}.readable(own.common_transitions, {bots}.sees_private()) AS common_transitions,
    own.abrupt_switch_rate, own.context_coherence_score, c.computed_at AS updated_at,
    {bots}.holds_until(c.bot_name, c.user_id, c.computed_at, c.read_up_to, c.expires_at) AS expires_at
FROM {ours}.strategic_conversation_patterns c
CROSS JOIN LATERAL jsonb_to_record(c.details -> 'context_switches') AS own (
    switch_count integer, switch_frequency double precision, switch_patterns jsonb, common_transitions jsonb,
    abrupt_switch_rate double precision, context_coherence_score double precision);

DROP VIEW IF EXISTS {bots}.strategic_character_performance;
CREATE VIEW {bots}.strategic_character_performance AS
SELECT c.user_id, c.bot_name, own.avg_response_time, own.response_time_trend, c.quality_trend, own.engagement_trend,
    own.avg_quality_score, c.engagement_score_avg AS avg_engagement_score, own.conversation_count, own.performance_summary,
    {bots}.sentences(own.recommendations) AS recommendations, c.computed_at AS updated_at,
    {bots}.readable(c.recent_anomalies, {bots}.sees_private()) AS recent_anomalies,
    c.time_window_hours, c.engagement_score_avg, c.satisfaction_score_avg, c.coherence_score_avg,
    c.personality_consistency_index, c.computed_at,
    {bots}.holds_until(c.bot_name, c.user_id, c.computed_at, c.read_up_to, c.expires_at) AS expires_at
FROM {ours}.strategic_character_performance c
CROSS JOIN LATERAL jsonb_to_record(c.details -> 'character_performance') AS own (
    avg_response_time double precision, response_time_trend text, engagement_trend text,
    avg_quality_score double precision, conversation_count integer,
    performance_summary text, recommendations jsonb)
WHERE c.user_id IS NOT NULL;

DROP VIEW IF EXISTS {bots}.strategic_memory_behavior;
CREATE VIEW {bots}.strategic_memory_behavior AS
SELECT c.user_id, c.bot_name, own.decay_rate, own.retention_baseline, own.reinforced_topic_count,
    own.total_retrieval_count, own.avg_retrieval_interval_days,
    {bots}.readable(own.reinforcement_opportunities, {bots}.sees_private()) AS reinforcement_opportunities,
    own.optimal_recall_days, own.recall_strategy, own.confidence, c.computed_at AS analysis_timestamp,
    {bots}.readable(c.forgetting_curve_params, {bots}.sees_private()) AS forgetting_curve_params,
    {bots}.readable(c.high_retention_memories, {bots}.sees_private()) AS high_retention_memories,
    {bots}.readable(c.low_retention_memories, {bots}.sees_private()) AS low_retention_memories,
    c.recall_simulation_score, c.computed_at,
    {bots}.holds_until(c.bot_name, c.user_id, c.computed_at, c.read_up_to, c.expires_at) AS expires_at
FROM {ours}.strategic_memory_behavior c
CROSS JOIN LATERAL jsonb_to_record(c.details -> 'human_like_memory') AS own (
    decay_rate double precision, retention_baseline double precision, reinforced_topic_count integer,
    total_retrieval_count integer, avg_retrieval_interval_days double precision, reinforcement_opportunities jsonb,
    optimal_recall_days double precision, recall_strategy text, confidence double precision);

DROP VIEW IF EXISTS {bots}.strategic_engagement_opportunities;
CREATE VIEW {bots}.strategic_engagement_opportunities AS
SELECT c.user_id, c.bot_name,
    h.silence >= (own.lull ->> 'mild_after_hours')::double precision AS is_in_lull,
    h.silence AS hours_since_last_message,
    CASE WHEN h.silence IS NULL OR own.lull IS NULL OR jsonb_typeof(own.lull) = 'null' THEN NULL
         WHEN h.silence >= (own.lull ->> 'severe_after_hours')::double precision THEN 'severe'
         WHEN h.silence >= (own.lull ->> 'moderate_after_hours')::double precision THEN 'moderate'
         WHEN h.silence >= (own.lull ->> 'mild_after_hours')::double precision THEN 'mild'
         ELSE 'none' END AS lull_severity,
    CASE WHEN {bots}.sees_private() THEN own.unresolved_topic_count ELSE own.unresolved_shared_count END
        AS unresolved_topic_count,
    jsonb_array_length({bots}.readable(own.milestones, {bots}.sees_private())) AS milestone_count,
    own.optimal_engagement_hour, own.optimal_engagement_day,
    {bots}.sentences(own.recommendations) AS recommendations, c.computed_at AS analysis_timestamp,
    {bots}.readable(c.suggested_topics, {bots}.sees_private()) AS suggested_topics,
    c.optimal_timing_hours, c.receptivity_score, h.silence AS last_engagement_gap_hours, c.proactive_success_rate, c.computed_at,
    {bots}.holds_until(c.bot_name, c.user_id, c.computed_at, c.read_up_to, c.expires_at) AS expires_at
FROM {ours}.strategic_engagement_opportunities c
CROSS JOIN LATERAL jsonb_to_record(c.details -> 'proactive_engagement') AS own (
    last_message_at timestamptz, lull jsonb, unresolved_topic_count integer, unresolved_shared_count integer,
    milestones jsonb, optimal_engagement_hour integer, optimal_engagement_day integer, recommendations jsonb)
CROSS JOIN LATERAL (SELECT {bots}.hours_since(own.last_message_at) AS silence) AS h;

DROP VIEW IF EXISTS {bots}.conversation_summaries;
CREATE VIEW {bots}.conversation_summaries AS
SELECT id, user_id, bot_name, summary_text, summary_type, start_timestamp, end_timestamp, message_count,
    key_topics::varchar[] AS key_topics, emotional_tone, compression_ratio, confidence_score, created_at
FROM {ours}.conversation_summaries
WHERE (scope = 'shared' OR {bots}.sees_private()) AND archived_at IS NULL;

-- As the table, by the scope of the connection: in a shared channel what the shared messages alone come to.
DROP VIEW IF EXISTS {bots}.user_facts;
CREATE VIEW {bots}.user_facts AS
SELECT id, user_id, bot_name, category, fact_content, confidence, extracted_at, source_collection
FROM {ours}.user_facts WHERE audience = 'all' OR {bots}.sees_private()
UNION ALL
SELECT id, user_id, bot_name, category, fact_content, confidence, extracted_at, source_collection
FROM {ours}.shared_facts WHERE NOT {bots}.sees_private();
