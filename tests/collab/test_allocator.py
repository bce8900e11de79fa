import platform
import subprocess
import sys

import pytest

from collab.allocator import give_back_large_buffers

IS_GLIBC = platform.libc_ver()[0] == "glibc"
# What is freed lies between what stays: without pages of their own, 40 MB of holes.
FREE_BETWEEN_WHAT_STAYS = """
from pathlib import Path
from collab.allocator import give_back_large_buffers

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

give_back_large_buffers()
before = resident()
large, small = [], []
for _ in range(400):
    large.append(bytearray(b"x" * 100_000))
    small.append(bytearray(b"y" * 20_000))
held = resident() - before
large.clear()
print(held, resident() - before)
"""


@pytest.mark.skipif(not IS_GLIBC, reason="another C library has other habits")
def test_large_buffers_go_back_to_the_system():
    said = subprocess.run(
        [sys.executable, "-c", FREE_BETWEEN_WHAT_STAYS],
        capture_output=True, check=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    held, left = map(int, said.split())
    assert held > 30_000_000
    assert left < held / 2


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr("collab.allocator.ctypes.CDLL", lambda _: object())
    assert give_back_large_buffers() is False
