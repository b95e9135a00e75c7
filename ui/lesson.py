"""The lesson for teachers, assets/lesson.html: one file beside the static page, and the same beside the app."""

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse
from starlette.routing import Route

from ui.views.assets import ASSETS

LESSON = ASSETS / "lesson.html"


def lesson(request: Request) -> FileResponse:
    """The lesson, as it lies on disk."""
    return FileResponse(LESSON)


def page(request: Request) -> RedirectResponse:
    """Where the lesson's links lead: the static page's file is the app's first page here, its Train the tab Meta-train."""
    return RedirectResponse("./?" + request.url.query.replace("tab=train", "tab=meta-train"))


ROUTES = [Route(f"/{LESSON.name}", lesson), Route("/index.html", page)]
