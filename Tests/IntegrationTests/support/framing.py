"""Requests with more than one reading, as tables: `(name, bytes)`, the name with the advisory it
descends from. "Garden N" is a bug of the HTTP Garden's list, s for servers and t for transducers;
the payloads are our own. Tests of whole requests and of slow ones share the tables."""

from support.message import chunked, get, request

SMUGGLED = get("/public/smuggled")

# Fields of `POST /public` with five bytes of content.
LENGTHS = [
    ("CVE-2023-40225 empty", b"Content-Length:"),
    ("CVE-2023-40225 blank", b"Content-Length: \t "),
    ("CVE-2023-40225 empty before another", b"Content-Length:\r\nContent-Length: 5"),
    ("CVE-2023-40225 empty after another", b"Content-Length: 5\r\nContent-Length:"),
    ("CVE-2023-40225 comma", b"Content-Length: ,"),
    ("CVE-2023-40225 trailing comma", b"Content-Length: 5,"),
    ("CVE-2023-40225 leading comma", b"Content-Length: ,5"),
    ("CVE-2023-47627 plus", b"Content-Length: +5"),
    ("CVE-2023-47627 underscore", b"Content-Length: 1_0"),
    ("CVE-2023-47627 plus and underscore (Garden s10)", b"Content-Length: +1_0"),
    ("Garden t1 hexadecimal", b"Content-Length: 0x5"),
    ("Garden t1 hexadecimal capital", b"Content-Length: 0X5"),
    ("Garden s26 minus", b"Content-Length: -5"),
    ("Garden s26 minus zero", b"Content-Length: -0"),
    ("Garden s29 longest prefix", b"Content-Length: 5Z"),
    ("two numbers", b"Content-Length: 5 5"),
    ("list of the same", b"Content-Length: 5,5"),
    ("list of the same with a space", b"Content-Length: 5, 5"),
    ("list", b"Content-Length: 5, 6"),
    ("decimal point", b"Content-Length: 5.0"),
    ("exponent", b"Content-Length: 5e0"),
    ("quoted", b'Content-Length: "5"'),
    ("parameter", b"Content-Length: 5;a=b"),
    ("2^63", b"Content-Length: 9223372036854775808"),
    ("2^64 - 1", b"Content-Length: 18446744073709551615"),
    ("2^64", b"Content-Length: 18446744073709551616"),
    ("2^64 + 5", b"Content-Length: 18446744073709551621"),
    ("2^65 + 5", b"Content-Length: 36893488147419103237"),
    ("many digits", b"Content-Length: " + b"9" * 400),
    ("CVE-2019-18277 vertical tab", b"Content-Length: \x0b5"),
    ("form feed", b"Content-Length: 5\x0c"),
    ("tab inside", b"Content-Length: 5\t5"),
    ("Garden s41 no-break space", b"Content-Length: \xa05"),
    ("Garden s41 next line", b"Content-Length: 5\x85"),
    ("Garden s46 byte above 0x80", b"Content-Length: \xff5"),
    ("NUL", b"Content-Length: 5\x00"),
    ("Arabic digit", b"Content-Length: \xd9\xa5"),
    ("CVE-2019-16276 space before the colon", b"Content-Length : 5"),
    ("CVE-2021-22959 tab before the colon", b"Content-Length\t: 5"),
    ("Garden s20 byte before the colon", b"Content-Length\x85: 5"),
    ("Garden s28 no colon", b"Content-Length 5"),
    ("CVE-2024-27982 space first", b" Content-Length: 5"),
    ("Garden s4 tab first", b"\tContent-Length: 5"),
    ("CVE-2023-40518 underscore in the name", b"Content_Length: 5"),
    ("dot in the name", b"Content.Length: 5"),
    ("underscore beside the real one", b"Content-Length: 5\r\nContent_Length: 6"),
    ("twice the same", b"Content-Length: 5\r\nContent-Length: 5"),
    ("Garden s23 first is right", b"Content-Length: 5\r\nContent-Length: 0"),
    ("Garden t22 last is right", b"Content-Length: 0\r\ncontent-length: 5"),
    ("obs-fold", b"Content-Length:\r\n 5"),
    ("obs-fold of another value", b"Content-Length: 5\r\n 0"),
    ("Garden s19 bare LF before the value", b"Content-Length:\n5"),
    ("CVE-2022-35256 CR ends the field before", b"X: b\rContent-Length: 5"),
    ("CVE-2022-35256 LF ends the field before", b"X: b\nContent-Length: 5"),
]

