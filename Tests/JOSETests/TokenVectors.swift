import JOSE

/// Keys and session tokens made once with throw-away keys, as cores and SDKs make them.
enum TokenVectors {
    /// `n` of the key `d-1700000000000`.
    static let dynamicModulus = joined([
        "s740PjwI4t0N00X7uQljPNzAG4p2sB1gbaqAsr5WHK5-ElWGe1Y7ClAqzqbqAAvCrS0mFS-qdBX4yUuli0",
        "n0E544RvAAszXUXzYUY0UMqutpXP3-4n6SaU-fbdFV_K8-KHpshdZYT-Ik6dhOKPqSStbZ0-YtPIhVddkG",
        "Eyl0ieddJu9ts5ZyJvuLkBeAWtp4URq_1_UVGEOPamhb_sRroqg8nB6A6jg3j_HxQDJfGK3sGnYrgGCooD",
        "9Zk6vT9koOqEHtINlO3RbEjTe23NgRuUICD3c5FbwFOuaGcJMFsWFPAmAztlB_xoXr9sim0kes15sx3BIb",
        "lSAGTr4aoBJ6bQ",
    ])

    /// `n` of the key `s-2de612a5-a5ba-413e-9216-4c43e2e78c86`.
    static let staticModulus = joined([
        "k7Tpr_NWnt1e6GeEXyuIF94e_2i1VCQnmcYeIjH-0US4VsS0MMd2hNw48y4oprCzIPhtB1N_vjC9MQZwQr",
        "BjnUNODArMF4mcdfnZrcdNN5TEu_ka0lK4S3VBpFw_lIQJ1u3kQdHAxWuG-hZsf2ZTdsjKyIsMHrZ4XlyJ",
        "xfnIEcCwVFOthY9MMt6V7vZVWGC4XfvgCn9bucoaGsUb6d7XutUZaLYHUKOYBkvwFuEB1ym2Y36wg9SRpI",
        "NXwSwYCcJiTx2nrH_KawwH4ieuudYOM460Z48AW5zhMRYF6Aoax2EH-Dc_GU6M0oV5v28MXncwEadtq916",
        "MLF8irPbw1s2WQ",
    ])

    /// The dynamic key again, as the handshake gives it.
    static let legacyKey = joined([
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs740PjwI4t0N00X7uQljPNzAG4p2sB1gbaqAsr",
        "5WHK5+ElWGe1Y7ClAqzqbqAAvCrS0mFS+qdBX4yUuli0n0E544RvAAszXUXzYUY0UMqutpXP3+4n6SaU+f",
        "bdFV/K8+KHpshdZYT+Ik6dhOKPqSStbZ0+YtPIhVddkGEyl0ieddJu9ts5ZyJvuLkBeAWtp4URq/1/UVGE",
        "OPamhb/sRroqg8nB6A6jg3j/HxQDJfGK3sGnYrgGCooD9Zk6vT9koOqEHtINlO3RbEjTe23NgRuUICD3c5",
        "FbwFOuaGcJMFsWFPAmAztlB/xoXr9sim0kes15sx3BIblSAGTr4aoBJ6bQIDAQAB",
    ])

    /// A V5 token of the dynamic key.
    static let v5Dynamic = joined([
        "eyJraWQiOiJkLTE3MDAwMDAwMDAwMDAiLCJ0eXAiOiJKV1QiLCJ2ZXJzaW9uIjoiNSIsImFsZyI6IlJTMj",
        "U2In0.eyJpYXQiOjE3MDAwMDAxMDAsImV4cCI6NDEwMjQ0NDgwMCwic3ViIjoidXNlci0xIiwidElkIjoi",
        "cHVibGljIiwicnN1YiI6InVzZXItMSIsInNlc3Npb25IYW5kbGUiOiIzZjBjOGY3ZS0wZDBhLTRkNmMtOW",
        "QwYi0yZjVmMGQwZTFhMmIiLCJyZWZyZXNoVG9rZW5IYXNoMSI6ImFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh",
        "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWEiLCJwYXJlbnRSZWZyZXNoVG9rZW",
        "5IYXNoMSI6bnVsbCwiYW50aUNzcmZUb2tlbiI6bnVsbCwicm9sZSI6ImFkbSIsImlzcyI6Imh0dHBzOi8v",
        "YXBpLmV4YW1wbGUuY29tL2F1dGgifQ.hGWvC21__7kMdwdApLGRXf8dSwzwjxOKtFA7Q-3DKhvSKjU_evC",
        "dPqJYbAKbdSt4aHN2xFbiRdIZpSz31dOOrcaSwBCOuzMnwpslDRnpYuERoNou3iIkLsfumMPELn2KLVmil",
        "6KkPwG-GVrO6ROOXedGPZLPbXEN2f0wd5phT6kEhw8E9ZGk_FMOUMbcU7O3NINbb2jZbjYX62JWQwcYQoY",
        "Ac7lA_DFZIEzrntjdF7njLok4SEI-8LtFZ80YWvLbNs-dqud8LLcnstSKugT5jnl4xPW2IdHNNqmERUv6-",
        "882O7BcynmKHBY6W7knkYGxXeTgSaSveEjWx5-HKwpI2Q",
    ])

