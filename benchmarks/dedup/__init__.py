"""De-duplication of training data: speed, quality and memory, beside the tools in use, on the same documents."""
