"""Changes of a stream: since when, and the sizes before and after."""
