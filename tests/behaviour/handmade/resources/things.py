"""What the chat API lacks: GET, path and query parameters, an unsafe POST, uploads, an empty answer."""

from __future__ import annotations

from .. import models
from .._runtime.operation import Answer, Operation, Parameter
from .._runtime.request import Request
from .._runtime.resource import AsyncResource, SyncResource

_BEARER = (("bearerAuth",),)
_THING = Answer("200", "application/json", "json", lambda: models.Thing)

GET = Operation(
    method="GET",
    path="/things/{id}",
    security=_BEARER,
    parameters=(Parameter("id", "path"), Parameter("tags", "query", explode=False)),
    answers=(_THING,),
)
CREATE = Operation(
    method="POST", path="/things", security=_BEARER, body="json", answers=(_THING,), replay="method"
)
UPLOAD = Operation(
    method="POST", path="/files", security=_BEARER, body="multipart", answers=(_THING,)
)
DELETE = Operation(
    method="DELETE", path="/things/{id}", security=_BEARER, answers=(Answer("204", None, "empty"),)
)


class ThingsRequests:
    __slots__ = ()

    @staticmethod
    def get_request(id, *, tags=None, options=None):
        query = {} if tags is None else {"tags": tags}
        return Request(GET, path={"id": id}, query=query, options=options)

    @staticmethod
    def create_request(body, *, options=None):
        return Request(CREATE, body=body, options=options)

    @staticmethod
    def upload_request(body, *, options=None):
        return Request(UPLOAD, body=body, options=options)

    @staticmethod
    def delete_request(id, *, options=None):
        return Request(DELETE, path={"id": id}, options=options)


class Things(ThingsRequests, SyncResource):
    pass


class AsyncThings(ThingsRequests, AsyncResource):
    pass
