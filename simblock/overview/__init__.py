"""What a server decided, on one page: live on the admin listener, or of an audit log as a file.

Nothing of what was said is on it: works by their titles, rules, figures, delays and counts.
"""

from __future__ import annotations

from simblock.overview.page import Fact, page, written
from simblock.overview.standing import standing
from simblock.overview.view import view

__all__ = ["Fact", "page", "standing", "view", "written"]
