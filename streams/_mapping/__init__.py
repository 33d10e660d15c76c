"""From everyday payloads to observations: formats, paths, times, grids, Sparkplug B."""
