"""The ground floor, without science: files, devices, checks, words."""

if "." not in __name__:
    raise ImportError("_core/ is part of ergoscope: type `import ergoscope._core`.")
