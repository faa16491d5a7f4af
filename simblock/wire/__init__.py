"""Wire formats: which characters of a response are model text, and how an answer that is stopped ends. No I/O."""
