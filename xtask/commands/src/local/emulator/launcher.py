"""Starts the emulator, so that none of its listeners answers a web page.

Its HTTP port answers below a secret path alone, which the front knows. The Runtime API, which it opens on a port of
its own for every process of a function, answers what is of no page.

Invariant: what a page sends to any port that this process listens on reaches no service and no function.
"""

import asyncio
import http.server
import os
import resource
import sys

# Its own modules are read from the repository, which stays as it is.
sys.dont_write_bytecode = True

# Taken away before anything is started that would inherit it.
PORT = os.environ.pop("COMPLICAL_EMULATOR_PORT")
SECRET = "/" + os.environ.pop("COMPLICAL_EMULATOR_SECRET")

from hypercorn.asyncio import serve  # noqa: E402
from hypercorn.config import Config  # noqa: E402
from ministack.app import app  # noqa: E402

import access_log  # noqa: E402
import environments  # noqa: E402
import expressions  # noqa: E402
import streams  # noqa: E402


async def behind_the_front(scope, receive, send):
    """The emulator, for requests whose path begins with the secret."""
    if scope["type"] == "lifespan":
        return await app(scope, receive, send)
    if scope["path"].startswith(SECRET + "/"):
        path = scope["path"][len(SECRET):]
        return await app({**scope, "path": path, "raw_path": scope["raw_path"][len(SECRET):]}, receive, send)
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close"})
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


parse_request = http.server.BaseHTTPRequestHandler.parse_request


def parse_request_of_a_function(handler):
    """A function asks by the address that it was given; a page by another name, or it says that it is one."""
    if not parse_request(handler):
        return False
    host, port = handler.server.server_address[:2]
    is_of_a_page = any(name in handler.headers for name in ("Origin", "Sec-Fetch-Site"))
    if is_of_a_page or handler.headers.get_all("Host") != [f"{host}:{port}"]:
        handler.send_error(403)
        return False
    return True


http.server.BaseHTTPRequestHandler.parse_request = parse_request_of_a_function
access_log.install()
environments.install()
expressions.install()
streams.install()

# As many connections at once as the system lets it have.
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

config = Config()
config.bind = [f"127.0.0.1:{PORT}"]
config.keep_alive_timeout = 75
# A connection that ends after some requests may lose the next one.
config.keep_alive_max_requests = 1 << 62
config.loglevel = "INFO"
asyncio.run(serve(behind_the_front, config))
