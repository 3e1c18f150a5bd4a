"""Time and randomness come from the kernel: ruff refuses every other way to them."""

import subprocess
import sys

import pytest

from tests.architecture.source import SOURCE

FORBIDDEN = [
    "from datetime import UTC, datetime\n\nAT = datetime.now(UTC)\n",
    "import datetime\n\nAT = datetime.datetime.now(datetime.UTC)\n",
    "import datetime as dt\n\nAT = dt.datetime.now(dt.UTC)\n",
    "from datetime import datetime\n\nAT = datetime.utcnow()\n",
    "from datetime import datetime\n\nAT = datetime.today()\n",
    "from datetime import date\n\nAT = date.today()\n",
    "import time\n\nAT = time.time()\n",
    "from time import time\n\nAT = time()\n",
    "import time\n\nAT = time.time_ns()\n",
    "import random\n\nX = random.random()\n",
    "from random import choice\n\nX = choice([1, 2])\n",
    "import secrets\n\nX = secrets.token_hex()\n",
    "import os\n\nX = os.urandom(8)\n",
    "import uuid\n\nX = uuid.uuid4()\n",
    "from uuid import uuid4\n\nX = uuid4()\n",
    "import uuid\n\nX = uuid.uuid1()\n",
]
ALLOWED = [
    "import time\n\nSTARTED_S = time.monotonic()\n",
    "from uuid import UUID\n\nX = UUID(int=0)\n",
    "from datetime import UTC, datetime\n\nAT = datetime(2018, 3, 1, tzinfo=UTC)\n",
]


def _refused(code: str, place: str) -> bool:
    ruff = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "TID251,DTZ", "--quiet",
         "--stdin-filename", str(SOURCE / place), "-"],
        input=code, text=True, capture_output=True, check=False, cwd=SOURCE.parents[1],
    )  # fmt: skip
    assert ruff.returncode in (0, 1), ruff.stderr
    return ruff.returncode == 1


@pytest.mark.parametrize("code", FORBIDDEN)
def test_a_context_has_no_clock_and_no_dice(code: str) -> None:
    assert _refused(code, "orders/service.py")


@pytest.mark.parametrize("code", ALLOWED)
def test_what_can_be_repeated_is_allowed(code: str) -> None:
    assert not _refused(code, "orders/service.py")


def test_the_kernel_may_ask_the_machine() -> None:
    assert not _refused("import os\n\nX = os.urandom(8)\n", "kernel/ids.py")
