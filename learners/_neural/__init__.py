"""Networks: trained on the examples of a task, or online on a stream."""
