"""The configurations, each as an operator who cares about speed would write it."""

import json
import os

# Connections that a program may hold: of clients, and to the upstream. Twice as many descriptors
# are the hard limit of many containers.
CLIENTS = 9000
UPSTREAMS = 8192

SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

ANSWER = "x" * 100

# The CDI's, of all stand-in cores here.
CORE_VERSION = "4.0"

NGINX = """
daemon off; {user} worker_processes {workers}; pid {folder}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 19000; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
    client_max_body_size 0;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {content}
}}
"""

UPSTREAM = """
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        default_type text/plain;
        location / {{ return 200 "{answer}"; }}
        location = /orders/seen {{ return 200 "$http_authorization"; }}
        location = /status {{ stub_status; }}
        location /orders/files/ {{ alias {files}/; sendfile on; tcp_nopush on; }}
        location /orders/store/ {{
            alias {files}/stored/; dav_methods PUT; client_body_buffer_size 256k;
        }}
    }}
"""

# Content is streamed, as the others do, not gathered in files first.
FORWARDING = """
    upstream behind {{
        server 127.0.0.1:{behind}; keepalive {upstreams}; keepalive_requests 1000000000;
        keepalive_timeout 1h;
    }}
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        access_log {log};
        ssl_certificate {pair.certificate}; ssl_certificate_key {pair.private_key};
        ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;
        ssl_conf_command Ciphersuites {suites};
        location / {{
            proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_request_buffering off; proxy_max_temp_file_size 0;
        }}
    }}
"""

# The core's endpoint is asked as the gateway asks it; of its answer, nginx reads the status only.
ASKING = """
    upstream core {{
        server 127.0.0.1:{core}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 1h;
    }}
    upstream behind {{
        server 127.0.0.1:{behind}; keepalive {upstreams}; keepalive_requests 1000000000;
        keepalive_timeout 1h;
    }}
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {pair.certificate}; ssl_certificate_key {pair.private_key};
        ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;
        ssl_conf_command Ciphersuites {suites};
        proxy_http_version 1.1;
        location = /verified {{
            internal;
            proxy_pass http://core/recipe/session/verify; proxy_method POST;
            proxy_pass_request_headers off; proxy_pass_request_body off;
            proxy_set_header Connection ""; proxy_set_header Content-Type application/json;
            proxy_set_header cdi-version {version}; proxy_set_header rid session;
            proxy_set_body '{{"accessToken":"$cookie_sAccessToken","doAntiCsrfCheck":false,\
"enableAntiCsrf":false,"checkDatabase":true}}';
        }}
        location / {{
            auth_request /verified;
            proxy_pass http://behind; proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Authorization "Bearer $cookie_sAccessToken";
            proxy_request_buffering off; proxy_max_temp_file_size 0;
        }}
    }}
"""

CORE = """
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        default_type application/json;
        location = /apiversion {{ return 200 '{{"versions":["{version}"]}}'; }}
        location = /.well-known/jwks.json {{ return 200 '{keys}'; }}
        location = /recipe/session/verify {{ return 200 '{session}'; }}
    }}
"""

HAPROXY = """
global
    nbthread {workers}
    maxconn {clients}
    ssl-default-bind-options ssl-min-ver TLSv1.2
    ssl-default-bind-ciphersuites {suites}
defaults
    mode http
    timeout connect 2s
    timeout client 1h
    timeout server 60s
    timeout http-keep-alive 1h
frontend front
    bind 127.0.0.1:{port} ssl crt {bundle} alpn http/1.1 backlog 4096
    http-request set-var(txn.token) req.cook(sAccessToken)
    http-request set-var(txn.algorithm) var(txn.token),jwt_header_query('$.alg')
    http-request deny deny_status 401 unless {{ var(txn.algorithm) -m str RS256 }}
    http-request set-var(txn.end) var(txn.token),jwt_payload_query('$.exp','int')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 if {{ var(txn.end),sub(txn.now) -m int lt 0 }}
    http-request deny deny_status 401 unless {{ \
var(txn.token),jwt_verify("RS256","{public_key}") -m int 1 }}
    http-request set-header Authorization "Bearer %[var(txn.token)]"
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto https
    default_backend behind
backend behind
    http-reuse always
    server behind 127.0.0.1:{behind} maxconn {upstreams}
"""


def nginx(folder, content, workers):
    user = "user root;" if os.getuid() == 0 else ""
    return NGINX.format(folder=folder, user=user, workers=workers, content=content)


def upstream(port, files):
    return UPSTREAM.format(port=port, files=files, answer=ANSWER)


def forwarding(port, behind, pair, log):
    return FORWARDING.format(
        port=port, behind=behind, pair=pair, log=log, suites=SUITES, upstreams=UPSTREAMS
    )


def asking(port, behind, core, pair):
    return ASKING.format(
        port=port, behind=behind, core=core, pair=pair, suites=SUITES, upstreams=UPSTREAMS,
        version=CORE_VERSION,
    )


def core(port, keys, session):
    """A core that knows one session, and says yes."""
    return CORE.format(
        port=port, version=CORE_VERSION, keys=json.dumps(keys), session=json.dumps(session)
    )


def haproxy(port, behind, bench, workers):
    return HAPROXY.format(
        port=port, behind=behind, workers=workers, clients=CLIENTS, upstreams=UPSTREAMS,
        suites=SUITES, bundle=bench.bundle, public_key=bench.public_key,
    )


def sallyport(behind, core, workers, access_log, sessions):
    """`sessions` are more keys of that section."""
    return {
        "server": {"workers": workers},
        "sessions": {"core": {"urls": [core]}, **sessions},
        "upstreams": {
            "main": {
                "targets": [f"http://127.0.0.1:{behind}"], "max_connections": UPSTREAMS,
                "idle_timeout": "1h",
            },
        },
        "routes": [
            {"path_prefix": "/orders", "upstream": "main"},
            {"path_prefix": "/auth", "upstream": "main", "session": "passthrough"},
        ],
        "limits": {"connections": CLIENTS},
        "timeouts": {"keep_alive": "1h"},
        "log": {"access": {"output": "stdout" if access_log else "off"}},
    }
