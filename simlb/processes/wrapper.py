"""The small program between simlb and one target process: it starts it, signals it, and always ends it.

Run as `python -I -S -B wrapper.py GRACE_S COMMAND [ARGUMENT ...]` in a session of its own. Only the standard library,
and little of it: it has to be there in a few hundredths of a second, once for every target.

Standard input: lines `kill` (SIGKILL to the whole process group, now), `stop SECONDS` (SIGTERM, then SIGKILL when that
time is over), `pause` and `resume` (SIGSTOP and SIGCONT; what is paused can be stopped and killed all the same). At its
end - simlb ended, or was killed - the target gets `stop GRACE_S` and this program ends too.
Standard output: lines `pid N`, then `exit STATUS` (negative: ended by that signal), or `error ERRNO` alone when the
command could not be started. Standard error is the target's log; the target writes both its outputs there.

Why a parent process: only a parent can signal without a race, since the process id of a child that it has not yet
reaped cannot be given to anybody else. And only a process that outlives simlb can clean up after simlb was killed.
"""

import errno
import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LEFTOVERS_S = 2.0  # how long to wait for processes that were sent SIGKILL; only the kernel can make it take longer


def set_process_option(option: int, value: int) -> None:
    """prctl(2), where there is one (Linux). Without it all holds except against a SIGKILL of this program."""
    if sys.platform != "linux":
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):  # a Python without ctypes, a C library without prctl
        return


def report(text: str) -> None:
    """One line to simlb. Nobody may be there to read it."""
    try:
        os.write(1, f"{text}\n".encode())
    except OSError:
        return


def start(command: list[str]) -> tuple[int, int]:
    """Start the command in a process group of its own: (process id, 0) or (-1, errno)."""
    failure_read, failure_write = os.pipe()  # closed by a successful exec; otherwise it carries errno
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            set_process_option(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # this program died before the line above could take effect
                os._exit(1)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these two, and exec would inherit that
                signal.signal(number, signal.SIG_DFL)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(2, 1)
            os.execvp(command[0], command)  # noqa: S606 - no shell is the point
        except OSError as error:
            os.write(failure_write, str(error.errno or errno.EINVAL).encode())
        finally:
            os._exit(127)
    os.close(failure_write)
    failure = os.read(failure_read, 32)
    os.close(failure_read)
    if failure:
        os.waitpid(pid, 0)
        return -1, int(failure)
    return pid, 0


class Group:
    """The target's process group, led by the child `pid`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.kill_at: float | None = None

    def signal(self, number: int) -> None:
        """Send a signal to every process of the group. The unreaped leader keeps its number ours."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            return

    def stop(self, grace_s: float) -> None:
        """Ask it to end, and make it end when `grace_s` has passed. A later call can only shorten the time."""
        when = time.monotonic() + grace_s
        if self.kill_at is None or when < self.kill_at:
            self.kill_at = when
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)  # a stopped process would not see it

    def leader_status(self) -> int | None:
        """The exit status of the leader once it has ended (negative: a signal). Orphans that came to us are reaped."""
        if not hasattr(os, "waitid"):  # macOS before Python 3.13: reaping is the only way to look
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return os.waitstatus_to_exitcode(status) if pid else None
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return None
            if ended.si_pid == self.pid:  # left unreaped: the group's number stays ours until `end_leftovers`
                return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
            os.waitpid(ended.si_pid, 0)

    def end_leftovers(self) -> None:
        """Kill what the leader left behind: its group, and descendants that made groups or sessions of their own."""
        self.signal(signal.SIGKILL)
        give_up_at = time.monotonic() + LEFTOVERS_S
        while time.monotonic() < give_up_at:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                kill_children()
                time.sleep(0.002)


def kill_children() -> None:
    """SIGKILL to every child of this program. Linux hands it all orphaned descendants; elsewhere there is no list."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:  # noqa: PTH123 - pathlib would double the start
            children = file.read().split()
    except OSError:
        return
    for child in children:
        try:
            os.kill(int(child), signal.SIGKILL)
        except ProcessLookupError:
            continue


class Commands:
    """What simlb says on standard input, and signals sent to this program by others."""

    def __init__(self, group: Group, grace_s: float) -> None:
        self.group = group
        self.grace_s = grace_s
        self.is_open = True
        self._rest = b""
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)  # what counts is the byte in the wake-up pipe

    def wait(self) -> None:
        """Sleep until something happens, and do what it asks for."""
        timeout_s = None if self.group.kill_at is None else max(0.0, self.group.kill_at - time.monotonic())
        readable, _, _ = select.select([self._wake_read, *([0] if self.is_open else [])], [], [], timeout_s)
        if self._wake_read in readable and set(os.read(self._wake_read, 512)) - {signal.SIGCHLD}:
            self.group.stop(self.grace_s)
        if 0 in readable:
            self._read()
        if self.group.kill_at is not None and time.monotonic() >= self.group.kill_at:
            self.group.kill_at = None
            self.group.signal(signal.SIGKILL)

    def _read(self) -> None:
        data = os.read(0, 4096)
        if not data:
            self.is_open = False
            self.group.stop(self.grace_s)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            command, _, argument = line.partition(b" ")
            if command == b"kill":
                self.group.signal(signal.SIGKILL)
            elif command == b"stop":
                self.group.stop(float(argument))
            elif command == b"pause":
                if self.group.kill_at is None:  # one that is asked to end must be able to
                    self.group.signal(signal.SIGSTOP)
            elif command == b"resume":
                self.group.signal(signal.SIGCONT)


def main(grace_s: float, command: list[str]) -> None:
    """Start, watch, end, report."""
    set_process_option(PR_SET_CHILD_SUBREAPER, 1)
    pid, error = start(command)
    if error:
        report(f"error {error}")
        return
    report(f"pid {pid}")
    group = Group(pid)
    commands = Commands(group, grace_s)
    while (status := group.leader_status()) is None:
        commands.wait()
    group.end_leftovers()
    report(f"exit {status}")


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
