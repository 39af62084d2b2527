"""The committed list of what is not replayed, and the report of what was."""

from support.transcripts import FIXTURES

# What each case came to: (name, counts, how often explained, what is listed).
REPORT = []


def rows():
    """The lines of the list: case, step, why."""
    lines = (FIXTURES / "replay-skips.txt").read_text().splitlines()
    return [line.split(" | ") for line in lines if line and not line.startswith("#")]


class Skips:
    """What is listed of a case, by `step` or `step: part`; a step `*` is any. What is listed must
    be skipped, and nothing else."""

    def __init__(self, case):
        self.listed = {row[1]: row[2] for row in rows() if row[0] == case}
        self.used = set()

    def has(self, step, part=None):
        for name in (step, "*"):
            key = name if part is None else f"{name}: {part}"
            if key in self.listed:
                self.used.add(key)
                return True
        return False

    @property
    def unused(self):
        return sorted(set(self.listed) - self.used)


def summary():
    """What was replayed and what was not, for the end of a run."""
    totals = dict.fromkeys(("verified", "passed", "skipped"), 0)
    for case, counts, _, listed in REPORT:
        totals = {name: totals[name] + count for name, count in counts.items()}
        yield f"replay of {case}: " + ", ".join(f"{n} {name}" for name, n in counts.items())
        yield from (f"  not {step}: {why}" for step, why in listed.items())
    if REPORT:
        explained = sum(row[2] for row in REPORT)
        yield (f"replayed {totals['verified'] + totals['passed']} steps ({totals['verified']} "
               f"verified, {totals['passed']} passed through), skipped {totals['skipped']}; "
               f"explained {explained}")
