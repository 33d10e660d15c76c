"""Tools that every room uses: files, devices, checks, text. They know nothing about prediction."""

if "." not in __name__:
    raise ImportError("_core/ is part of ergoscope: type `import ergoscope._core`.")
