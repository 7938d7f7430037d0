"""A web server with a throw-away certificate, which it writes to the given file."""

import http.server
import ssl
import sys

from throw_away import certificate


class Nothing(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


certificate(sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(f"listening on https://localhost:{server.server_port}", flush=True)
server.serve_forever()
