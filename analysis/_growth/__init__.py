"""Error curves, their growth laws, and the sizes located from them."""
