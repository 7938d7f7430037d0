"""Signs in to the built-in tenant with Microsoft's own library. It insists on https, so a small
proxy with a throw-away certificate is in front of the tenant. `msal_client.py ADDRESS`"""

import http.server
import json
import os
import ssl
import sys
import tempfile
import threading
import urllib.parse

import msal
import requests
from throw_away import certificate

TENANT = "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10"
CLIENT = "0b6d5c1e-2f7a-4b63-9c48-71e0a3d5f982"
# The machine's own certificate settings do not apply here.
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)
SCOPES = ["https://api.securitycenter.microsoft.com/.default"]


def forwarder(address, pem):
    class Forward(http.server.BaseHTTPRequestHandler):
        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items()
                       if name.lower() not in ("host", "connection", "accept-encoding")}
            answer = requests.request(self.command, address + self.path, data=body, headers=headers,
                                      allow_redirects=False, timeout=20)
            # The tenant's responses contain its own address.
            content = answer.content.replace(address.encode(), self.server.name.encode())
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Location", "Date"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = forward

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forward)
    server.name = f"https://localhost:{server.server_port}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.name


def control(address, what, **wish):
    answer = requests.post(f"{address}/control/{what}", json=wish, timeout=20)
    answer.raise_for_status()


def check(what, result):
    if "access_token" not in result:
        sys.exit(f"{what}: {json.dumps({k: v for k, v in result.items() if 'token' not in k})}")
    print(f"passed: {what}", flush=True)


def browser(address):
    """The user's browser: approves, and keeps the form that the page would submit."""
    page = requests.get(address, verify=False, timeout=20)
    fields = dict(part.split('" value="', 1) for part in
                  (piece.split('"', 1)[1] if piece.startswith('"') else piece
                   for piece in page.text.split('<input type="hidden" name="')[1:]))
    return {name: value.split('"', 1)[0] for name, value in fields.items()}


def main(address):
    with tempfile.TemporaryDirectory() as folder:
        pem = certificate(f"{folder}/both.pem")
        front = forwarder(address, pem)
        app = msal.PublicClientApplication(
            CLIENT, authority=f"{front}/{TENANT}", instance_discovery=False, verify=pem)

        flow = app.initiate_device_flow(scopes=SCOPES)
        control(address, "approve", user_code=flow["user_code"])
        result = app.acquire_token_by_device_flow(flow)
        check("device code", result)
        claims = result["id_token_claims"]
        assert claims["tid"] == TENANT and claims["preferred_username"] == "jane@contoso.com", claims
        print("passed: id token, client info, account in the cache", flush=True)

        [account] = app.get_accounts()
        check("silent: the cached token", app.acquire_token_silent(SCOPES, account=account))
        for _ in range(2):
            renewed = app.acquire_token_silent(SCOPES, account=account, force_refresh=True)
        check("silent: renewed twice, with rotation", renewed)

        declined = app.initiate_device_flow(scopes=SCOPES)
        control(address, "decline", user_code=declined["user_code"])
        answer = app.acquire_token_by_device_flow(declined)
        assert answer.get("error") == "authorization_declined", answer
        print("passed: device code declined", flush=True)

        flow = app.initiate_auth_code_flow(SCOPES, redirect_uri="http://localhost:51234", response_mode="form_post")
        page = urllib.parse.urlsplit(flow["auth_uri"])
        came_back = browser(f"{address}{page.path}?{page.query}&action=approve")
        check("authorization code with PKCE", app.acquire_token_by_auth_code_flow(flow, came_back))


main(*sys.argv[1:])
