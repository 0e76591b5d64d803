"""Entry for `python -m service.terminology`."""

import sys

from service.terminology.build import main

sys.exit(main(sys.argv[1:]))
