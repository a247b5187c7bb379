"""The one way to a file: whose it is, which bytes, and headers that keep a hostile one harmless."""

import hashlib
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from gallery import files
from gallery.models import Result
from gallery.naming import human_name
from gallery.ranges import Unsatisfiable, requested_range
from tests.gallery.conftest import Shelf

VARIANTS = ["320", "640", "1280", "poster", "original", "download"]
BODY = bytes(range(256)) * 20


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def address(result: Result, variant: str) -> str:
    return f"/media/{result.pk}/{variant}"


@pytest.fixture
def clip(shelf: Shelf) -> Result:
    return shelf(BODY, kind="video", content_type="video/mp4", duration=5.0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_owner_gets_every_variant(browser: Client, shelf: Shelf, variant: str) -> None:
    response = browser.get(address(shelf(BODY), variant))
    assert response.status_code == 200
    assert body(response) == BODY
    assert response["Content-Length"] == str(len(BODY))
    expected = "image/jpeg" if variant in {"original", "download"} else "image/webp"
    assert response["Content-Type"] == expected


@pytest.mark.parametrize("variant", VARIANTS)
def test_another_person_and_nobody_get_none(shelf: Shelf, stranger: User, variant: str) -> None:
    result = shelf()
    client = Client()
    assert client.get(address(result, variant)).status_code == 302
    client.force_login(stranger, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(address(result, variant)).status_code == 404


@pytest.mark.parametrize("state", ["saving", "lost"])
def test_what_is_not_saved_has_no_address(browser: Client, shelf: Shelf, state: str) -> None:
    result = shelf()
    Result.objects.filter(pk=result.pk).update(state=state)
    assert browser.get(address(result, "320")).status_code == 404


@pytest.mark.parametrize("variant", ["clip", "160", "../320", "sha", ""])
def test_there_are_no_other_variants(browser: Client, shelf: Shelf, variant: str) -> None:
    assert browser.get(address(shelf(), variant)).status_code == 404


def test_a_file_that_vanished_is_a_404(browser: Client, shelf: Shelf) -> None:
    result = shelf()
    files.remove_content(result.sha256, "jpg")
    assert browser.get(address(result, "original")).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_files_are_only_read(browser: Client, shelf: Shelf, method: str) -> None:
    assert getattr(browser, method)(address(shelf(), "original")).status_code == 405


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_may_still_be_replaced_is_asked_for_anew_each_time(browser: Client, shelf: Shelf, variant: str) -> None:
    response = browser.get(address(shelf(verified=False), variant))
    assert response["Cache-Control"] == "private, no-cache"
    response.close()


@pytest.mark.parametrize("variant", [*VARIANTS, "clip"])
def test_every_answer_is_disarmed(browser: Client, clip: Result, variant: str) -> None:
    response = browser.get(address(clip, variant))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    disposition = "attachment" if variant == "download" else "inline"
    assert response["Content-Disposition"].startswith(f"{disposition}; filename")
    response.close()


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("red dunes, low sun", 'attachment; filename="red dunes low sun 1.jpg"'),
        ("größer / höher", "attachment; filename*=utf-8''gr%C3%B6%C3%9Fer%20h%C3%B6her%201.jpg"),
        ('../../etc/"passwd"\r\nX: y', 'attachment; filename="etc passwd X y 1.jpg"'),
        ("", 'attachment; filename="result 1.jpg"'),
        ("word " * 40, f'attachment; filename="{"word " * 12}1.jpg"'),
    ],
)
def test_a_download_is_named_by_its_prompt_and_position(
    browser: Client, shelf: Shelf, prompt: str, expected: str
) -> None:
    assert browser.head(address(shelf(prompt=prompt), "download"))["Content-Disposition"] == expected


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("हिन्दी कविता", "हिन्दी कविता 1.jpg"),
        ("ภาษาที่", "ภาษาที่ 1.jpg"),
        ("cafe\u0301 nuit", "cafe\u0301 nuit 1.jpg"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e 1.jpg"),
        ("love \u2764\ufe0f \U0001f468\u200d\U0001f469 fox", "love fox 1.jpg"),
    ],
)
def test_a_file_s_name_is_spelled_as_its_prompt_in_every_script(prompt: str, name: str) -> None:
    assert human_name(prompt, 0, "jpg") == name


