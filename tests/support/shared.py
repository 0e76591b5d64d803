"""What lies beside the checkout and is not part of the project: HL7's conformance check, and real records."""

import os
from pathlib import Path

from tests.support.server import ROOT

SHARED = Path(os.environ.get("CRAMPS_SHARED_DIR", ROOT.parent / "shared"))
CONFORMANCE = SHARED / "conformance" / "check_cds_hooks.py"
REALDATA = SHARED / "realdata"
