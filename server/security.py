"""The security log: who got in and who did not, what ended, and what administrators did.

One event a line, on the logger `tornado_im.security`: ids and addresses, and never a password, a
token, a text, or a name that somebody typed at the door, who may have typed his password there.
"""

from __future__ import annotations

import logging

security = logging.getLogger("tornado_im.security")
