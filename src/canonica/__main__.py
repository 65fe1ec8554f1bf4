"""`python -m canonica`: the command line."""

from canonica.cli import main

if __name__ == "__main__":
    main()