# Fields of `POST /public` with content in chunks.
CODINGS = [
    ("CVE-2019-18277 vertical tab", b"Transfer-Encoding: \x0bchunked"),
    ("CVE-2019-18277 vertical tab with a length",
     b"Content-Length: 5\r\nTransfer-Encoding: \x0bchunked"),
    ("CVE-2022-1705 vertical tab after", b"Transfer-Encoding: chunked\x0b"),
    ("CVE-2022-1705 form feed", b"Transfer-Encoding: \x0cchunked"),
    ("CVE-2022-1705 chunked, identity", b"Transfer-Encoding: chunked, identity"),
    ("identity", b"Transfer-Encoding: identity"),
    ("identity, chunked", b"Transfer-Encoding: identity, chunked"),
    ("Garden s44 unknown", b"Transfer-Encoding: xchunked"),
    ("longer", b"Transfer-Encoding: chunkedx"),
    ("cut", b"Transfer-Encoding: chunke"),
    ("gzip, chunked", b"Transfer-Encoding: gzip, chunked"),
    ("chunked twice", b"Transfer-Encoding: chunked, chunked"),
    ("chunked chunked", b"Transfer-Encoding: chunked chunked"),
    ("Garden t9 leading comma", b"Transfer-Encoding: ,chunked"),
    ("Garden t15 leading comma with a length",
     b"Transfer-Encoding: ,chunked\r\nContent-Length: 5"),
    ("trailing comma", b"Transfer-Encoding: chunked,"),
    ("comma", b"Transfer-Encoding: ,"),
    ("quoted", b'Transfer-Encoding: "chunked"'),
    ("quoted in part", b"Transfer-Encoding: 'chunked'"),
    ("parameter", b"Transfer-Encoding: chunked;a=b"),
    ("empty parameter", b"Transfer-Encoding: chunked;"),
    ("empty", b"Transfer-Encoding:"),
    ("blank", b"Transfer-Encoding: \t"),
    ("Garden s11 two fields", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    ("two fields, the last odd", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
    ("two fields, the first odd", b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked"),
    ("two fields, the first empty", b"Transfer-Encoding:\r\nTransfer-Encoding: chunked"),
    ("two fields, other case", b"Transfer-Encoding: chunked\r\ntRANSFER-eNCODING: chunked"),
    ("obs-fold", b"Transfer-Encoding:\r\n chunked"),
    ("obs-fold with a tab", b"Transfer-Encoding:\r\n\tchunked"),
    ("obs-fold after", b"Transfer-Encoding: chunked\r\n , identity"),
    ("in an obs-fold", b"X: b\r\n Transfer-Encoding: chunked"),
    ("Garden s37 name over two lines", b"Transfer-\r\nEncoding: chunked"),
    ("CVE-2020-11724 with a length", b"Transfer-Encoding: chunked\r\nContent-Length: 5"),
    ("Garden t23 length first", b"Content-Length: 5\r\nTransfer-Encoding: chunked"),
    ("with a length of zero", b"Content-Length: 0\r\nTransfer-Encoding: chunked"),
    ("capitals with a length", b"TRANSFER-ENCODING: CHUNKED\r\nCONTENT-LENGTH: 5"),
    ("CVE-2019-16276 space before the colon", b"Transfer-Encoding : chunked"),
    ("CVE-2024-27982 space first", b" Transfer-Encoding: chunked"),
    ("CVE-2023-40518 underscore", b"Transfer_Encoding: chunked"),
    ("dot", b"Transfer.Encoding: chunked"),
    ("underscore with a length", b"Content-Length: 5\r\nTransfer_Encoding: chunked"),
    ("underscore with the real one",
     b"Transfer-Encoding: chunked\r\nTransfer_Encoding: chunked"),
    ("Garden s12 no-break space", b"Transfer-Encoding: \xa0chunked\xa0"),
    ("Garden s46 byte above 0x80", b"Transfer-Encoding: \xffchunked\xff"),
    ("NUL", b"Transfer-Encoding: chunked\x00"),
    ("Kelvin sign", b"Transfer-Encoding: chun\xe2\x84\xaaed"),
    ("CVE-2023-30589 CR ends the field before", b"X: \rxTransfer-Encoding: chunked"),
    ("CVE-2022-35256 LF ends the field before", b"X: b\nTransfer-Encoding: chunked"),
    ("Garden s20 byte before the colon", b"Transfer-Encoding\xa0: chunked"),
    ("Garden t20 NUL joins it to the field before", b"X: b\r\nTransfer-Encoding\x00: chunked"),
]

# Content of `POST /public`; where data is good before the break, it is "hello".
CHUNKS = [
    ("CVE-2023-47627 hexadecimal prefix", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("CVE-2023-47627 underscore", b"5_\r\nhello\r\n0\r\n\r\n"),
    ("CVE-2023-47627 underscore inside (Garden s1)", b"0_2e\r\n\r\n" + SMUGGLED),
    ("Garden t19 plus", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("Garden t19 minus", b"-1\r\nhello\r\n0\r\n\r\n"),
    ("Garden t19 minus and prefix", b"-0x0\r\n\r\n"),
    ("Garden t24 leading space", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("Garden t24 leading spaces before the last", b"           0\r\n\r\n"),
    ("leading tab", b"\t5\r\nhello\r\n0\r\n\r\n"),
    ("space after the size", b"5 \r\nhello\r\n0\r\n\r\n"),
    ("space before an extension", b"5 ;a=b\r\nhello\r\n0\r\n\r\n"),
    ("size and space and digits", b"5 5\r\nhello\r\n0\r\n\r\n"),
    ("comma", b"5,5\r\nhello\r\n0\r\n\r\n"),
    ("17 digits", b"00000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("2^63", b"8000000000000000\r\nhello\r\n0\r\n\r\n"),
    ("2^64 - 1", b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    ("2^64", b"10000000000000000\r\nhello\r\n0\r\n\r\n"),
    ("2^64 + 5", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("Garden s17 empty size", b"\r\nhello\r\n0\r\n\r\n"),
    ("Garden s17 empty size as the last", b"\r\n\r\n"),
    ("Garden t17 empty line before the last", b"5\r\nhello\r\n\r\n0\r\n\r\n"),
    ("Garden t2 letters", b"Z\r\nZZ\r\nZZZ\r\n\r\n"),
    ("Garden t7 longest prefix", b"5xyz\r\nhello\r\n0\r\n\r\n"),
    ("Garden s47 a word", b"INVALID!!!\r\n" + SMUGGLED),
    ("CVE-2025-22871 bare LF after the size", b"5\nhello\r\n0\r\n\r\n"),
    ("CVE-2025-22871 bare LF after an extension", b"5;a\nhello\r\n0\r\n\r\n"),
    ("Garden s31 CR and a byte end the size", b"5\r;hello\r\n0\r\n\r\n"),
    ("Garden t4 bare CR after the size", b"5\rhello\r\n0\r\n\r\n"),
    ("Garden t13 bare LF after the data", b"5\r\nhello\n0\r\n\r\n"),
    ("Garden s39 other bytes after the data", b"5\r\nhelloXX0\r\n\r\n"),
    ("CR and a byte after the data", b"5\r\nhello\rX0\r\n\r\n"),
    ("letters of no size after the data", b"5\r\nhello\r\nXX\r\n\r\n"),
    ("nothing after the data", b"5\r\nhello0\r\n\r\n"),
    ("data longer", b"5\r\nhello!\r\n0\r\n\r\n"),
    ("data shorter", b"6\r\nhello\r\n0\r\n\r\n"),
    ("Garden s39 other bytes after the last size", b"0\r\nX:" + SMUGGLED),
    ("bare LF at the end", b"5\r\nhello\r\n0\r\n\n"),
    ("bare LF after the last size", b"5\r\nhello\r\n0\n\r\n"),
    ("bare CR at the end", b"5\r\nhello\r\n0\r\n\rX\r\n\r\n"),
    ("extension with a LF", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("extension with a CR", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("Garden s36 CRs after an extension", b"5;a=b\r\rhello\r\n0\r\n\r\n"),
    ("Garden t3 CRs before an extension", b"5\r\r;a\r\nhello\r\n0\r\n\r\n"),
    ("extension with NUL", b"5;a=\x00\r\nhello\r\n0\r\n\r\n"),
    ("extension without a name", b"5;\r\nhello\r\n0\r\n\r\n"),
    ("extension without a value", b"5;a=\r\nhello\r\n0\r\n\r\n"),
    ("extension with an open quote", b'5;a="b\r\nhello\r\n0\r\n\r\n'),
    ("extension with a bare quote", b'5;"\r\nhello\r\n0\r\n\r\n'),
    ("quote closed on the next line", b'5;a="\r\nhello\r\n0\r\n\r\n"\r\n'),
    ("quote over an escaped line end", b'5;a="\\\r\n"\r\nhello\r\n0\r\n\r\n'),
    ("extension too long", b"5;a=" + b"b" * 300 + b"\r\nhello\r\n0\r\n\r\n"),
    ("trailer folded", b"0\r\nX-A: b\r\n c\r\n\r\n"),
    ("trailer without a colon", b"0\r\nX-A\r\n\r\n"),
    ("trailer without a name", b"0\r\n: b\r\n\r\n"),
    ("trailer with a space before the colon", b"0\r\nX-A : b\r\n\r\n"),
    ("trailer with a bare LF", b"0\r\nX-A: b\n\r\n"),
    ("trailer with a bare CR", b"0\r\nX-A: b\rX-B: c\r\n\r\n"),
    ("trailer with NUL", b"0\r\nX-A: \x00\r\n\r\n"),
    ("CVE-2026-88004 trailer of framing", b"0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("CVE-2026-88004 trailer of a length", b"0\r\nContent-Length: 5\r\n\r\n"),
    ("CVE-2026-88004 trailer of a length, other spelling", b"0\r\ncontent_length: 5\r\n\r\n"),
    ("CVE-2026-88004 trailer of a host", b"0\r\nHost: a\r\n\r\n"),
    ("CVE-2026-88004 trailer of a credential", b"0\r\nAUTHORIZATION: Bearer x\r\n\r\n"),
    ("CVE-2026-88004 trailer of a cookie", b"0\r\nCookie: sAccessToken=x\r\n\r\n"),
    ("CVE-2026-88004 trailer of a forwarded field", b"0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"),
    ("CVE-2026-88004 trailer of a connection", b"0\r\nConnection: close\r\n\r\n"),
]


def line(text):
    """A request with this first line."""
    return text + b"\r\nHost: a\r\n\r\n"


# First lines that are refused with 400.
FIRST_LINES = [
    ("two spaces", b"GET  /public HTTP/1.1"),
    ("two spaces before the version", b"GET /public  HTTP/1.1"),
    ("tab after the method", b"GET\t/public HTTP/1.1"),
    ("tab before the version", b"GET /public\tHTTP/1.1"),
    ("vertical tab", b"GET\x0b/public HTTP/1.1"),
    ("space at the end", b"GET /public HTTP/1.1 "),
    ("space first", b" GET /public HTTP/1.1"),
    ("space in the target", b"GET /public /x HTTP/1.1"),
    ("NUL in the target", b"GET /public\x00 HTTP/1.1"),
    ("NUL as the method (Garden s40)", b"\x00 /public HTTP/1.1"),
    ("delete in the target", b"GET /public\x7f HTTP/1.1"),
    ("byte above 0x7f in the target", b"GET /public\xe9 HTTP/1.1"),
    ("CVE-2023-45539 fragment", b"GET /public#x HTTP/1.1"),
    ("Garden s9 LF before the version", b"GET /public\nHTTP/1.1"),
    ("CR in the target", b"GET /public\rX HTTP/1.1"),
    ("CR before the method", b"\rGET /public HTTP/1.1"),
    ("LF before the method", b"\nGET /public HTTP/1.1"),
    ("no version, and fields", b"GET /public"),
    ("method alone", b"GET"),
    ("version 0.9", b"GET /public HTTP/0.9"),
    ("version 1.2", b"GET /public HTTP/1.2"),
    ("version 1.10", b"GET /public HTTP/1.10"),
    ("version 1.32 (Garden s5)", b"GET /public HTTP/1.32"),
    ("version 01.1", b"GET /public HTTP/01.1"),
    ("version past 32 bits (Garden s24)", b"GET /public HTTP/4294967297.255"),
    ("version with CRs (Garden s15)", b"GET /public HTTP/\r\r1.1"),
    ("version in lower case", b"GET /public http/1.1"),
    ("version without a number", b"GET /public HTTP/"),
    ("method with a colon", b"GE:T /public HTTP/1.1"),
    ("method with a separator (Garden s6)", b'G="(e),[T];?" /public HTTP/1.1'),
    ("empty method", b" /public HTTP/1.1"),
    ("target without a slash", b"GET public HTTP/1.1"),
    ("target of one sign (Garden s7)", b"GET ! HTTP/1.1"),
    ("asterisk of another method", b"GET * HTTP/1.1"),
]

# These, requests that have no such line, and versions unknown here, with the status that
# refuses each.
LINES = [
    *((name, line(text), 400) for name, text in FIRST_LINES),
    ("no version (0.9)", b"GET /public\r\n\r\n", 400),
    ("version 2.0", line(b"GET /public HTTP/2.0"), 505),
    ("version 3.0", line(b"GET /public HTTP/3.0"), 505),
    ("bare LF after the line", b"GET /public HTTP/1.1\nHost: a\r\n\r\n", 400),
    ("bare LF only (Garden t16)", b"GET /public HTTP/1.1\nHost: a\n\n", 400),
    ("bare CR only", b"GET /public HTTP/1.1\rHost: a\r\r", 400),
    ("three empty lines first", b"\r\n\r\n\r\n" + line(b"GET /public HTTP/1.1"), 400),
    ("TLS hello on a cleartext port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ("HTTP/2 preface",
     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 505),
]


# Field lines that no head may have, neither first nor last.
FIELDS = [
    ("bare LF after a field", b"X: a\nY: b"),
    ("bare LF in front", b"\nX: b"),
    ("Garden t10 bare CR in a value", b"X: b\rc"),
    ("Garden s13 bare CR and a field", b"X: b\rY: c"),
    ("bare CR at a value's end", b"X: b\r"),
    ("Garden s30 CR and a byte end the head", b"X: b\r\n\rZ"),
    ("Garden s2 NUL in a value", b"X: b\x00c"),
    ("Garden s43 NUL at a value's end", b"X: b\x00"),
    ("NUL in a name", b"X\x00: b"),
    ("control byte in a value", b"X: b\x01"),
    ("delete in a value", b"X: b\x7f"),
    ("CVE-2023-25725 empty name", b": b"),
    ("Garden s27 neither name nor value", b":"),
    ("no colon", b"X"),
    ("Garden t14 no colon, over two lines", b"Te\nst: test"),
    ("space in a name", b"X Y: b"),
    ("CVE-2019-16276 space before the colon", b"X : b"),
    ("CVE-2021-22959 tab before the colon", b"X\t: b"),
    ("quote in a name", b"X\": b"),
    ("separators in a name (Garden s14)", b"X(),/;<=>?@[]{}: b"),
    ("Garden s8 byte above 0x7f in a name", b"\xefX: b"),
    ("Garden t6 byte above 0x7f before the colon", b"X\x85: b"),
    ("folded field", b"X: b\r\n c"),
    ("folded with a tab", b"X: b\r\n\tc"),
    ("folded with nothing", b"X: b\r\n \r\nY: c"),
    ("CVE-2024-27982 folded with a length", b"X: b\r\n Content-Length: 5"),
    ("a status line", b"HTTP/1.1 200 OK"),
]

# Fields in place of `Host: a`.
HOSTS = [
    ("none", b"X: a"),
    ("two", b"Host: a\r\nHost: b"),
    ("two, other case", b"Host: a\r\nhOST: a"),
    ("Garden t12 NUL", b"Host: a\x00.b"),
    ("folded", b" Host: a"),
    ("CVE-2019-16276 space before the colon", b"Host : a"),
]


def with_fields(text):
    """A request with these field lines alone."""
    return b"GET /public HTTP/1.1\r\n" + text + b"\r\n\r\n"


def first_and_last(text):
    """The field lines before `Host`, and behind it."""
    return [with_fields(text + b"\r\nHost: a"), with_fields(b"Host: a\r\n" + text)]


# Expectations of `POST /public` with five bytes of content.
EXPECTATIONS = [
    ("Kettle 2025 two words", b"Expect: y 100-continue", 417),
    ("another", b"Expect: 200-ok", 417),
    ("list", b"Expect: 100-continue, x", 417),
    ("twice", b"Expect: 100-continue\r\nExpect: 100-continue", 417),
    ("parameter", b"Expect: 100-continue;a=b", 417),
    ("empty", b"Expect:", 417),
    ("CVE-2025-32094 obs-fold", b"Expect:\r\n 100-continue", 417),
    ("CVE-2025-32094 obs-fold after", b"Expect: 100-continue\r\n x", 400),
]


def post_with(*lines, body=b"12345", version=b"1.1"):
    """`POST /public` with these field lines."""
    return request(b"POST /public HTTP/" + version, *lines, body=body)


def whole_requests():
    """Every refused head of these tables as `(name, request, status)`."""
    for name, field in LENGTHS:
        yield f"length: {name}", post_with(field), 400
    for name, field in CODINGS:
        yield f"coding: {name}", post_with(field, body=chunked(b"x")), 400
    for name, data, status in LINES:
        yield f"line: {name}", data, status
    for name, text in FIELDS:
        first, last = first_and_last(text)
        yield f"first field: {name}", first, 400
        yield f"last field: {name}", last, 400
    for name, text in HOSTS:
        yield f"host: {name}", with_fields(text), 400
    for name, field, status in EXPECTATIONS:
        yield f"expectation: {name}", post_with(field, b"Content-Length: 5"), status
