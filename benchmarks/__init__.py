"""The measured ratios of docs/performance.md: `python -m benchmarks [LINE ...] [--quick] [--write]`."""
