"""Starts the emulator: ``python -I emulator/serve.py --port 0``. Everything is in fleet_emulator/server.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # -I leaves this folder out

from fleet_emulator.server import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
