"""Back ends that run real SuperTokens SDKs, and what they need around them."""
