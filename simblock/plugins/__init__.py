"""simblock inside other people's libraries, one module each; each imports its library on first use."""
