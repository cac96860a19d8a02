"""The document of a small shop, for tests of the fake server."""

from __future__ import annotations

from typing import Any

PET = {"$ref": "#/components/schemas/Pet"}
SHOP: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.example.com/v2"}],
    "paths": {
        "/pets": {
            "get": {
                "operationId": "listPets",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
                    {"name": "X-Tenant", "in": "header", "required": True, "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {
                        "description": "",
                        "headers": {"X-Total": {"required": True, "schema": {"type": "integer"}}},
                        "content": {
                            "application/json": {"schema": {"type": "array", "items": PET}},
                            "application/xml": {"schema": {"type": "array", "items": PET}},
                            "application/x-ndjson": {"itemSchema": PET},
                        },
                    },
                    "422": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
                },
            },
            "post": {
                "operationId": "addPet",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": PET, "examples": {"cat": {"value": {"name": "Tom", "claws": 18}}, "dog": {"value": {"name": "Rex", "tail": 1}}}},
                        "application/x-www-form-urlencoded": {"schema": PET},
                        "multipart/form-data": {"schema": PET},
                    },
                },
                "responses": {
                    "201": {"description": "", "content": {"application/json": {"examples": {"cat": {"value": {"name": "a cat"}}, "dog": {"value": {"name": "a dog"}}}}}},
                    "409": {"description": ""},
                },
            },
        },
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": PET}}}}},
            "delete": {"security": [{"key": []}], "responses": {"204": {"description": ""}}},
        },
        "/pets/{id}/photo": {"get": {"responses": {"200": {"description": "", "content": {"image/png": {"schema": {"type": "string", "format": "byte"}}}}}}},
        "/events": {
            "get": {
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "text/event-stream": {
                                "itemSchema": {
                                    "required": ["data", "event"],
                                    "properties": {
                                        "event": {"const": "pet"},
                                        "id": {"type": "string", "example": "7"},
                                        "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": PET},
                                    },
                                }
                            }
                        },
                    }
                }
            }
        },
    },
    "components": {
        "schemas": {
            "Pet": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "claws": {"type": "integer"}, "tail": {"type": "integer"}},
            },
            "Problem": {
                "type": "object",
                "required": ["status", "detail"],
                "properties": {"status": {"type": "integer"}, "detail": {"type": "string"}},
            },
        },
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    },
}  # fmt: skip
