"""``python -m apoa_client``: the same program as ``apoa``, or the process that reads photos for it."""

import sys

from apoa_client.installation import PHOTO_PROCESS

if sys.argv[1:] == [PHOTO_PROCESS]:
    from apoa_client.scan.photo_process import serve

    sys.exit(serve())

from apoa_client.cli.main import main

sys.exit(main())
