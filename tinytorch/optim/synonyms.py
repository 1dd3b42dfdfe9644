"""Other names of an optimizer's values: older ones, and those of a tuple's members."""

SYNONYMS = {"parameters": "params", "learning_rate": "lr"}


def current_names(given: dict, parts: dict, defaults: dict, taken=()) -> dict:
    """`given` with `parameters`, `learning_rate`, `beta1` and the like under their names of today.

    Arguments:
        given: arguments, or a parameter group.
        parts: names of a tuple's members, by the name of the tuple.
        defaults: what a member that is missing is taken from.
        taken: names that are given otherwise (by position).

    Raises:
        TypeError: an argument is given under both of its names.
    """
    names = SYNONYMS | {part: whole for whole, own in parts.items() for part in own}
    result = dict(given)
    for old in given:
        new = names.get(old)
        if new is None or (new in parts and new not in defaults):
            continue
        if new in given or new in taken:
            raise TypeError(f"{old} is another name for {new}: give one of them, not both")
        if new not in parts:
            result[new] = result.pop(old)
        elif old in result:
            members = zip(parts[new], defaults[new], strict=True)
            result[new] = tuple(result.pop(part, default) for part, default in members)
    return result


def with_number(values: dict, parts: dict, name: str, number) -> dict:
    """`values` with one number in it replaced, be it the member of a tuple.

    Raises:
        KeyError: there is none of this name.
    """
    if name in values:
        return {**values, name: number}
    whole = next((whole for whole, own in parts.items() if name in own), None)
    if whole not in values:
        raise KeyError(name)
    members = zip(parts[whole], values[whole], strict=True)
    return {**values, whole: tuple(number if part == name else old for part, old in members)}
