"""What the clients do."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Scenario:
    """How clients and upstream behave. `rate`: messages a second, started at fixed instants; 0: as replies come."""

    name: str
    title: str
    connections: int
    per_connection: int
    total: int
    rate: int = 0
    reply_ms: int = 0  # the upstream's delay before each reply
    dot_ms: int = 0  # and on top after the final dot


def scenarios(total: int) -> list[Scenario]:
    """With `total` messages in each closed loop, a fifth of it in the open one."""
    return [
        Scenario("a", "1 message per connection, 50 clients", 50, 1, total),
        Scenario("b", "20 messages per connection, 20 clients", 20, 20, total),
        Scenario("c", "30 messages/s offered, upstream 30 ms a reply + 50 ms", 50, 1, total // 5, 30, 30, 50),
    ]
