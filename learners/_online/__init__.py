"""Online convex optimization: gradients, Newton steps, mixtures."""
