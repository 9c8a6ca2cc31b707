"""Who may speak to the server: tokens, and names of this computer."""

from __future__ import annotations

import socket

import pytest

from rtsep.api.access import Access, choose_token
from rtsep.errors import ConfigError

TOKEN = "0123456789abcdef"


def test_other_computers_need_a_token() -> None:
    assert choose_token("127.0.0.1", None) == choose_token("localhost", None) == choose_token("::1", None) == ""
    first, second = choose_token("0.0.0.0", None), choose_token("192.168.1.2", None)
    assert len(first) >= 20
    assert first != second
    assert choose_token("0.0.0.0", TOKEN) == TOKEN
    with pytest.raises(ConfigError, match="has 5 letters"):
        choose_token("0.0.0.0", "short")


def test_a_server_for_the_house_knows_numbers_and_its_own_name() -> None:
    access = Access("0.0.0.0", 8733, TOKEN)
    own = socket.gethostname()
    for host in ("192.168.1.7:8733", "[fe80::1]:8733", f"{own}:8733", f"{own.partition('.')[0]}.local:8733"):
        assert access.knows(host)
    for host in ("evil.example:8733", "192.168.1.7", "192.168.1.7:80", "localhost.evil.example:8733"):
        assert not access.knows(host)
