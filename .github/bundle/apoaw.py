"""The program without a console, for the Task Scheduler: runs apoa.exe, which is beside it, without a window."""

import subprocess
import sys
from pathlib import Path

CREATE_NO_WINDOW = 0x08000000
command = [Path(sys.executable).with_name("apoa.exe"), *sys.argv[1:]]
# A console that is not shown would look like a terminal, at which a question waits for ever.
streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
sys.exit(subprocess.call(command, **streams, creationflags=CREATE_NO_WINDOW))
