"""What rows give: numbers for a file, and a table for people."""

import dataclasses
import statistics

NAMES = {
    "nginx": "nginx, no check", "haproxy": "HAProxy, `jwt_verify`", "relay": "bare relay",
    "sallyport": "Sallyport", "asking": "nginx, `auth_request`",
}


@dataclasses.dataclass
class Goal:
    """A figure of Sallyport's, and the most it may be."""

    what: str
    measured: float
    limit: float

    def cells(self):
        holds = "yes" if self.measured <= self.limit else "no"
        return [self.what, f"{self.measured:.2f}", f"{self.limit:.2f}", holds]


@dataclasses.dataclass
class Table:
    """`numbers` are for the JSON file, `lines` are cells as text."""

    title: str
    columns: list
    lines: list
    numbers: dict
    notes: list = dataclasses.field(default_factory=list)
    goals: list = dataclasses.field(default_factory=list)

    def markdown(self):
        rule = ["---"] + ["---:"] * (len(self.columns) - 1)
        lines = ["| " + " | ".join(cells) + " |" for cells in [self.columns, rule, *self.lines]]
        notes = [f"\n{note}" for note in self.notes]
        return "\n".join([f"### {self.title}\n", *lines, *notes]) + "\n"

    def plain(self):
        widths = [
            max(len(cells[index]) for cells in [self.columns, *self.lines])
            for index in range(len(self.columns))
        ]
        lines = [
            "  ".join(
                cell.ljust(width) if index == 0 else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(cells, widths))
            )
            for cells in [self.columns, *self.lines]
        ]
        return "\n".join([self.title, *lines, *self.notes]) + "\n"


def summary(tables):
    """All goals of the rows that were measured."""
    goals = [goal for table in tables for goal in table.goals]
    return Table(
        "Goals", ["", "measured", "at most", "holds"], [goal.cells() for goal in goals],
        {goal.what: goal.measured for goal in goals},
    )


def median(values):
    return statistics.median(values)


def spread(values, form="{:.1f}"):
    return f"{form.format(min(values))} to {form.format(max(values))}"


def ratio(values, others):
    """The median over the rounds of one's value by the other's of the same round."""
    return median([value / other for value, other in zip(values, others)])
