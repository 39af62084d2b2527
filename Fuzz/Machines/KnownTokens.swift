/// Tokens that `KnownKeys` verify until the year 2100.
enum KnownTokens {
    /// A V5 token; the session's JWT is the token itself.
    static let recent =
        "eyJraWQiOiJkLTE3MDAwMDAwMDAwMDAiLCJ0eXAiOiJKV1QiLCJ2ZXJzaW9uIjoiNSIsImFsZyI6IlJTMjU2In"
        + "0.eyJpYXQiOjE3MDAwMDAxMDAsImV4cCI6NDEwMjQ0NDgwMCwic3ViIjoidXNlci0xIiwidElkIjoicHVibGlj"
        + "IiwicnN1YiI6InVzZXItMSIsInNlc3Npb25IYW5kbGUiOiIzZjBjOGY3ZS0wZDBhLTRkNmMtOWQwYi0yZjVmMG"
        + "QwZTFhMmIiLCJyZWZyZXNoVG9rZW5IYXNoMSI6ImFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
        + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWEiLCJwYXJlbnRSZWZyZXNoVG9rZW5IYXNoMSI6bnVsbCwiYW"
        + "50aUNzcmZUb2tlbiI6bnVsbCwicm9sZSI6ImFkbSIsImlzcyI6Imh0dHBzOi8vYXBpLmV4YW1wbGUuY29tL2F1"
        + "dGgifQ.hGWvC21__7kMdwdApLGRXf8dSwzwjxOKtFA7Q-3DKhvSKjU_evCdPqJYbAKbdSt4aHN2xFbiRdIZpSz"
        + "31dOOrcaSwBCOuzMnwpslDRnpYuERoNou3iIkLsfumMPELn2KLVmil6KkPwG-GVrO6ROOXedGPZLPbXEN2f0wd"
        + "5phT6kEhw8E9ZGk_FMOUMbcU7O3NINbb2jZbjYX62JWQwcYQoYAc7lA_DFZIEzrntjdF7njLok4SEI-8LtFZ80"
        + "YWvLbNs-dqud8LLcnstSKugT5jnl4xPW2IdHNNqmERUv6-882O7BcynmKHBY6W7knkYGxXeTgSaSveEjWx5-HK"
        + "wpI2Q"

    /// A V2 token without a JWT.
    static let legacy =
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsInZlcnNpb24iOiIyIn0=.eyJzZXNzaW9uSGFuZGxlIjoiM2YwY"
        + "zhmN2UtMGQwYS00ZDZjLTlkMGItMmY1ZjBkMGUxYTJiIiwidXNlcklkIjoidXNlci0xIiwicmVmcmVzaFRva2V"
        + "uSGFzaDEiOiJhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhY"
        + "WFhYWFhYWFhIiwicGFyZW50UmVmcmVzaFRva2VuSGFzaDEiOm51bGwsInVzZXJEYXRhIjp7InJvbGUiOiJhZG0"
        + "ifSwiYW50aUNzcmZUb2tlbiI6bnVsbCwiZXhwaXJ5VGltZSI6NDEwMjQ0NDgwMDAwMCwidGltZUNyZWF0ZWQiO"
        + "jE3MDAwMDAxMDAwMDAsImxtcnQiOjE3MDAwMDAxMDAwMDB9.ZPc2lqsFoOw3qkXMBmLLB/UV8tRZVYroh2Rgh4"
        + "7s+AE6nNbVSKqSrBefYcN59pTYZnsWYOIMaBjT7AgE/EFik2DX46xaDEFHGuG5XAVc9qONxlv8RsYyXlm585Iw"
        + "kti6bCx9Qcos4waZ5wsZAFYzeDUw0ck3xN8WwuFgiyQB68dbyuFCkV/B+gD1C6KYRRk/HCg1SdAybZHOk/IFFS"
        + "SCohju7pUIBrhdHp7rEQEQ11KrYlhO0uGkeFRBA6RQAyEM+XN+SMRBKlV+Z0PDFl65AUJP8cTYAD3HOLgEPsQI"
        + "UNdI93jD3h6u/jCbuw0r1pWq13G+iKDqEQ07fHZ5YzIaOA=="
}
