"""What may be asked of the comparison. It needs nothing but Python, so that `scripts/bench` looks
at it before it builds."""

import argparse
import pathlib

DESCRIPTION = "Sallyport beside nginx without a check, HAProxy with jwt_verify, and a bare relay."
ROWS = [
    "warm", "latency", "handshakes", "transfers", "memory", "cold", "legacy", "access_log",
    "growth", "floods", "guards", "check_database", "promotions", "revoked",
]


def rows(text):
    names = text.split(",")
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: the rows are {', '.join(ROWS)}")
    return names


def number(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 1 is needed")
    return int(text)


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=DESCRIPTION)
    parser.add_argument(
        "--only", type=rows, default=ROWS, metavar="ROW[,ROW]", help=f"of {', '.join(ROWS)}"
    )
    parser.add_argument("--rounds", type=number, default=5)
    parser.add_argument("--seconds", type=number, default=5, help="of each load in each round")
    parser.add_argument("--quick", action="store_true", help="one short round: the numbers are bad")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the tables to this file")
    parser.add_argument("--json", type=pathlib.Path, help="write every number to this file")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


if __name__ == "__main__":
    arguments()
