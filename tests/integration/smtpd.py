#!/usr/bin/env python3
"""A mail server for the tests of certmon, on aiosmtpd: takes mail, or fails in one of the ways that servers fail.

usage: smtpd.py DIRECTORY [--mode MODE] [--cert FILE --key FILE] [--starttls] [--user NAME --password WORD]

MODE: ok, 451 (temporary refusal of the recipient), 550 (permanent), 452-data (temporary after the message),
drop (the connection breaks after the message), slow (answers the greeting after a while).
Writes DIRECTORY/port when it listens, each message with its envelope as DIRECTORY/NNNN.json, and for each password that it
gets a line to DIRECTORY/passwords. With --user but without --cert it takes passwords in clear.
"""
import argparse
import asyncio
import json
import os
import ssl

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

SLOW_SECONDS = 90


class Handler:
    def __init__(self, options):
        self.options = options
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if self.options.mode == "451":
            return "451 4.3.0 come again later"
        if self.options.mode == "550":
            return "550 5.1.1 nobody here by that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        path = os.path.join(self.options.directory, f"{self.count:04d}.json")
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                       "authenticated": bool(session.authenticated),
                       "content": envelope.content.decode("latin-1")}, file)
        os.rename(path + ".new", path)
        if self.options.mode == "drop":
            server.transport.abort()
            await asyncio.sleep(0)  # no time, but a turn of the loop, in which the connection ends
        if self.options.mode == "452-data":
            return "452 4.2.2 no room at the moment"
        return f"250 2.0.0 taken as number {self.count}"


class SlowSMTP(SMTP):
    async def _handle_client(self):
        await asyncio.sleep(SLOW_SECONDS)
        await super()._handle_client()


def authenticator(options):
    def check(server, session, envelope, mechanism, data):
        with open(os.path.join(options.directory, "passwords"), "a", encoding="ascii") as file:
            file.write("with TLS\n" if session.ssl is not None else "in clear\n")
        good = isinstance(data, LoginPassword) and data.login == options.user.encode() \
            and data.password == options.password.encode()
        return AuthResult(success=good)
    return check


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--mode", default="ok")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--starttls", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--password")
    options = parser.parse_args()
    handler = Handler(options)
    context = None
    if options.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.cert, options.key)
    arguments = {"hostname": "mail.example.test", "enable_SMTPUTF8": False}
    if options.starttls:
        arguments["tls_context"] = context
    if options.user:
        arguments.update(authenticator=authenticator(options), auth_required=True, auth_require_tls=bool(context))
    kind = SlowSMTP if options.mode == "slow" else SMTP
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: kind(handler, **arguments), "127.0.0.1", 0,
                                      ssl=context if context and not options.starttls else None)
    port = server.sockets[0].getsockname()[1]
    with open(os.path.join(options.directory, "port.new"), "w", encoding="ascii") as file:
        file.write(str(port))
    os.rename(os.path.join(options.directory, "port.new"), os.path.join(options.directory, "port"))
    await server.serve_forever()


asyncio.run(main())
