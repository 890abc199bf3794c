#!/usr/bin/env python3
"""A core system's receiver of callbacks, with nothing but Python's standard library (3.8 or later).

It takes a callback only if it is genuine and fresh, keeps it before it answers, and works on it afterwards: it fetches the
guarantee over the interface, and approves an application on the terms of the gateway's rules.

    CALLBACK_SECRETS='whsec_...' GATEWAY_URL=http://127.0.0.1:8090/api/v1 GATEWAY_KEY=bhk_... ./receiver.py

CALLBACK_SECRETS has one secret, or two with a space between them while they are changed. The key needs the scopes `read`
and `underwrite`. LISTEN (127.0.0.1:9000) says where callbacks arrive, INBOX (callbacks.db) where they are kept.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import sqlite3
import threading
import time
import urllib.error
import urllib.request

TOLERANCE = 300  # seconds, as Standard Webhooks say
LONGEST = 1 << 20
PAUSE = 5  # seconds before work that failed is begun anew

SECRETS = [base64.b64decode(it[len("whsec_"):]) for it in os.environ["CALLBACK_SECRETS"].split()]
GATEWAY = os.environ["GATEWAY_URL"].rstrip("/")
KEY = os.environ["GATEWAY_KEY"]
HOST, PORT = os.environ.get("LISTEN", "127.0.0.1:9000").rsplit(":", 1)
INBOX = os.environ.get("INBOX", "callbacks.db")


class NotGenuine(Exception):
    pass


def verify(headers, body, now):
    """Checks the bytes as they came: parsing and writing them again would change them."""
    ident, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not ident or not sent.isascii() or not sent.isdigit():
        raise NotGenuine("no id or no time")
    if abs(now - int(sent)) > TOLERANCE:
        raise NotGenuine("too old or too new")
    signed = ("%s.%s." % (ident, sent)).encode() + body
    expected = [hmac.new(secret, signed, hashlib.sha256).digest() for secret in SECRETS]
    for signature in headers.get("webhook-signature", "").split(" "):
        version, _, text = signature.partition(",")
        if version != "v1":
            continue
        try:
            found = base64.b64decode(text, validate=True)
        except ValueError:
            continue
        # Every comparison takes the same time, wherever the first difference is.
        if any(hmac.compare_digest(found, one) for one in expected):
            return ident
    raise NotGenuine("not signed with our secret")


def inbox():
    link = sqlite3.connect(INBOX, timeout=30)
    link.execute(
        "CREATE TABLE IF NOT EXISTS inbox (number INTEGER PRIMARY KEY, id TEXT UNIQUE, body BLOB, done INTEGER DEFAULT 0)"
    )
    return link


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            length = int(self.headers.get("content-length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= LONGEST:
            return self.answer(413)
        body = self.rfile.read(length)
        try:
            ident = verify(self.headers, body, time.time())
        except NotGenuine as problem:
            print("refused:", problem, flush=True)
            return self.answer(401)
        # What is answered with 204 never comes again of itself, so it is on the disk first. A second time is no news.
        link = inbox()
        with link:
            link.execute("INSERT OR IGNORE INTO inbox (id, body) VALUES (?, ?)", (ident, body))
        link.close()
        self.answer(204)
        NEWS.set()

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def call(method, path, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(GATEWAY + path, data=data, method=method, headers=headers or {})
    request.add_header("authorization", "Bearer " + KEY)
    if data is not None:
        request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read()), answer.headers.get("etag")


def work_on(ident, message):
    kind, guarantee = message["type"], message["data"].get("guarantee_id")
    print("received", kind, guarantee or "", flush=True)
    if kind not in ("application.received", "application.replaced"):
        return
    path = "/guarantees/" + guarantee
    known, version = call("GET", path)
    if known["stage"] != "applied":
        return
    # The same key however often this callback is worked on, and the version that was looked at.
    headers = {"idempotency-key": "approval-" + ident, "if-match": version}
    try:
        call("POST", path + "/approval", {}, headers)
        print("approved", guarantee, flush=True)
    except urllib.error.HTTPError as problem:
        if problem.code not in (409, 412, 422):
            raise
        # Somebody else was faster, or the rules have no terms for it: `legal_acts` says what may be done now.
        print("not approved", guarantee, problem.read().decode(), flush=True)


def work():
    link = inbox()
    while True:
        NEWS.clear()
        for number, ident, body in link.execute("SELECT number, id, body FROM inbox WHERE done = 0 ORDER BY number").fetchall():
            try:
                work_on(ident, json.loads(body))
            except (OSError, ValueError, KeyError) as problem:
                print("again later:", ident, problem, flush=True)
                break
            with link:
                link.execute("UPDATE inbox SET done = 1 WHERE number = ?", (number,))
        NEWS.wait(PAUSE)


NEWS = threading.Event()

if __name__ == "__main__":
    threading.Thread(target=work, daemon=True).start()
    with http.server.ThreadingHTTPServer((HOST, int(PORT)), Receiver) as server:
        print("listening on", HOST, server.server_port, flush=True)
        server.serve_forever()
