"""`python -m pbrl.cli` is `pbrl`."""

import sys

from pbrl.cli import main

sys.exit(main())
