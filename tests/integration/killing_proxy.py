#!/usr/bin/python3
"""Forwards one TCP port to another, and cuts each connection once so many bytes went up.

    killing_proxy.py TARGET_PORT BYTES [CONNECTIONS]

Prints its own port. BYTES 0: accepts and closes at once. It leaves after so many connections.
"""
import select
import socket
import sys

target, limit = int(sys.argv[1]), int(sys.argv[2])
connections = int(sys.argv[3]) if len(sys.argv) > 3 else -1
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while connections:
    connections -= 1
    client, _ = listener.accept()
    if not limit:
        client.close()
        continue
    server, up = socket.create_connection(("127.0.0.1", target)), 0
    other = {client: server, server: client}
    while up < limit:
        source = select.select([client, server], [], [])[0][0]
        data = source.recv(min(65536, limit - up) if source is client else 65536)
        if not data:
            break
        other[source].sendall(data)
        up += len(data) if source is client else 0
    client.close()
    server.close()
