"""InfluxDB as an optional source: what it says, and that nothing stops where it does not."""

from __future__ import annotations

import logging
import socket
from datetime import date

import pytest

from whisper_enrich.metrics.flux import UnreadableAnswer, Wanted, daily_query, daily_values, literal
from whisper_enrich.metrics.influx import SILENT_AFTER_FAILURE_SECONDS, InfluxMetrics, NoMetrics, open_metrics
from whisper_enrich.settings import load_settings
from whisper_enrich.strategic.performance_inputs import DailyMean, Relationship
from whisper_enrich_tests.metrics.fake_influx import FakeInflux, serving

pytest.importorskip("influxdb_client", reason="the client of the extra 'influxdb'")

LAST = date(2026, 3, 20)


def quality(user, day, engagement, bot="ines", field="engagement_score"):
    return ("conversation_quality", field, {"bot": bot, "user_id": user}, day, engagement)


def response(user, day, value, operation="answer", success="true"):
    tags = {"bot_name": "ines", "user_id": user, "operation": operation, "success": success}
    return ("response_time_v2", "value", tags, day, value)


def source(fake, token="secret", timeout=5.0, **more):
    return InfluxMetrics(fake.url, token, "acme", "performance_metrics", timeout, **more)


def read(rows, **more):
    with serving(FakeInflux(rows, **more)) as fake:
        return source(fake).read("ines", LAST, 30)


class TestReading:
    def test_days_come_as_means_with_their_counts_by_user_and_measure(self):
        found = read([
            quality("a", "2026-03-19", 0.4), quality("a", "2026-03-19", 0.6), quality("a", "2026-03-20", 0.8),
            quality("b", "2026-03-20", 0.2), quality("a", "2026-03-20", 0.7, field="satisfaction_score"),
            quality("a", "2026-03-20", 0.3, field="topic_relevance"),
        ])  # fmt: skip
        assert found.unmeasured is None
        assert found.by_user["a"] == {
            "engagement": [DailyMean(date(2026, 3, 19), 0.5, 2), DailyMean(date(2026, 3, 20), 0.8, 1)],
            "satisfaction": [DailyMean(date(2026, 3, 20), 0.7, 1)],
            "coherence": [DailyMean(date(2026, 3, 20), 0.3, 1)],
        }
        assert found.of_user("b").measured == {"engagement": [DailyMean(date(2026, 3, 20), 0.2, 1)]}
        assert found.of_user("nobody").measured == {}

    def test_the_bots_row_weights_users_by_their_measurements(self):
        found = read(
            [quality("a", "2026-03-20", 0.2), quality("a", "2026-03-20", 0.4), quality("b", "2026-03-20", 0.9)]
        )
        assert found.of_bot().measured == {"engagement": [DailyMean(date(2026, 3, 20), pytest.approx(0.5), 3)]}

    def test_only_the_days_and_the_bot_that_were_asked_for_are_read(self):
        found = read([
            quality("a", "2026-02-18", 0.1), quality("a", "2026-02-19", 0.2), quality("a", "2026-03-21", 0.3),
            quality("a", "2026-03-20", 0.4, bot="juno"), quality("a", "2026-03-20", 0.5, bot="Ines"),
        ])  # fmt: skip
        assert [one.mean for one in found.by_user["a"]["engagement"]] == [0.2, 0.5]

    def test_values_out_of_range_are_no_scores(self):
        assert read([quality("a", "2026-03-20", 87.0), quality("a", "2026-03-19", 0.5)]).by_user == {
            "a": {"engagement": [DailyMean(date(2026, 3, 19), 0.5, 1)]}
        }

    def test_of_several_timed_operations_the_whole_answer_is_taken(self):
        found = read([
            response("a", "2026-03-20", 300.0, "memory"), response("a", "2026-03-20", 2000.0, "answer"),
            response("b", "2026-03-20", 3000.0, "answer"), response("b", "2026-03-20", 9e6, "answer", "False"),
        ])  # fmt: skip
        assert found.of_bot().measured["response_time"] == [DailyMean(date(2026, 3, 20), 2500.0, 2)]

    def test_the_polluted_satisfaction_of_user_feedback_is_never_asked_for(self):
        tags = {"bot": "ines", "user_id": "a", "reaction_emoji": "x"}
        rows = [("user_feedback", "satisfaction_score", tags, "2026-03-20", 0.0),
                ("user_feedback", "user_reaction_score", tags, "2026-03-20", -0.5)]  # fmt: skip
        assert read(rows).by_user == {"a": {"reactions": [DailyMean(date(2026, 3, 20), -0.5, 1)]}}

    def test_relationships_are_those_of_the_last_day(self):
        def level(field, day, value):
            return ("relationship_progression", field, {"bot": "ines", "user_id": "a"}, day, value)

        found = read([level("trust_level", "2026-03-18", 0.2), level("trust_level", "2026-03-19", 0.4),
                      level("affection_level", "2026-03-18", 0.9), level("attunement_level", "2026-03-19", 40)])  # fmt: skip
        (related,) = found.of_user("a").relationships
        assert (related.trust, related.affection, related.attunement) == (0.4, 0.9, None)
        assert related.updated_at.date() == date(2026, 3, 19)
        assert found.of_bot().relationships == (related,)
        assert isinstance(related, Relationship)

    def test_a_server_without_such_measurements_says_nothing_without_a_reason(self):
        found = read([])
        assert (found.by_user, found.unmeasured) == ({}, None)

    def test_the_settings_are_what_the_server_is_asked_with(self):
        with serving(FakeInflux(token="t0k")) as fake:
            settings = load_settings(
                influxdb_url=fake.url, influxdb_token="t0k", influxdb_org="my org", influxdb_bucket='odd "bucket"'
            )
            assert open_metrics(settings).read("ines", LAST, 7).unmeasured is None
        assert set(fake.organisations) == {"my org"}
        assert all('from(bucket: "odd \\"bucket\\"")' in query for query in fake.queries)
        assert all("start: 2026-03-14T00:00:00Z, stop: 2026-03-21T00:00:00Z" in query for query in fake.queries)

    def test_without_a_url_nothing_is_measured_and_nothing_imported(self):
        found = open_metrics(load_settings(influxdb_url=" "))
        assert isinstance(found, NoMetrics)
        assert found.read("ines", LAST, 30).of_bot().unmeasured is None


