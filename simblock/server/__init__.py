"""``simblock serve``: checks over HTTP, the filtering proxy, and the listener for those who run it."""
