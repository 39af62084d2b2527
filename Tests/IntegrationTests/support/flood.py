"""Floods of tokens, as scripts for wrk: each request has a cookie of its own."""

SCRIPT = """
local tokens, at = {}, 0
for line in io.lines("%s") do tokens[#tokens + 1] = line end
local cookies = {}
function cookies.warm() return tokens[1] end
-- One character of the signature is written as an escape: another cookie of the same token.
function cookies.never_seen()
    local token = tokens[at %% #tokens + 1]
    local place = #token - math.floor(at / #tokens) %% 340
    return token:sub(1, place - 1) .. string.format("%%%%%%02X", token:byte(place))
        .. token:sub(place + 1)
end
-- Digits stand where the signature begins.
function cookies.forged()
    return tokens[1]:sub(1, -342) .. string.format("%%012d", at) .. tokens[1]:sub(-329)
end
request = function()
    at = at + 1
    return "GET %s HTTP/1.1\\r\\nHost: app.example.com\\r\\nCookie: sAccessToken="
        .. cookies.%s() .. "\\r\\n\\r\\n"
end
"""


def script(folder, kind, tokens, path):
    """Lua that asks for `path` with `warm`, `never_seen` or `forged` cookies made of the tokens:
    of one, 340 never seen ones can be made."""
    file = folder / f"{kind}-{len(tokens)}-{hash(tuple(tokens)):x}"
    file.write_text("".join(f"{token}\n" for token in tokens))
    return SCRIPT % (file, path, kind)
