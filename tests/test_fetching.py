"""A feed is fetched within bounds, and never from inside our own network."""

import httpx
import pytest

from bot.errors import Malformed, Unreachable
from bot.fetching import fetch


class Feed(httpx.AsyncBaseTransport):
    """A web server at the other end of the socket."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def handle_async_request(self, request):
        self.asked.append(request)
        return self.answers.pop(0)


def names(**known):
    async def resolver(host, _port):
        return known[host.split(".")[0]]

    return resolver


async def get(url, *answers, **more):
    feed = Feed(*answers)
    async with httpx.AsyncClient(transport=feed) as http:
        return await fetch(
            url,
            http,
            **(
                {"resolver": names(feed=["93.184.216.34"], inner=["10.0.0.5"], mixed=["93.184.216.34", "127.0.0.1"])}
                | more
            ),
        ), feed


async def test_a_feed_is_fetched_from_the_address_that_was_checked():
    found, feed = await get(
        "https://feed.example/a?b=1", httpx.Response(200, content=b"<rss/>", headers={"etag": '"1"'})
    )
    assert (found.body, found.etag) == (b"<rss/>", '"1"')
    assert str(feed.asked[0].url) == "https://93.184.216.34/a?b=1"
    assert feed.asked[0].headers["host"] == "feed.example"
    assert feed.asked[0].extensions["sni_hostname"] == "feed.example"


async def test_an_unchanged_feed_is_not_sent_again():
    found, feed = await get("https://feed.example/", httpx.Response(304), etag='"1"', modified="yesterday")
    assert found.body is None
    assert (feed.asked[0].headers["if-none-match"], feed.asked[0].headers["if-modified-since"]) == ('"1"', "yesterday")


@pytest.mark.parametrize(
    "url",
    [
        "http://inner.example/", "http://mixed.example/", "http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "http://0.0.0.0/",
        "http://[::ffff:10.0.0.1]/", "http://192.168.1.1:8080/", "http://[fe80::1]/", "http://100.64.0.1/", "ftp://feed.example/", "file:///etc/passwd",
        "http://user:pw@feed.example/", "feed.example", "http://feed.example:99999/", "http://[64:ff9b::7f00:1]/",
    ],
)  # fmt: skip
async def test_no_address_inside_our_network_is_fetched(url):
    with pytest.raises(Malformed):
        await get(url, httpx.Response(200))


async def test_a_redirect_into_our_network_is_not_followed():
    with pytest.raises(Malformed):
        await get(
            "https://feed.example/",
            httpx.Response(302, headers={"location": "http://127.0.0.1:8000/"}),
            httpx.Response(200),
        )
    found, _ = await get(
        "https://feed.example/a", httpx.Response(301, headers={"location": "/b"}), httpx.Response(200, content=b"ok")
    )
    assert found.body == b"ok"


async def test_what_is_too_much_or_not_there_is_told():
    with pytest.raises(Malformed):
        await get("https://feed.example/", httpx.Response(200, content=b"x" * (5 * 1024 * 1024 + 1)))
    with pytest.raises(Malformed):
        await get("https://feed.example/", *(httpx.Response(302, headers={"location": "/again"}) for _ in range(9)))
    with pytest.raises(Unreachable):
        await get("https://feed.example/", httpx.Response(503))
