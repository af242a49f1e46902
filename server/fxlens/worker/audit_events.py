"""What the audit hook listens to: events of the standard library, and names of the C library that ctypes looks up.

The events are those of Python's documentation ("Audit events table"); a test compares.
"""

from __future__ import annotations

from fxlens.worker import syscalls


def _each(wanted: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), wanted)


OTHER = "change how a process runs"
CONNECT, START, SIGNAL = "open a network connection", "start a process", "send a signal to a process"
INTERPRETER = "fxlens.interpreters.create"
"""An event of our own: Python tells nothing of it, nor anything of what such an interpreter does."""
REFUSED = {
    INTERPRETER: "start an interpreter",
    "socket.connect": CONNECT,
    "socket.bind": CONNECT,
    "socket.sendto": CONNECT,
    "socket.sendmsg": CONNECT,
    "socket.getaddrinfo": CONNECT,
    "socket.gethostbyname": CONNECT,
    "socket.gethostbyaddr": CONNECT,
    "socket.getnameinfo": CONNECT,
    "syslog.openlog": CONNECT,
    "syslog.syslog": CONNECT,
    "subprocess.Popen": START,
    "os.system": START,
    "os.exec": START,
    "os.fork": START,
    "os.forkpty": START,
    "os.posix_spawn": START,
    "os.spawn": START,
    "os.startfile": START,
    "os.startfile/2": START,
    "pty.spawn": START,
    "_winapi.CreateProcess": START,
    "os.kill": SIGNAL,
    "os.killpg": SIGNAL,
    "signal.pidfd_send_signal": SIGNAL,
    "_winapi.TerminateProcess": SIGNAL,
    "resource.prlimit": "change the limits of a process",
    **dict.fromkeys(("os.setpriority", "os.sched_setaffinity", "os.sched_setscheduler", "os.sched_setparam"), OTHER),
    "socket.sethostname": "change the name of this computer",
    "winreg.CreateKey": "change the registry",
    "winreg.DeleteKey": "change the registry",
    "winreg.DeleteValue": "change the registry",
    "winreg.SaveKey": "change the registry",
    "winreg.SetValue": "change the registry",
    "sqlite3.load_extension": "load an extension of sqlite3",
    "socket.__new__": CONNECT,
    "ctypes.dlsym": "call a function of the C library",
}
CONNECTED = "fxlens.sqlite3.connected"
"""An event of our own, with a connection to a database that is ready: Python's comes before it takes an authorizer."""
CHANGES: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((0, 2), (1, 3)),
    "os.symlink": ((1, 2),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
    "os.truncate": ((0, None),),
    "os.setxattr": ((0, None),),
    "os.removexattr": ((0, None),),
    "os.chflags": ((0, None),),
    "os.lchflags": ((0, None),),
    "os.mkfifo": ((0, 1),),
    "os.mknod": ((0, 1),),
}
"""Where an event has its paths, each with the place of the folder's descriptor that it is relative to."""
CONTROLS = {"fcntl.fcntl": frozenset({8, 15}), "fcntl.ioctl": frozenset(syscalls.REFUSED_VALUES["ioctl"][1])}
"""Commands on a descriptor that reach beyond it (see :mod:`fxlens.worker.syscalls`): signals to others, keystrokes into
the terminal, attributes of a file that is open for reading."""
C_FUNCTIONS = {
    **_each(START, "fork vfork clone clone3 system popen execl execle execlp execv execve execvp execvpe fexecve"),
    **_each(START, "posix_spawn posix_spawnp daemon wordexp _Fork __libc_fork __fork __vfork"),
    **_each(
        OTHER, "unshare setns mount umount umount2 pivot_root chroot swapon swapoff reboot sethostname setdomainname"
    ),
    **_each(OTHER, "process_vm_writev process_vm_readv process_madvise setpriority sched_setaffinity sched_setparam"),
    **_each(OTHER, "sched_setscheduler sched_setattr"),
    **_each("look up a function of the C library", "dlsym dlvsym __libc_dlsym"),
    **_each(SIGNAL, "kill killpg tgkill sigqueue pidfd_send_signal ptrace prlimit prlimit64"),
    **_each(CONNECT, "socket connect bind listen sendto sendmsg sendmmsg getaddrinfo gethostbyname gethostbyaddr"),
    **_each("write files", "open open64 openat openat64 creat creat64 fopen fopen64 freopen mkdir mkdirat mknod"),
    **_each("write files", "mknodat mkfifo mkfifoat unlink unlinkat remove rename renameat renameat2 rmdir link"),
    **_each("write files", "fchmod fchown fsetxattr removexattr lremovexattr fremovexattr futimes futimens futimesat"),
    **_each("write files", "lutimes linkat symlink symlinkat truncate truncate64 chmod fchmodat chown lchown"),
    **_each(
        "write files",
        "fchownat utime utimes utimensat setxattr lsetxattr shm_open sem_open mkstemp mkdtemp mq_open shmget syscall "
        "__open __open64 __open_2 __open64_2 __openat_2 __openat64_2 __mkdir _Py_open _Py_open_noraise _Py_wfopen",
    ),
}
"""Functions of the C library that ``ctypes`` would otherwise reach past the events above."""
