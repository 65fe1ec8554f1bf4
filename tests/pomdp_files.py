"""Public problems in Cassandra's format, written anew from their published facts."""

from itertools import product

# Kaelbling, Littman & Cassandra, Artificial Intelligence 101, 1998: a tiger behind one of two
# doors is heard where it is with 0.85; listening costs 1, the tiger 100, the other door gives 10.
TIGER = """
# two doors
discount: 0.95
values: reward
states: tiger-left tiger-right
actions: listen open-left open-right
observations: hear-left hear-right
start: uniform
T: listen
identity
T: open-left
uniform
T: open-right : * : * 0.5
O: listen
0.85 0.15
0.15 0.85
O: open-left
uniform
O: open-right : *
0.5 0.5
R: listen : * : * : * -1
R: open-left : tiger-left : * : * -100
R: open-left : tiger-right : * : * 10
R: open-right : tiger-left : * : * 10
R: open-right : tiger-right : * : * -100
"""

# The corridor of four cells of Cassandra's examples: the goal, the third, is seen and left for
# one of the other three.
CORRIDOR = """
discount: 0.75
values: reward
states: left middle goal right
actions: w e
observations: nothing goal
start: 0.333333 0.333333 0.0 0.333334
T: w
1.0 0.0 0.0 0.0
1.0 0.0 0.0 0.0
0.333333 0.333333 0.0 0.333334
0.0 0.0 1.0 0.0
T: e
0.0 1.0 0.0 0.0
0.0 0.0 1.0 0.0
0.333333 0.333333 0.0 0.333334
0.0 0.0 0.0 1.0
O: *
1.0 0.0
1.0 0.0
0.0 1.0
1.0 0.0
R: * : * : goal : * 1.0
"""


def grid_4x3():
    """Return Russell and Norvig's grid of 4 x 3 as Parr and Russell (1995) made it partial.

    Moves go as meant with 0.8 and to either side with 0.1; walls left and right are seen; the
    two ends give 1 and -1 and lead to any other cell; every step costs 0.04.
    """
    wide, high, wall = 4, 3, (1, 1)
    cells = [(x, y) for y, x in product(range(high), range(wide)) if (x, y) != wall]
    good, bad = (3, 0), (3, 1)
    moves = {"n": (0, -1), "s": (0, 1), "e": (1, 0), "w": (-1, 0)}
    sides = {"n": "ew", "s": "ew", "e": "ns", "w": "ns"}
    free = [cell for cell in cells if cell not in (good, bad)]

    def name(cell):
        return f"c{cell[0]}{cell[1]}"

    def moved(cell, way):
        there = (cell[0] + moves[way][0], cell[1] + moves[way][1])
        return there if there in cells else cell

    seen = {good: "good", bad: "bad"}
    for cell in free:
        left, right = moved(cell, "w") == cell, moved(cell, "e") == cell
        seen[cell] = {(0, 0): "neither", (1, 0): "left", (0, 1): "right", (1, 1): "both"}[
            left, right
        ]
    lines = ["discount: 0.95", "values: reward", "states: " + " ".join(map(name, cells))]
    lines += ["actions: n s e w", "observations: neither left right both good bad"]
    lines += ["start exclude: " + f"{name(good)} {name(bad)}"]
    for way, cell in product(moves, cells):
        row = dict.fromkeys(cells, 0.0)
        if cell in (good, bad):
            row |= dict.fromkeys(free, 1 / len(free))
        else:
            for there, chance in zip((way, *sides[way]), (0.8, 0.1, 0.1), strict=True):
                row[moved(cell, there)] += chance
        lines += [f"T: {way} : {name(cell)}", " ".join(f"{row[one]:.12g}" for one in cells)]
    lines += [f"O: * : {name(cell)} : {seen[cell]} 1.0" for cell in cells]
    lines += ["R: * : * : * : * -0.04"]
    lines += [f"R: * : {name(good)} : * : * 1.0", f"R: * : {name(bad)} : * : * -1.0"]
    return "\n".join(lines)


def rock_sample(side=2, rocks=((0, 0), (1, 1)), distance=2.0):
    """Return RockSample of Smith and Simmons (2004) on a small field.

    The rover moves, samples the rock under it (10 if good, which it then is no more, -10 if bad),
    leaves to the east for 10, or looks at a rock, right with (1 + 2 ** (-d / d0)) / 2.
    """
    cells = list(product(range(side), repeat=2))
    goods = list(product((0, 1), repeat=len(rocks)))
    states = [(cell, good) for cell in cells for good in goods]

    def name(state):
        return f"x{state[0][0]}y{state[0][1]}r{''.join(map(str, state[1]))}"

    moves = {"north": (0, -1), "south": (0, 1), "east": (1, 0), "west": (-1, 0)}
    looks = [f"look{rock}" for rock in range(len(rocks))]
    lines = ["discount: 0.95", "values: reward"]
    lines += ["states: " + " ".join([*map(name, states), "done"])]
    lines += ["actions: " + " ".join([*moves, "sample", *looks]), "observations: none good bad"]
    first = [name(((0, side - 1), good)) for good in goods]
    lines += ["start include: " + " ".join(first)]
    for action in (*moves, "sample", *looks):
        lines += [f"T: {action} : done : done 1.0"]
        for (x, y), good in states:
            after, reward = ((x, y), good), 0
            if action in moves:
                there = (x + moves[action][0], y + moves[action][1])
                after = (there, good) if there in cells else after
                if action == "east" and x == side - 1:
                    after, reward = "done", 10
            elif action == "sample" and (x, y) in rocks:
                rock = rocks.index((x, y))
                reward = 10 if good[rock] else -10
                after = ((x, y), tuple(0 if r == rock else g for r, g in enumerate(good)))
            there = after if after == "done" else name(after)
            lines += [f"T: {action} : {name(((x, y), good))} : {there} 1.0"]
            if reward:
                lines += [f"R: {action} : {name(((x, y), good))} : * : * {reward}"]
    lines += ["O: * : * : none 1.0"]
    for rock, action in enumerate(looks):
        for (x, y), good in states:
            apart = ((x - rocks[rock][0]) ** 2 + (y - rocks[rock][1]) ** 2) ** 0.5
            right = (1 + 2 ** (-apart / distance)) / 2
            chance = right if good[rock] else 1 - right
            lines += [f"O: {action} : {name(((x, y), good))}"]
            lines += [f"0.0 {chance:.12g} {1 - chance:.12g}"]
    return "\n".join(lines)
