"""The part of Qdrant's gRPC interface that our adapter uses, in front of the engine of a `FakeQdrant`.

Requests and answers go over the wire as a server's would, through the client's own conversions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from qdrant_client import grpc as wire
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc

from whisper_enrich_tests.messages.fake_qdrant import FakeQdrant


def _known(method: Callable[..., Any]) -> Callable[..., Any]:
    """Answers NOT_FOUND where the engine knows no such collection or point."""

    def answered(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        self.fake.requests.append(("GRPC", method.__name__))
        try:
            return method(self, request)
        except (ValueError, KeyError) as error:
            return context.abort(grpc.StatusCode.NOT_FOUND, f"Not found: {error}")

    return answered


def _done(_: Any = None) -> Any:
    return wire.PointsOperationResponse(result=wire.UpdateResult(operation_id=1, status=wire.UpdateStatus.Completed))


def _retrieved(record: Any) -> Any:
    record.payload = record.payload or {}
    return RestToGrpc.convert_retrieved_point(record)


class _Collections(wire.CollectionsServicer):
    def __init__(self, fake: FakeQdrant) -> None:
        self.fake = fake

    @_known
    def List(self, request: Any) -> Any:
        names = [collection.name for collection in self.fake.client.get_collections().collections]
        return wire.ListCollectionsResponse(collections=[wire.CollectionDescription(name=name) for name in names])

    @_known
    def ListAliases(self, request: Any) -> Any:
        aliases = self.fake.client.get_aliases().aliases
        return wire.ListAliasesResponse(aliases=[RestToGrpc.convert_alias_description(alias) for alias in aliases])

    @_known
    def Get(self, request: Any) -> Any:
        info = RestToGrpc.convert_collection_info(self.fake.client.get_collection(request.collection_name))
        for field in self.fake.indexes.get(request.collection_name, {}):
            info.payload_schema[field].data_type = wire.PayloadSchemaType.Keyword
        return wire.GetCollectionInfoResponse(result=info)

    @_known
    def Create(self, request: Any) -> Any:
        vectors = GrpcToRest.convert_vectors_config(request.vectors_config)
        self.fake.client.create_collection(request.collection_name, vectors_config=vectors)
        return wire.CollectionOperationResponse(result=True)


class _Points(wire.PointsServicer):
    def __init__(self, fake: FakeQdrant) -> None:
        self.fake = fake

    @_known
    def Upsert(self, request: Any) -> Any:
        points = [GrpcToRest.convert_point_struct(each) for each in request.points]
        return _done(self.fake.client.upsert(request.collection_name, points=points))

    @_known
    def Get(self, request: Any) -> Any:
        points = self.fake.client.retrieve(
            request.collection_name,
            ids=[GrpcToRest.convert_point_id(each) for each in request.ids],
            with_payload=GrpcToRest.convert_with_payload_selector(request.with_payload),
            with_vectors=GrpcToRest.convert_with_vectors_selector(request.with_vectors),
        )
        return wire.GetResponse(result=[_retrieved(each) for each in points])

    @_known
    def Scroll(self, request: Any) -> Any:
        points, offset = self.fake.client.scroll(
            request.collection_name,
            scroll_filter=GrpcToRest.convert_filter(request.filter) if request.HasField("filter") else None,
            limit=request.limit,
            offset=GrpcToRest.convert_point_id(request.offset) if request.HasField("offset") else None,
            with_payload=GrpcToRest.convert_with_payload_selector(request.with_payload),
            with_vectors=GrpcToRest.convert_with_vectors_selector(request.with_vectors),
        )
        return wire.ScrollResponse(
            result=[_retrieved(each) for each in points],
            next_page_offset=None if offset is None else RestToGrpc.convert_extended_point_id(offset),
        )

    @_known
    def Count(self, request: Any) -> Any:
        chosen = GrpcToRest.convert_filter(request.filter) if request.HasField("filter") else None
        counted = self.fake.client.count(request.collection_name, count_filter=chosen, exact=request.exact)
        return wire.CountResponse(result=wire.CountResult(count=counted.count))

    @_known
    def Query(self, request: Any) -> Any:
        found = self.fake.client.query_points(
            request.collection_name,
            query=list(request.query.nearest.dense.data),
            using=request.using,
            query_filter=GrpcToRest.convert_filter(request.filter),
            limit=request.limit,
            with_payload=GrpcToRest.convert_with_payload_selector(request.with_payload),
        )
        return wire.QueryResponse(result=[RestToGrpc.convert_scored_point(each) for each in found.points])

    @_known
    def UpdateBatch(self, request: Any) -> Any:
        operations = [GrpcToRest.convert_points_update_operation(each) for each in request.operations]
        self.fake.client.batch_update_points(request.collection_name, update_operations=operations)
        return wire.UpdateBatchResponse(result=[_done().result for _ in operations])

    @_known
    def Delete(self, request: Any) -> Any:
        chosen = GrpcToRest.convert_points_selector(request.points)
        return _done(self.fake.client.delete(request.collection_name, points_selector=chosen))

    @_known
    def DeletePayload(self, request: Any) -> Any:
        chosen = GrpcToRest.convert_points_selector(request.points_selector)
        return _done(
            self.fake.client.delete_payload(request.collection_name, keys=list(request.keys), points=chosen.points)
        )

    @_known
    def CreateFieldIndex(self, request: Any) -> Any:
        self.fake.indexes.setdefault(request.collection_name, {})[request.field_name] = {"data_type": "keyword"}
        return _done()


@contextmanager
def serving_grpc(fake: FakeQdrant) -> Iterator[int]:
    """The port on which the fake's engine answers gRPC."""
    limit = ("grpc.max_receive_message_length", 32 * 1024 * 1024)
    server = grpc.server(ThreadPoolExecutor(max_workers=1), options=[limit])
    wire.add_CollectionsServicer_to_server(_Collections(fake), server)
    wire.add_PointsServicer_to_server(_Points(fake), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()