def test_a_file_s_name_fits_into_a_file_system() -> None:
    assert len(human_name("\U00020000" * 200, 0, "jpg").encode()) < 220


def test_an_unchanged_file_is_not_sent_again(browser: Client, shelf: Shelf) -> None:
    result = shelf()
    etag = browser.head(address(result, "640"))["ETag"]
    again = browser.get(address(result, "640"), headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Cache-Control"].startswith("private")
    assert browser.head(address(result, "320"))["ETag"] != etag


def test_a_head_request_has_the_headers_and_no_body(browser: Client, clip: Result) -> None:
    response = browser.head(address(clip, "clip"))
    assert (response.status_code, response["Content-Length"], body(response)) == (200, str(len(BODY)), b"")


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-9", 0, 9), ("bytes=100-", 100, 5119), ("bytes=-20", 5100, 5119), ("bytes=5000-99999", 5000, 5119)],
)
def test_a_player_gets_the_part_it_asks_for(browser: Client, clip: Result, header: str, start: int, end: int) -> None:
    response = browser.get(address(clip, "clip"), headers={"Range": header})
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{end}/5120"
    assert body(response) == BODY[start : end + 1]
    assert response["Content-Length"] == str(end - start + 1)


def test_a_part_beyond_the_end_is_a_416(browser: Client, clip: Result) -> None:
    response = browser.get(address(clip, "clip"), headers={"Range": "bytes=5120-"})
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */5120")


def test_a_part_of_another_version_is_the_whole(browser: Client, clip: Result) -> None:
    etag = browser.head(address(clip, "clip"))["ETag"]
    for known, status, length in ((etag, 206, 10), ('"another"', 200, len(BODY))):
        response = browser.get(address(clip, "clip"), headers={"Range": "bytes=0-9", "If-Range": known})
        assert (response.status_code, len(body(response))) == (status, length)


@pytest.mark.parametrize("header", ["", "bytes=", "bytes=-", "bytes=5-1", "bytes=0-1,3-4", "items=0-1", "bytes=a-b"])
def test_a_range_nobody_understands_is_ignored(header: str) -> None:
    assert requested_range(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_the_file_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        requested_range(header, 100)


@pytest.mark.parametrize("header", ["bytes=-5", "bytes=0-"])
def test_no_part_of_an_empty_file_can_be_had(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        requested_range(header, 0)


def test_behind_a_proxy_the_bytes_are_handed_over(browser: Client, shelf: Shelf, settings: Any) -> None:
    settings.X_ACCEL_PREFIX = "/protected/"
    result = shelf()
    response = browser.get(address(result, "original"))
    name = files.original_name(result.sha256, "jpg")
    assert (response["X-Accel-Redirect"], response.content) == (f"/protected/{name}", b"")
    assert response["Content-Security-Policy"].endswith("sandbox")


@pytest.mark.usefixtures("as_in_production")
def test_one_file_costs_one_query_beside_the_session(
    browser: Client, shelf: Shelf, django_assert_max_num_queries: Any
) -> None:
    result = shelf()
    body(browser.get(address(result, "640")))
    with django_assert_max_num_queries(3):
        body(browser.get(address(result, "320")))


def test_the_same_bytes_under_two_results_are_one_file(browser: Client, shelf: Shelf) -> None:
    first, second = shelf(BODY), shelf(BODY)
    hashes = {hashlib.sha256(body(browser.get(address(each, "original")))).hexdigest() for each in (first, second)}
    assert len(hashes) == 1


def test_a_download_is_remembered_once_and_a_look_is_none(browser: Client, shelf: Shelf) -> None:
    result = shelf()
    for variant in ("640", "original"):
        browser.get(f"/media/{result.pk}/{variant}").getvalue()
    browser.head(f"/media/{result.pk}/download")
    assert Result.objects.get().downloaded_at is None
    browser.get(f"/media/{result.pk}/download").getvalue()
    first = Result.objects.get().downloaded_at
    assert first is not None
    browser.get(f"/media/{result.pk}/download?with=prompt").getvalue()
    assert Result.objects.get().downloaded_at == first
