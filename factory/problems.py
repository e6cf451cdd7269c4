"""Everything a user can do wrong ends here: collected first, told all at once, one line each."""

from __future__ import annotations

from dataclasses import dataclass, field


class FactoryError(Exception):
    """The run cannot go on, and the user can do something about it.

    Its text is made for the user: one line per problem, no traceback wanted. ``__main__`` turns it
    into ``pulumi.RunError``; the pure modules stay free of Pulumi.
    """


@dataclass(frozen=True, order=True)
class Problem:
    """One fault: where it is (``file:line:col`` or a setting), what is wrong and what to do."""

    where: str
    what: str
    todo: str = ""

    def __str__(self) -> str:
        """Give the one line that the user reads."""
        tail = f" -> {self.todo}" if self.todo else ""
        return f"{self.where}: {self.what}{tail}"


@dataclass
class Problems:
    """A collector: forty faults in one pass are fixed in one pass."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, where: str, what: str, todo: str = "") -> None:
        """Note a fault that stops the run."""
        self.errors.append(Problem(where, what, todo))

    def warn(self, where: str, what: str, todo: str = "") -> None:
        """Note something that looks wrong but harms nothing."""
        self.warnings.append(Problem(where, what, todo))

    def raise_if_any(self, headline: str) -> None:
        """Raise :class:`FactoryError` with every error, sorted by place, if there is one."""
        if not self.errors:
            return
        lines = [str(problem) for problem in sorted(set(self.errors))]
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        raise FactoryError("\n".join([f"{headline}: {count}", *(f"  {line}" for line in lines)]))
