"""Run learners: the driver, replay and live, memory."""
