"""``locate``: the size from which on the prediction error of a system or a recording is bounded."""
