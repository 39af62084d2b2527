"""What the titles of the transcripts asked for: method, path, fields. In braces is what the session
has then: `{cookies}` what a browser would send, `{token}` the access token alone (`{encoded}` as
the SDK writes it in a cookie), `{header}` that of a session in header mode."""

COOKIES = "Cookie: {cookies}"
FOREIGN = "Authorization: Bearer abc.def.ghi"
ALONE = "Cookie: sAccessToken={encoded}"
GARBAGE = "Cookie: sAccessToken=garbage{marker}"
CHECK, OPTIONAL, DATABASE, CLAIM = "/verify", "/optional", "/db", "/claim"

# Verification steps.
VERIFIED = {
    "OPTIONS": ("OPTIONS", CHECK, COOKIES),
    "HEAD": ("HEAD", CHECK, COOKIES),
    "verify GET": ("GET", CHECK, COOKIES),
    "HEAD no rid": ("HEAD", CHECK, COOKIES),
    "verify POST no rid/anti-csrf": ("POST", CHECK, COOKIES),
    "verify POST no anti-csrf/rid": ("POST", CHECK, COOKIES),
    "verify POST no anti-csrf": ("POST", CHECK, COOKIES),
    "verify POST rid": ("POST", CHECK, COOKIES, "rid: session"),
    "verify POST anti-csrf": ("POST", CHECK, COOKIES, "anti-csrf: {csrf}"),
    "none": ("GET", CHECK),
    "no session": ("GET", CHECK),
    "optional none": ("GET", OPTIONAL),
    "optional no session": ("GET", OPTIONAL),
    "foreign bearer": ("GET", CHECK, FOREIGN),
    "garbage bearer": ("GET", CHECK, FOREIGN),
    "optional garbage ST-less bearer": ("GET", OPTIONAL, FOREIGN),
    "cookie token as bearer": ("GET", CHECK, "Authorization: Bearer {token}"),
    "cookie token sent as bearer": ("GET", CHECK, "Authorization: Bearer {token}"),
    "dup sAccessToken": ("GET", CHECK, f"{ALONE}; sAccessToken={{encoded}}"),
    "DQUOTE value": ("GET", CHECK, 'Cookie: sAccessToken="{encoded}"'),
    "legacy sIdRefreshToken": ("GET", CHECK, f"{ALONE}; sIdRefreshToken=x"),
    "legacy sIdRefreshToken cookie": ("GET", CHECK, f"{ALONE}; sIdRefreshToken=x"),
    "without sIdRefreshToken": ("GET", CHECK, ALONE),
    "without sAccessToken": ("GET", CHECK, "Cookie: sIdRefreshToken=x"),
    "optional without sAccessToken": ("GET", OPTIONAL, "Cookie: sIdRefreshToken=x"),
    "garbage sAccessToken": ("GET", CHECK, GARBAGE),
    "optional garbage sAccessToken": ("GET", OPTIONAL, GARBAGE),
    "checkDatabase": ("GET", DATABASE, COOKIES),
    "checkDatabase after theft": ("GET", DATABASE, COOKIES),
    "claim fail": ("GET", CLAIM, "Cookie: sAccessToken={claiming}"),
    "verify promotion": ("GET", CHECK, "Cookie: sAccessToken={child}{marker}"),
    "verify after refresh (promotion)": ("GET", CHECK, "Cookie: sAccessToken={child}{marker}"),
    "verify after promotion": ("GET", CHECK, COOKIES),
    "verify after theft-revocation (stateless)": ("GET", CHECK, COOKIES),
    "bearer": ("POST", CHECK, "Authorization: Bearer {header}"),
    "verify POST bearer": ("POST", CHECK, "Authorization: Bearer {header}"),
    "bearer lowercase scheme": ("POST", CHECK, "Authorization: bearer {header}"),
    "lowercase bearer": ("POST", CHECK, "Authorization: bearer {header}"),
    "verify both bearer(valid)+cookie dup": (
        "GET", CHECK, "Authorization: Bearer {token}", f"{ALONE}; sAccessToken={{encoded}}"
    ),
    "verify foreign bearer + valid cookie": ("GET", CHECK, FOREIGN, ALONE),
    "POST foreign bearer + cookie no rid": ("POST", CHECK, FOREIGN, ALONE),
    "cookie raw (unencoded) and spaces": (
        "GET", CHECK, "Cookie: a=b;  sAccessToken = {token} ; c=d"
    ),
    "cookie name case": ("GET", CHECK, "Cookie: saccesstoken={encoded}"),
    "Bearer double space": ("GET", CHECK, "Authorization: Bearer  {token}"),
    "bearer + trailing": ("GET", CHECK, "Authorization: Bearer {token}  "),
}

REFRESH, SIGN_OUT = "/auth/session/refresh", "/auth/signout"
BOTH = "Cookie: {cookies}; sRefreshToken=opaque"
IN_FIELD = "Authorization: Bearer opaque"

# What a back end with the SDK answers on a passthrough route, by the longest beginning of a title.
PASSED = {
    "create": ("POST", "/create"),
    "update payload": ("POST", "/update", COOKIES),
    "merge payload": ("POST", "/update", COOKIES),
    "refresh": ("POST", REFRESH, BOTH, "rid: session", "anti-csrf: {csrf}"),
    "refresh w/o rid": ("POST", REFRESH, BOTH),
    "refresh no token": ("POST", REFRESH),
    "refresh with no token": ("POST", REFRESH),
    "refresh header": ("POST", REFRESH, IN_FIELD),
    "header refresh": ("POST", REFRESH, IN_FIELD),
    "refresh trailing slash": ("POST", REFRESH + "/", BOTH, "rid: session"),
    "refresh via header when both": ("POST", REFRESH, BOTH, IN_FIELD),
    "refresh access-only cookie": ("POST", REFRESH, ALONE, "rid: session"),
    "refresh garbage token": ("POST", REFRESH, "Cookie: sRefreshToken=zzz", "rid: session"),
    "refresh dup refresh cookies": ("POST", REFRESH, f"{BOTH}; sRefreshToken=other"),
    "refresh dup access cookies": ("POST", REFRESH, f"{BOTH}; sAccessToken=other"),
    "OPTIONS refresh": ("OPTIONS", REFRESH),
    "GET refresh": ("GET", REFRESH),
    "theft": ("POST", REFRESH, BOTH, "rid: session", "anti-csrf: {csrf}"),
    "replay OLD refresh token": ("POST", REFRESH, BOTH, "rid: session", "anti-csrf: {csrf}"),
    "signout": ("POST", SIGN_OUT, COOKIES, "rid: session", "anti-csrf: {csrf}"),
    "signout none": ("POST", SIGN_OUT),
    "signout header": ("POST", SIGN_OUT, "Authorization: Bearer {header}"),
    "header signout": ("POST", SIGN_OUT, "Authorization: Bearer {header}"),
    "jwks": ("GET", "/auth/jwt/jwks.json"),
    "oidc": ("GET", "/auth/.well-known/openid-configuration"),
}


def recipe(title):
    """Whether the step is a verification, and its request."""
    if title in VERIFIED:
        return True, VERIFIED[title]
    return False, PASSED[max((start for start in PASSED if title.startswith(start)), key=len)]
