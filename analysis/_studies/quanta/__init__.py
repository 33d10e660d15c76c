"""The quantization model of neural scaling: sub-tasks learned one by one, and the smooth laws that they add up to."""
