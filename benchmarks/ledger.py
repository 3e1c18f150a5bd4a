"""The ledger in figures, each beside its peer.

    python benchmarks/ledger.py post                   durable transfers per second, and orders of five legs
    python benchmarks/ledger.py asof --millions 1 10   balances as of any instant, by size of the ledger

Each starts a PostgreSQL of its own with fsync on, unless ``--url`` or BANYAN_DATABASE_URL names a
server, on which it makes, then drops, a database.
"""

import argparse
import os

import ledger_asof
import ledger_post


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True)
    post = commands.add_parser("post", help="durable transfers per second")
    post.add_argument("--seconds", type=float, default=3.0, help="of a round")
    post.add_argument("--rounds", type=int, default=3)
    post.add_argument("--callers", type=int, nargs="*", default=[1, 8, 32, 256])
    post.add_argument("--batches", type=int, nargs="*", default=[100, 1000])
    post.add_argument("--orders", type=int, nargs="*", default=[1, 8, 32], help="callers of orders")
    post.set_defaults(run=ledger_post.run)
    asof = commands.add_parser(
        "asof", help="balances as of any instant, statements, trial balances"
    )
    asof.add_argument("--millions", type=float, nargs="+", default=[1.0])
    asof.add_argument(
        "--sample", type=int, default=50_000, help="legs of the ledger that is verified"
    )
    asof.set_defaults(run=ledger_asof.run)
    for command in (post, asof):
        command.add_argument("--url", default=os.environ.get("BANYAN_DATABASE_URL"))
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
