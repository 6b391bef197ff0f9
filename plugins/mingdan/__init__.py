"""mingdan (名单): ranked marketing lists for every branch of a retail bank, each working day."""

__version__ = "0.1.0"
