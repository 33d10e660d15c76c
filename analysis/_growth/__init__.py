"""Error curves, growth laws, and the sizes found in them."""
