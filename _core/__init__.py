"""The ground floor, without science: files, devices, checks, words."""
