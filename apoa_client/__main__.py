"""``python -m apoa_client``: the same program as ``apoa``, or the process that reads photos or an .xls file for it."""

import sys

from apoa_client.installation import PHOTO_PROCESS, XLS_PROCESS

if sys.argv[1:] == [PHOTO_PROCESS]:
    from apoa_client.scan.photo_process import serve

    sys.exit(serve())

if sys.argv[1:] == [XLS_PROCESS]:
    from apoa_client.tables.xls_reader import serve as serve_xls

    sys.exit(serve_xls())

from apoa_client.cli.main import main

sys.exit(main())
