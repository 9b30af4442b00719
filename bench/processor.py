"""Processor time by process: what a busy machine does not change, unlike the time on the wall."""

from collections.abc import Mapping

import psutil

from bench.figures import Report, rounded

Seconds = dict[str, float]


class Processor:
    """`pids` by name; a process counts with its children, those that have ended too."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}

    def used(self) -> Seconds:
        """Seconds so far. Children of this very process are others' business."""
        return {name: _used(process) for name, process in self._processes.items()}


def _used(process: psutil.Process) -> float:
    own = process.cpu_times()
    if process.pid == psutil.Process().pid:
        return own.user + own.system
    ended = own.children_user + own.children_system
    running = [child.cpu_times() for child in process.children(recursive=True)]
    return own.user + own.system + ended + sum(each.user + each.system for each in running)


def per_each(before: Seconds, after: Seconds, number: int) -> Report:
    """Milliseconds for each of so many, by process and in all."""
    spent = {name: (after[name] - before[name]) * 1000 / number for name in before}
    return {name: rounded(each) for name, each in {**spent, "all": sum(spent.values())}.items()}
