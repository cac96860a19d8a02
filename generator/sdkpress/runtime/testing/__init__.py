"""A fake server for any OpenAPI document, without dependencies beyond the client's own.

    from .app import FakeApp
    from .serving import serve

    app = FakeApp(document)
    with serve(app) as server:
        client = Client(api_key="any", base_url=server.url)

`FakeApp` is an ASGI application; `serve` puts it on loopback and needs uvicorn. The parts by job:
routing, parameters, bodies, security and validating read a request; answering, examples, samples,
error_bodies and streaming make the answer; scripting overrides it; `FakeApp.respond` is the seam
between them and whatever carries the bytes.
"""
