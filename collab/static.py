"""WhiteNoise, for a server that is asynchronous."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # it has no types
    """Answers with a file's bytes at once.

    WhiteNoise streams from a synchronous iterator, which under ASGI Django reads to its end
    anyway, in a thread and with a warning.
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """The response to a request for a known file."""
        try:
            streamed = WhiteNoiseMiddleware.serve(static_file, request)
        except FileNotFoundError:
            # It was there when the server started; the page has been built anew since.
            return HttpResponseNotFound(
                "There is no such file any more.", content_type="text/plain"
            )
        content = b"".join(streamed.streaming_content)
        streamed.close()
        response = HttpResponse(content, status=streamed.status_code)
        response.headers = streamed.headers
        return response
