"""Every recall beside its false-stop rate: ``python -m benchmarks.quality``."""
