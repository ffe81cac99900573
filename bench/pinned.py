"""`python -m bench.pinned CORE MODULE ARGS…`: run a module on one core."""

from __future__ import annotations

import os
import runpy
import sys

if __name__ == "__main__":
    core, module = int(sys.argv[1]), sys.argv[2]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
