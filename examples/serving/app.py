"""A FastAPI application with the filter in it, before whatever generates.

    pip install -r examples/serving/requirements.txt
    SIMBLOCK_INDEX=protected.sbx uvicorn --app-dir examples/serving app:app --port 8080

Here the stand-in generates. Pages of the application's own are named in ``pass_routes``; all others are refused.
"""

from fastapi import FastAPI
from stand_in import app as model

from simblock.middleware import SimblockMiddleware

app = FastAPI(title="answers")


@app.get("/about")
def about():
    """A page of the application's own."""
    return {"what": "answers, filtered"}


app.mount("/", model)
app.add_middleware(SimblockMiddleware, pass_routes=["GET /about"])
