"""``locate``: the size from which on the error stops growing, of a system or a recording."""
