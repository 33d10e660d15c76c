"""Where an ability appears: first passages, and the place along an axis."""
