"""`python -m canonica`: the command line."""

from canonica.cli import program

if __name__ == "__main__":
    program()
