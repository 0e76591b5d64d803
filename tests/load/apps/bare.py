"""(a) FastAPI that parses the body with orjson and answers a constant."""

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response

from tests.load.payload import SERVICE

app = FastAPI()


@app.post(f"/cds-services/{SERVICE}")
async def call(request: Request) -> Response:
    orjson.loads(await request.body())
    return Response(b'{"cards":[]}', media_type="application/json")
