"""Compares the gateway's answers with an SDK's: byte for byte, or by what they mean to a client."""

import base64
import calendar
import json
import re
import time
import urllib.parse

# The fields that an SDK writes.
WRITTEN = {
    "set-cookie", "front-token", "anti-csrf", "id-refresh-token", "st-access-token",
    "st-refresh-token", "access-control-expose-headers", "content-type",
}
EXPIRES = re.compile(r"(?<=; Expires=)[^;]+", re.IGNORECASE)
# A cookie may end later than recorded by what the replay takes.
TOLERANCE_SECONDS = 60


def seconds_of(date):
    return calendar.timegm(time.strptime(date, "%a, %d %b %Y %H:%M:%S GMT"))


def written(fields):
    """Those fields of an answer that an SDK writes, names in lower case."""
    pairs = [(_text(name).lower(), _text(value)) for name, value in fields]
    return [(name, value) for name, value in pairs if name in WRITTEN]


def _text(value):
    return value if isinstance(value, str) else value.decode("latin-1")


def differences(expected, got, exact, shift):
    """Names of fields that differ, `name` or `name: how`. Recorded expiries are moved first."""
    wanted = sorted(_moved_expiry(name, value, shift) for name, value in written(expected))
    found = sorted(written(got))
    wanted = [_tolerated(pair, found) for pair in wanted]
    if not exact:
        wanted, found = meaning(wanted), meaning(found)
    missing, added = [one for one in wanted if one not in found], [
        one for one in found if one not in wanted
    ]
    return {name: (
        [value for one, value in missing if one == name],
        [value for one, value in added if one == name],
    ) for name in sorted({name for name, _ in missing + added})}


def _moved_expiry(name, value, shift):
    def date(found):
        seconds = seconds_of(found[0])
        return found[0] if seconds == 0 else time.strftime(
            "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(seconds + shift.seconds)
        )

    return (name, EXPIRES.sub(date, value)) if name == "set-cookie" else (name, value)


def _tolerated(pair, found):
    """The expected cookie with the expiry of the answer's, where that is near."""
    name, value = pair
    for other, got in found:
        if name == other == "set-cookie" and got.split("=")[0] == value.split("=")[0]:
            dates = EXPIRES.findall(value) + EXPIRES.findall(got)
            near = len(dates) == 2 and abs(seconds_of(dates[0]) - seconds_of(dates[1]))
            if len(dates) == 2 and near <= TOLERANCE_SECONDS:
                return name, EXPIRES.sub(dates[1], value)
    return pair


def meaning(fields):
    """What a client reads of them: cookies by attribute, sets of names, values of JSON."""
    return sorted((name, _meaning(name, value)) for name, value in fields)


def _meaning(name, value):
    if name == "set-cookie":
        pair, *attributes = value.split("; ")
        cookie, _, content = pair.partition("=")
        content = urllib.parse.unquote(content.strip('"'))
        return f"{cookie}={content}; " + "; ".join(sorted(one.lower() for one in attributes))
    if name == "access-control-expose-headers":
        return ", ".join(sorted({one.strip().lower() for one in value.split(",")}))
    if name == "front-token" and value != "remove":
        return json.dumps(json.loads(base64.b64decode(value)), sort_keys=True)
    return value
