"""`python -m vae_core.jobs`: the supervisor, in the foreground."""

import sys

from vae_core.errors import DiaboloError
from vae_core.jobs.supervisor import main

try:
    sys.exit(main())
except DiaboloError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
