"""Skills and plateaus: concepts learned from texts, the best use of computation, skills that build on others."""
