"""Becomes another program, after what only the process itself can do: run as a script.

``launch.py tied PARENT_PID PROGRAM ARGUMENT…``
    dies with its parent, however that ends (Linux; elsewhere it is a plain exec).
``launch.py as-user UID CAPABILITY PROGRAM ARGUMENT…``
    gives up root for a numeric user. CAPABILITY is the number of the one Linux capability that it
    keeps, or -1 for none.

A script rather than a ``preexec_fn``: Python's own code between fork and exec can deadlock in a
process that has threads. It imports nothing but the standard library and is run with ``-I -S``,
which makes it cost about 15 ms.
"""

import ctypes
import os
import signal
import sys

# From linux/prctl.h, linux/securebits.h and linux/capability.h.
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAPABILITY_VERSION_3 = 0x20080522

NO_USER = (
    "this root can't give PostgreSQL a user of its own; run as an ordinary user, or set "
    "BANYAN_DATABASE_URL"
)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilitySets(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def tie_to_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends."""
    if sys.platform != "linux":
        return
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it ended before the line above
        os.kill(os.getpid(), signal.SIGKILL)


def become(uid: int, capability: int) -> None:
    """Give up root for ``uid``, keeping at most one capability over the coming exec.

    The secure bit makes access(2) honour the capability; without it, it answers for the bare user,
    and PostgreSQL looks for its own files with it.
    """
    os.setgroups([])
    if capability >= 0:
        _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if capability >= 0:
        _keep_only(capability)
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)
    if sys.platform == "linux":
        _prctl(PR_SET_NO_NEW_PRIVS, 1)


def _keep_only(capability: int) -> None:
    only = 1 << capability
    header = _CapabilityHeader(CAPABILITY_VERSION_3, 0)
    sets = (_CapabilitySets * 2)(_CapabilitySets(only, only, only), _CapabilitySets(0, 0, 0))
    if ctypes.CDLL(None, use_errno=True).capset(ctypes.byref(header), sets) != 0:
        raise OSError(ctypes.get_errno(), "capset failed")


def _prctl(option: int, *arguments: int) -> None:
    words = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if ctypes.CDLL(None, use_errno=True).prctl(option, *words) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} failed")


def main() -> None:
    how = sys.argv[1]
    if how == "tied":
        tie_to_parent(int(sys.argv[2]))
        program = sys.argv[3:]
    else:
        os.chdir("/")
        os.umask(0o077)
        try:
            become(int(sys.argv[2]), int(sys.argv[3]))
        except OSError as error:
            sys.exit(f"FATAL:  {NO_USER} ({error.strerror})")
        program = sys.argv[4:]
    os.execvp(program[0], program)  # noqa: S606 - the arguments are our own


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"FATAL:  {sys.argv[1]}: {error}")
