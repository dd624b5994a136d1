"""What may stand in the head of a request, right in one place and wrong in another."""

from __future__ import annotations

from hypothesis import strategies as st

METHODS = [
    "GET", "GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "X",
]  # fmt: skip
PATHS = [
    "/", "/ws", "/ws?toUid=%FF", "/docs", "/static/index.html", "/static/../run.py", "/static/%00",
    "/api/user/me", "/api/user/login", "/api/user/search?q=%FF&q=a", "/api/users?ids=1,,2",
    "/api/user/%D9%A1", "/api/user/sessions/%F0", "/api/conversations?cursor=%ED%A0%80",
    "/api/conversations/1%3A1/messages?limit=%2B1", "/api/search?q=%F0%9F%98%80",
    "/api/conversations/1:1/messages/1/reactions/%ff", "/api/media", "/api/media/MEDIUM",
    "/api/media/MEDIUM?thumb=2", "/api/media/tus", "/api/media/tus/x", "/api/join/%00",
    "/join/%E2%80%AE", "/healthz", "/metrics", "/api/openapi.json", "//", "/%", "/api/user/me/",
    "/api//user/me", "/?", "*", "/" + "a" * 9000,
]  # fmt: skip
"""MEDIUM stands for the id of an upload."""

BODIES = [
    b"", b"{}", b'{"seq":1}', b"\xff", b"a=1&a=2", b"--b--\r\n", b"0\r\n\r\n", b"-1\r\n",
    b"2\r\n{}\r\n0\r\n\r\n",
]  # fmt: skip

VALUES = {
    "Accept-Language": ["zh", "en;q=0.x", "*", ",", "zh-CN;q=0.5, en;q=1", ";q=", "-", "a" * 999],
    "Authorization": ["Bearer", "Bearer ", "bearer x", "Basic eDp4", "Bearer a.b.c"],
    "Content-Length": ["-1", "+1", "1e3", "0x1", "1, 1", " 5", "9" * 20, "9" * 5000],
    "Content-Type": [
        "application/json; charset=utf-16", "text/json", "/", ";", "application/json;;=",
        "application/x-www-form-urlencoded; charset=latin1", "multipart/form-data",
        "multipart/form-data; boundary=", 'multipart/form-data; boundary="',
        "multipart/form-data; boundary=é", "multipart/form-data; boundary=b",
        "multipart/form-data; boundary=" + "b" * 999,
    ],
    "Cookie": ["token", "token=", "token=x; token=y", "device=../..", "device=" + "a" * 99, '="'],
    "Expect": ["100-continue", "200-ok", ""],
    "Host": ["", "localhost", "[::1]:1", "[", "a:b", "127.0.0.1:99999999", "é"],
    "If-Modified-Since": ["yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Foo 0000 99:99"],
    "If-None-Match": ["*", '"', 'W/"x"', "x, y", '"' * 99],
    "If-Range": ['"x"', "yesterday", ""],
    "Origin": ["null", "http://", "https://elsewhere.example", "http://127.0.0.1:1", "é"],
    "Range": [
        "bytes=", "bytes=-0", "bytes=5-1", "bytes=0-0,2-3", "bytes=-", "lines=1", "bytes=1-é",
        "bytes=99999999999999999999-",
    ],
    "Sec-Fetch-Site": ["same-origin", "none", "é"],
    "Sec-WebSocket-Extensions": [";", "permessage-deflate;;", "permessage-deflate; x=99"],
    "Sec-WebSocket-Key": ["", "x", "=" * 24, "é"],
    "Sec-WebSocket-Protocol": [
        "im.v1", "im.v1, token.", "token.x", ",,", "im.v1, device.é", "im.v1, device.a b",
    ],
    "Sec-WebSocket-Version": ["13", "8", "é", "13, 8"],
    "Transfer-Encoding": ["chunked", "gzip", "chunked, chunked", "identity", ""],
    "Tus-Resumable": ["1.0.0", "9"],
    "Upgrade": ["websocket", "h2c", "WebSocket, x"],
    "Upload-Length": ["-1", "1.5", "99999999999999999999", "٣"],
    "Upload-Metadata": ["filename", "filename é", "filename ====", ",", "filename YQ==, filename"],
    "Upload-Offset": ["-1", "٣", ""],
    "User-Agent": ["", " ", "é", "\t", "a" * 600, "#"],
    "X-Device-Id": ["", "a b", "é", "a" * 65, "#"],
    "X-Forwarded-For": ["1.2.3.4, é", ",", "::1", "999.1.1.1"],
    "X-Forwarded-Proto": ["https", "é"],
    "X-HTTP-Method-Override": ["", "é", "GET", "REFUSED", "CONNECT"],
    "token": ["", "x", "a.b", "a.b.c", "é", "." * 99, "eyJhbGciOiJub25lIn0.e30."],
}  # fmt: skip

_text = st.text(st.characters(min_codepoint=9, max_codepoint=255), max_size=30)

headers = st.sets(st.sampled_from(list(VALUES)), max_size=4).flatmap(
    lambda names: st.fixed_dictionaries(
        {name: st.sampled_from(VALUES[name]) | _text for name in sorted(names)}
    )
)
