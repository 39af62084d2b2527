"""The real web SDK in a real browser, on a website whose API is behind the gateway."""
