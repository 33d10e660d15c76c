"""Where observations come from and go to: interfaces, lines, files, playback."""