    /// A V5 token of the static key.
    static let v5Static = joined([
        "eyJraWQiOiJzLTJkZTYxMmE1LWE1YmEtNDEzZS05MjE2LTRjNDNlMmU3OGM4NiIsInR5cCI6IkpXVCIsIn",
        "ZlcnNpb24iOiI1IiwiYWxnIjoiUlMyNTYifQ.eyJpYXQiOjE3MDAwMDAxMDAsImV4cCI6NDEwMjQ0NDgwM",
        "Cwic3ViIjoidXNlci0xIiwidElkIjoicHVibGljIiwicnN1YiI6InVzZXItMSIsInNlc3Npb25IYW5kbGU",
        "iOiIzZjBjOGY3ZS0wZDBhLTRkNmMtOWQwYi0yZjVmMGQwZTFhMmIiLCJyZWZyZXNoVG9rZW5IYXNoMSI6I",
        "mFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWF",
        "hYWEiLCJwYXJlbnRSZWZyZXNoVG9rZW5IYXNoMSI6bnVsbCwiYW50aUNzcmZUb2tlbiI6bnVsbCwicm9sZ",
        "SI6ImFkbSIsImlzcyI6Imh0dHBzOi8vYXBpLmV4YW1wbGUuY29tL2F1dGgifQ.fG_WXKmBYCWDW6CL4LWp",
        "Wmrvwss5NT2nrAKYI2Jp9iEXKKcVgum-SxJtcnbxFiKt_aJmct6BJXXVFePw55oo38r5nkqLEiFdKcjaW6",
        "JbMr6YkWKYZwFer9RgrfjX9cwvL0tUPkGW7t9WJ-G6ypEhubzIt3JMPJEbjYBOSDCtMQrHCy8aOeOHqBKV",
        "DHj6YxM56zwi9mgmTJ6N2ZE7ZxF_Drx4jLcAh9iFYsMKgOkiV_GLnmGRzqGSPmuLG143nM5HwPZBZQDmVx",
        "xR2xOFWou5hrTeuZyNvWcmx_-ZDtjtGW1B8HLHQNad11eOEc8o0s2GnaI86WlwYZyCbOZBOykETA",
    ])

    /// A V2 token of the dynamic key.
    static let v2 = joined([
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIyIn0=.eyJzZXNzaW9uSGFuZGxlIjoiM",
        "2YwYzhmN2UtMGQwYS00ZDZjLTlkMGItMmY1ZjBkMGUxYTJiIiwidXNlcklkIjoidXNlci0xIiwicmVmcmV",
        "zaFRva2VuSGFzaDEiOiJhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhY",
        "WFhYWFhYWFhYWFhYWFhYWFhIiwicGFyZW50UmVmcmVzaFRva2VuSGFzaDEiOm51bGwsInVzZXJEYXRhIjp",
        "7InJvbGUiOiJhZG0ifSwiYW50aUNzcmZUb2tlbiI6bnVsbCwiZXhwaXJ5VGltZSI6NDEwMjQ0NDgwMDAwM",
        "CwidGltZUNyZWF0ZWQiOjE3MDAwMDAxMDAwMDAsImxtcnQiOjE3MDAwMDAxMDAwMDB9.ZPc2lqsFoOw3qk",
        "XMBmLLB/UV8tRZVYroh2Rgh47s+AE6nNbVSKqSrBefYcN59pTYZnsWYOIMaBjT7AgE/EFik2DX46xaDEFH",
        "GuG5XAVc9qONxlv8RsYyXlm585Iwkti6bCx9Qcos4waZ5wsZAFYzeDUw0ck3xN8WwuFgiyQB68dbyuFCkV",
        "/B+gD1C6KYRRk/HCg1SdAybZHOk/IFFSSCohju7pUIBrhdHp7rEQEQ11KrYlhO0uGkeFRBA6RQAyEM+XN+",
        "SMRBKlV+Z0PDFl65AUJP8cTYAD3HOLgEPsQIUNdI93jD3h6u/jCbuw0r1pWq13G+iKDqEQ07fHZ5YzIaOA",
        "==",
    ])
}

/// Examples of the RFCs.
enum RFCVectors {
    /// RFC 7515 appendix A.2: `n`.
    static let modulus = joined([
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPM",
        "EzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-",
        "bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3",
        "qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9g",
        "b54h4FRWyuXpoQ",
    ])

    /// RFC 7515 appendix A.2: the whole token.
    static let token = joined([
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9le",
        "GFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9",
        "PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BA",
        "ynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOL",
        "n6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9",
        "Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    ])

    /// RFC 7517 appendix A.1: `n` of the RSA key.
    static let setModulus = joined([
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6",
        "tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5",
        "v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD0",
        "8qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU",
        "8awapJzKnqDKgw",
    ])
}

/// One text of several lines: a literal of hundreds of characters would be one line.
private func joined(_ parts: [String]) -> [UInt8] {
    parts.flatMap { Array($0.utf8) }
}

/// The bytes of base64url, for macros that cannot take a span.
func decodedURL(_ text: [UInt8]) -> [UInt8]? {
    Base64.decodeURL(text.span)
}

/// The bytes of padded base64.
func decodedStandard(_ text: [UInt8]) -> [UInt8]? {
    Base64.decodeStandard(text.span)
}
