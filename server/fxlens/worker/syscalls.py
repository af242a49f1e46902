"""System calls that a trace process may not make, or only for itself, by their numbers on x86-64 and aarch64.

Landlock judges paths: whatever opens, makes, moves or removes a file. Listed here is what it does not see: sockets,
processes, signals, attributes of files, memory of the System V kind, and what only an administrator may do. ``None``:
the architecture has no such call.

The numbers are those of the kernel's ``unistd_64.h`` (x86-64) and ``asm-generic/unistd.h`` (aarch64); a test compares.
"""

from __future__ import annotations

X86_64, AARCH64 = 0, 1

NUMBERS: dict[str, tuple[int | None, int | None]] = {
    # Programs and processes
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None), "clone": (56, 220),
    "clone3": (435, 435), "setsid": (112, 157), "setpgid": (109, 154), "unshare": (272, 97), "setns": (308, 268),
    "prctl": (157, 167),
    # Other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kill": (62, 129), "tkill": (200, 130),
    "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "prlimit64": (302, 261),
    "setpriority": (141, 140), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274), "ioprio_set": (251, 30), "sched_setaffinity": (203, 122),
    "migrate_pages": (256, 238), "move_pages": (279, 239),
    "fcntl": (72, 25), "ioctl": (16, 29),
    # The network
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # Memory and queues that outlive a process
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180), "mq_unlink": (241, 181),
    "shmat": (30, 196), "shmctl": (31, 195), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    # Attributes of files
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "setxattrat": (463, 463), "removexattrat": (466, 466), "file_setattr": (469, 469),
    "truncate": (76, 45), "open": (2, None), "openat": (257, 56), "openat2": (437, 437),
    "open_by_handle_at": (304, 265),
    # What only an administrator may do, and some people work as one
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "sethostname": (170, 161), "setdomainname": (171, 162), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "bpf": (321, 280),
    "perf_event_open": (298, 241), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "userfaultfd": (323, 282), "fanotify_init": (300, 262), "acct": (163, 89), "quotactl": (179, 60),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "quotactl_fd": (443, 443), "vhangup": (153, 58), "syslog": (103, 116),
    "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
}  # fmt: skip

REFUSED = (
    "execve", "execveat", "fork", "vfork", "setsid", "setpgid", "unshare", "setns", "ptrace", "process_vm_readv",
    "process_vm_writev", "kcmp", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "process_madvise",
    "process_mrelease", "migrate_pages", "move_pages", "socket", "connect", "bind", "listen", "accept", "accept4",
    "sendmsg", "sendmmsg", "io_uring_setup", "io_uring_enter", "io_uring_register", "shmget", "semget", "msgget",
    "shmat", "shmctl", "semop", "semctl", "semtimedop", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink",
    "open_by_handle_at", "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree",
    "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "swapon", "swapoff", "reboot", "sethostname",
    "setdomainname", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf",
    "perf_event_open", "keyctl", "add_key", "request_key", "userfaultfd", "fanotify_init", "acct", "quotactl",
    "quotactl_fd", "vhangup",
    "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "syslog", "iopl", "ioperm", "modify_ldt",
)  # fmt: skip
"""Refused with ``EACCES``."""
WITHOUT_EFFECT = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes",
    "futimesat", "utimensat", "sched_setaffinity",
)  # fmt: skip
"""Said to have worked, and do nothing: Landlock does not judge them, and ``shutil.copy`` needs them in the scratch
folder, as OpenMP needs that of the processors of its threads. What user code wants of files elsewhere, the audit hook
refuses by the path."""
UNSUPPORTED = (
    "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "setxattrat",
    "removexattrat", "file_setattr",
)  # fmt: skip
"""Refused with ``ENOTSUP``, as a file system does that has no such attributes."""
ONLY_OWN_PROCESS = {
    "kill": 0, "tkill": 0, "tgkill": 0, "rt_sigqueueinfo": 0, "rt_tgsigqueueinfo": 0,
}  # fmt: skip
"""Allowed if the argument of that position is the process itself."""
ONLY_OWN_OR_ZERO = {"prlimit64": 0, "sched_setparam": 0, "sched_setscheduler": 0, "sched_setattr": 0,
                    "setpriority": 1, "ioprio_set": 1}  # fmt: skip
"""The same, where 0 also stands for the process itself."""
REFUSED_VALUES: dict[str, tuple[int, tuple[int, ...]]] = {
    "prctl": (0, (1,)),  # PR_SET_PDEATHSIG: the process ends with the worker.
    "fcntl": (1, (8, 15)),  # F_SETOWN, F_SETOWN_EX: signals to others when a file has news.
    "ioctl": (
        1,
        (
            *(0x8901, 0x8902),  # FIOSETOWN, SIOCSPGRP: the same.
            *(0x5412, 0x541C),  # TIOCSTI, TIOCLINUX: keystrokes into the terminal.
            # FS_IOC_SETFLAGS, FS_IOC_SETVERSION, each also for 32 bits, FS_IOC_FSSETXATTR: reading rights suffice.
            *(0x40086602, 0x40087602, 0x40046602, 0x40047602, 0x401C5820),
        ),
    ),
}
"""Refused if the argument of that position has one of the values."""
