"""Discovery from gradients: groups of examples whose gradients point the same way."""
