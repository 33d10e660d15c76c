"""What runs a learner: the driver, replay and live, memory."""