class TestFailures:
    @pytest.mark.parametrize(
        ("fake", "reason"),
        [
            (FakeInflux(status=401), "influxdb_refused"),
            (FakeInflux(token="another"), "influxdb_refused"),
            (FakeInflux(status=404), "influxdb_not_found"),
            (FakeInflux(status=500), "influxdb_failed"),
            (FakeInflux(status=429), "influxdb_failed"),
            (FakeInflux(body="<html>a proxy's page</html>\n"), "influxdb_unreadable"),
            (FakeInflux(body=",error,reference\n,out of memory,897\n"), "influxdb_unreadable"),
            (FakeInflux(body=",result,table,user_id,_field,_time,_value\n,mean,0,a,x\n"), "influxdb_unreadable"),
            (FakeInflux(body=",result,table,user_id,_field,_time,_value\n,mean,0,a,x,soon,1\n"), "influxdb_unreadable"),
        ],
        ids=["401", "wrong token", "404", "500", "429", "html", "error table", "cut off", "no time"],
    )
    def test_what_goes_wrong_is_the_reason(self, fake, reason):
        with serving(fake):
            found = source(fake).read("ines", LAST, 30)
        assert (found.by_user, found.unmeasured) == ({}, reason)
        assert found.of_user("a").unmeasured == found.of_bot().unmeasured == reason

    def test_a_server_that_is_down_is_unreachable(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        found = InfluxMetrics(f"http://127.0.0.1:{port}", "t", "o", "b", 2.0).read("ines", LAST, 30)
        assert found.unmeasured == "influxdb_unreachable"

    def test_a_server_that_hangs_is_given_up_after_the_time_out(self):
        with serving(FakeInflux(delay=1.0)) as fake:
            assert source(fake, timeout=0.1).read("ines", LAST, 30).unmeasured == "influxdb_unreachable"

    def test_a_failure_is_logged_once_without_a_secret_and_not_tried_again_at_once(self, caplog):
        now = [0.0]
        with serving(FakeInflux(status=500)) as fake, caplog.at_level(logging.WARNING):
            failing = source(fake, monotonic=lambda: now[0])
            for _ in range(3):
                assert failing.read("ines", LAST, 30).unmeasured == "influxdb_failed"
            assert len(fake.queries) == 1
            now[0] = SILENT_AFTER_FAILURE_SECONDS
            fake.status = 200
            assert failing.read("ines", LAST, 30).unmeasured is None
        messages = [record.getMessage() for record in caplog.records if record.name.startswith("whisper_enrich")]
        assert len(messages) == 1
        assert "secret" not in messages[0]
        assert fake.url not in messages[0]

    def test_a_missing_client_is_a_reason_too(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "influxdb_client", None)
        found = InfluxMetrics("http://127.0.0.1:1", "t", "o", "b", 1.0).read("ines", LAST, 30)
        assert found.unmeasured == "influxdb_client_is_missing"


class TestFlux:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("plain", '"plain"'),
            ('a"b', '"a\\"b"'),
            ("a\\b", '"a\\\\b"'),
            ('\\") |> drop(', '"\\\\\\") |> drop("'),
            ("${1 + 1}", '"\\${1 + 1}"'),
            ("a\nb\rc\td", '"a\\nb\\rc\\td"'),
            ("héllo $5", '"héllo $5"'),
        ],
    )
    def test_text_becomes_a_literal_that_nothing_can_leave(self, text, expected):
        assert literal(text) == expected

    def test_a_hostile_name_stays_inside_its_quotes(self):
        query = daily_query(Wanted("m", ("f",), "bot"), "b", ['x" or true or "'], LAST, LAST)
        assert r'r["bot"] == "x\" or true or \""' in query

    def test_annotations_several_tables_and_empty_lines_are_understood(self):
        text = """#datatype,string,long,string,string,dateTime:RFC3339,double
#group,false,false,true,true,false,false
#default,mean,,,,,
,result,table,_field,user_id,_time,_value
,mean,0,f,a,2026-03-19T00:00:00Z,0.5

,result,table,_field,user_id,_time,_value
,count,0,f,a,2026-03-19T00:00:00Z,4
,count,0,f,b,2026-03-19T00:00:00Z,4
"""
        rows = [line.split(",") if line else [] for line in text.splitlines()]
        (one,) = daily_values(rows, Wanted("m", ("f",), "bot"))
        assert (one.user_id, one.day, one.mean, one.count) == ("a", date(2026, 3, 19), 0.5, 4)

    def test_an_error_within_the_answer_is_no_data(self):
        with pytest.raises(UnreadableAnswer):
            daily_values([["", "error", "reference"], ["", "broke", ""]], Wanted("m", ("f",), "bot"))
