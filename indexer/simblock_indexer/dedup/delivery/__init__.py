"""Documents in and out: JSONL and Parquet, local or remote, in parts, and written back as they came."""
