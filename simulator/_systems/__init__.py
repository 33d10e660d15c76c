"""Linear systems: the class, the zoo, readers and converters."""
