"""What we wrote to InfluxDB goes into the backup and back; a server that is down costs none."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("influxdb_client", reason="the client of the extra 'influxdb'")

from whisper_enrich.backup.metrics import MetricsUnavailable, fetch_points, put_points_back
from whisper_enrich.settings import load_settings

ANSWER = (
    "#datatype,string,long,dateTime:RFC3339,{type},string,string,string,string\r\n"
    "#group,false,false,false,false,true,true,true,true\r\n"
    "#default,_result,,,,,,,\r\n"
    ",result,table,_time,_value,_field,_measurement,tag_table,bot\r\n"
    ",,{number},2026-03-20T12:00:00Z,{value},{field},strategic_cache,get_facts,elena\r\n\r\n"
)
LINES = [
    "strategic_cache,bot=elena,table=get_facts hits=7i 1774008000000000000",
    "strategic_cache,bot=elena,table=get_facts hit_rate=0.5 1774008000000000000",
]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path.split("?")[0], body))
        told = ANSWER.format(type="long", number=0, value=7, field="hits")
        told += ANSWER.format(type="double", number=1, value=0.5, field="hit_rate")
        answer = told.encode() if self.path.startswith("/api/v2/query") else b""
        self.send_response(200 if answer else 204)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    built = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    built.asked = []
    threading.Thread(target=built.serve_forever, args=(0.02,), daemon=True).start()
    yield built
    built.shutdown()
    built.server_close()


def influx(port: int):
    return load_settings(influxdb_url=f"http://127.0.0.1:{port}", influxdb_token="t", influxdb_org="o")


def test_every_value_is_fetched_with_its_type_and_tags_and_written_again(server, tmp_path):
    settings = influx(server.server_port)
    assert fetch_points(settings, tmp_path / "points.gz") == 2
    assert gzip.decompress((tmp_path / "points.gz").read_bytes()).decode().splitlines() == LINES
    assert 'r._measurement == \\"strategic_cache\\"' in server.asked[0][1]
    assert put_points_back(settings, tmp_path / "points.gz") == 2
    assert server.asked[1] == ("/api/v2/write", "\n".join(LINES))


def test_a_server_that_is_down_is_named_with_the_remedy(tmp_path):
    with pytest.raises(MetricsUnavailable, match="Check INFLUXDB_URL"):
        fetch_points(influx(9), tmp_path / "points.gz")
