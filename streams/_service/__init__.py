"""The learner of many streams."""
