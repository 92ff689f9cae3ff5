"""The servers that are compared, each with one worker and the same certificates, and how they are measured."""
import struct

from tools import Load, Server, free_port, load, program, run, tool

HANDSHAKES = 600
QUESTIONS = 60000


def keys(directory):
    """One RSA-2048 and one P-256 certificate for all servers."""
    for name, words in (("rsa", ["rsa:2048"]), ("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
        run(tool("openssl"), "req", "-x509", "-nodes", "-days", "30", "-newkey", *words, "-subj", f"/CN=bench {name}",
            "-keyout", f"{directory}/{name}.key", "-out", f"{directory}/{name}.pem")


def tvsd(directory, kind, store, wait=True, **settings):
    port = free_port()
    path = f"{directory}/tvsd-{kind}-{port}.conf"
    options = {"listen": f"127.0.0.1:{port}", "workers": 1, "max-connections-per-address": 20000, "max-requests": 0,
               "idle-timeout": "600s", "min-tls": "1.2", **settings}
    with open(path, "w") as file:
        file.write(f"[store]\npath = {store}\n[tvsd]\n")
        file.write(f"certificate = {directory}/{kind}.pem\nkey = {directory}/{kind}.key\n")
        file.writelines(f"{key} = {text}\n" for key, text in options.items())
    return Server(program("tvs/tvsd"), "--config", path, port=port, log=f"{directory}/tvsd.log", wait=wait)


def nginx(directory, kind, ciphers="ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384",
          protocols="TLSv1.2 TLSv1.3"):
    port = free_port()
    path = f"{directory}/nginx-{port}.conf"
    with open(path, "w") as file:
        file.write(f"""daemon off; master_process off; pid {directory}/nginx-{port}.pid; error_log {directory}/nginx.log;
events {{ worker_connections 20000; }}
http {{ access_log off; client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
uwsgi_temp_path {directory}; scgi_temp_path {directory}; keepalive_timeout 600; client_header_timeout 600;
server {{ listen 127.0.0.1:{port} ssl backlog=4096; ssl_certificate {directory}/{kind}.pem;
ssl_certificate_key {directory}/{kind}.key; ssl_protocols {protocols}; ssl_ciphers {ciphers}:@SECLEVEL=0;
ssl_ecdh_curve X25519:prime256v1; ssl_prefer_server_ciphers on; ssl_session_cache off; ssl_session_tickets off;
return 204; }} }}
""")
    return Server(tool("nginx"), "-p", directory, "-c", path, port=port, log=f"{directory}/nginx.log")


def redis(directory):
    port = free_port()
    server = Server(tool("redis-server"), "--port", "0", "--tls-port", str(port), "--tls-cert-file",
                    f"{directory}/rsa.pem", "--tls-key-file", f"{directory}/rsa.key", "--tls-ca-cert-file",
                    f"{directory}/rsa.pem", "--tls-auth-clients", "no", "--save", "", "--dir", directory,
                    "--maxclients", "20000", port=port, log=f"{directory}/redis.log")
    key = b"k" * 40
    ask = b"*2\r\n$3\r\nGET\r\n$40\r\n" + key + b"\r\n"
    store = b"*3\r\n$3\r\nSET\r\n$40\r\n" + key + b"\r\n$40\r\n" + b"v" * 40 + b"\r\n"
    with open(f"{directory}/set", "wb") as file:
        file.write(struct.pack(">II", len(store), 5) + store)
    with open(f"{directory}/get", "wb") as file:
        file.write(struct.pack(">II", len(ask), 5 + 40 + 2) + ask)
    client = Load("ask", port, 1, 1, f"{directory}/set")
    client.go()
    client.process.stdin.write("\n")
    client.end()
    return server


def handshake_us(server, priority):
    def once():
        before = server.cpu_s()
        load("handshake", server.port, priority, HANDSHAKES)
        return (server.cpu_s() - before) / HANDSHAKES * 1e6
    once()
    return once


def question_us(server, connections, requests):
    def once():
        client = Load("ask", server.port, connections, QUESTIONS, requests)
        before = server.cpu_s()
        client.go()
        used = server.cpu_s() - before
        client.process.stdin.write("\n")
        client.end()
        return used / QUESTIONS * 1e6
    once()
    return once
