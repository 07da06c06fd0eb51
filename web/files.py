"""Files that may be larger than memory: sent from the disk to their owner, piece by piece.

Streamlit's own download button holds a whole file in memory, however it is handed over.
"""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import FileResponse, Response

import services
from support.errors import AppError, DatabaseUnavailable
from web import doors
from web.pages import Answer, respond

log = logging.getLogger(__name__)


async def my_data(request: Request) -> Response:
    """Send the ZIP of everything one owns; whoever may not have it learns no more than that it is not there."""
    visit = doors.visit_of(request, {})
    ticket = request.path_params["ticket"]
    try:
        path, name = await asyncio.to_thread(services.my_data_by_ticket, ticket, visit.token, local=visit.origin.local)
    except AppError as error:
        log.info("A file was refused: %s", error.code)
        status = 503 if isinstance(error, DatabaseUnavailable) else 404
        return respond(visit, Answer("gone", error=error.message(visit.lang), status=status))
    return FileResponse(path, media_type="application/zip", filename=name,
                        headers={"cache-control": "no-store"})
