"""Tasks: streams of labelled examples, whose kinds, chance level and exact facts are known."""
