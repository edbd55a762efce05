"""``python -m apoa_client``: the same program as ``apoa``."""

import sys

from apoa_client.cli.main import main

sys.exit(main())
