"""A server on this machine that answers as an object store with the protocol of S3 does."""

import hashlib
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit

LIST = """<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>{}
</ListBucketResult>"""
ENTRY = """<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>
<ETag>x</ETag><Size>{}</Size></Contents>"""


class ObjectHandler(BaseHTTPRequestHandler):
    """Lists, reads and writes the objects of the server, and reads parts of them."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.faults:
            self.send(self.server.faults.pop(), b"")
            return
        if hashlib.sha256(body).hexdigest() != self.headers["x-amz-content-sha256"]:
            self.send(400, b"")
            return
        self.server.objects[unquote(urlsplit(self.path).path).split("/", 2)[2]] = body
        self.send(200, b"")

    def answer(self):
        if self.server.faults:
            self.send(self.server.faults.pop(), b"")
            return
        objects, url = self.server.objects, urlsplit(self.path)
        query = parse_qs(url.query)
        if "list-type" in query:
            (prefix,) = query.get("prefix", [""])
            names = [name for name in sorted(objects) if name.startswith(prefix)]
            rows = "".join(ENTRY.format(name, len(objects[name])) for name in names)
            self.send(200, LIST.format(rows).encode())
            return
        name = unquote(url.path).split("/", 2)[2]
        if name not in objects:
            self.send(404, b"")
            return
        self.send_part(objects[name])

    def send_part(self, whole):
        part = re.match(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if part is None:
            self.send(200, whole)
            return
        size = len(whole)
        start = int(part[1]) if part[1] else max(0, size - int(part[2]))
        stop = min(int(part[2]) + 1, size) if part[1] and part[2] else size
        self.server.read_bytes.append(stop - start)
        self.send(206, whole[start:stop], f"bytes {start}-{stop - 1}/{size}")

    def send(self, status, body, content_range=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("ETag", '"x"')
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@contextmanager
def object_store(objects):
    """Serve some objects of one bucket, by name; yield the server.

    The next requests are answered with the statuses in ``faults``.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), ObjectHandler)
    server.objects, server.read_bytes, server.faults = objects, [], []
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def object_store_settings(server):
    """Return the environment variables by which a client finds the server."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "AWS_ALLOW_HTTP": "true",
    }
