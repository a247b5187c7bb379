"""Trouble on request: what goes over the wire, and whether it was charged."""

import gzip
import json
import time
from collections.abc import Callable
from io import BytesIO

import pytest
import requests
from PIL import Image, UnidentifiedImageError
from requests.exceptions import ChunkedEncodingError, ConnectionError

from tests.sandbox.conftest import Caller

CUT = (ChunkedEncodingError, ConnectionError)


def charged(alice: Caller) -> int:
    return len(alice.sandbox.charges(alice.key))


@pytest.mark.parametrize(("fault", "charges"), [("lose_answer", 1), ("reset_before_accept", 0)])
def test_an_answer_can_be_lost_with_or_without_a_charge(alice: Caller, fault: str, charges: int) -> None:
    alice.sandbox.fault(fault)
    with pytest.raises(ConnectionError):
        alice.submit()
    assert charged(alice) == charges
    assert len(alice.sandbox.sent("mj/generate")) == 1
    assert alice.submit().json()["code"] == 200


def test_a_slow_answer_outlasts_the_patience_of_the_caller_and_is_charged(alice: Caller) -> None:
    alice.sandbox.fault("slow_answer", seconds=5)
    with pytest.raises(requests.Timeout):
        alice.call("POST", "/api/v1/mj/generate", json={"taskType": "mj_txt2img", "prompt": "a"}, timeout=0.2)
    assert charged(alice) == 1


def test_a_body_can_stop_half_way(alice: Caller) -> None:
    alice.sandbox.fault("cut_body")
    with pytest.raises(CUT):
        alice.submit()
    alice.sandbox.fault("cut_no_length")
    answer = alice.submit()
    assert "Content-Length" not in answer.headers
    with pytest.raises(ValueError):
        answer.json()
    assert charged(alice) == 2


def test_a_trickle_spreads_the_body_over_time(alice: Caller) -> None:
    alice.sandbox.fault("trickle", seconds=0.3)
    begin = time.monotonic()
    assert alice.submit().json()["code"] == 200
    assert time.monotonic() - begin >= 0.3


@pytest.mark.parametrize(
    ("fault", "status", "code", "charges"),
    [
        ("json_500_accepted", 200, 500, 1),
        ("200_without_task_id", 200, 200, 1),
        ("code:501", 200, 501, 0),
        ("code:777", 200, 777, 0),
        ("rate_limited", 200, 429, 0),
        ("maintenance", 200, 455, 0),
    ],
)
def test_any_code_can_be_answered(alice: Caller, fault: str, status: int, code: int, charges: int) -> None:
    alice.sandbox.fault(fault)
    answer = alice.submit()
    assert (answer.status_code, answer.json()["code"], charged(alice)) == (status, code, charges)
    assert ("taskId" in (answer.json()["data"] or {})) is (fault == "json_500_accepted")


def test_a_code_may_also_be_the_http_status_and_come_with_an_accepted_task(alice: Caller) -> None:
    alice.sandbox.fault("code:503", status=True, accepted=True, msg="upstream_is_gone", retry_after=7)
    answer = alice.submit()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json()["msg"] == "upstream is gone"
    assert list(alice.sandbox.tasks) == [answer.json()["data"]["taskId"]]


@pytest.mark.parametrize(
    ("fault", "status", "start", "charges"),
    [
        ("html_500", 500, b"<!doctype html>", 0),
        ("html_200", 200, b"<!doctype html>", 1),
        ("edge_1010", 403, b"error code: 1010", 0),
        ("not_json", 200, b"{'code'", 1),
        ("list_body", 200, b"[{", 1),
        ("nan_body", 200, b'{"code": NaN', 1),
        ("bad_utf8", 200, b'{"code":200,"msg":"succ\xff', 1),
        ("empty_body", 200, b"", 1),
        ("redirect_307", 307, b"", 0),
    ],
)
def test_bodies_that_are_no_good_answer(alice: Caller, fault: str, status: int, start: bytes, charges: int) -> None:
    alice.sandbox.fault(fault)
    answer = alice.submit()
    assert (answer.status_code, charged(alice)) == (status, charges)
    assert answer.content.startswith(start)
    assert bool(answer.content) is bool(start)


def test_following_the_307_would_be_seen_and_charged(alice: Caller) -> None:
    alice.sandbox.fault("redirect_307")
    body = {"taskType": "mj_txt2img", "prompt": "a"}
    alice.call("POST", "/api/v1/mj/generate", json=body, allow_redirects=True)
    assert [request.query for request in alice.sandbox.requests] == [{}, {"redirected": "1"}]
    assert charged(alice) == 1


def test_a_small_zip_can_unpack_to_fifty_megabytes(alice: Caller) -> None:
    alice.sandbox.fault("gzip_bomb")
    with alice.call("POST", "/api/v1/mj/generate", json={"taskType": "mj_txt2img", "prompt": "a"}, stream=True) as bomb:
        packed = bomb.raw.read(decode_content=False)
    assert len(packed) < 100_000
    assert len(gzip.decompress(packed)) > 50_000_000


def test_a_huge_body_passes_one_mebibyte(alice: Caller) -> None:
    alice.sandbox.fault("huge_body")
    answer = alice.submit()
    assert len(answer.content) > 1 << 20
    assert "taskId" in answer.json()["data"]


def test_faults_apply_to_the_call_key_and_count_they_name(alice: Caller, bob: Caller) -> None:
    alice.sandbox.fault("maintenance", on="credit", times=2, key=alice.key)
    assert bob.get("/api/v1/chat/credit")["code"] == 200
    assert [alice.get("/api/v1/chat/credit")["code"] for _ in range(3)] == [455, 455, 200]
    alice.sandbox.fault("code:505", on="submit", times=0)
    assert [alice.submit().json()["code"] for _ in range(3)] == [505] * 3
    assert alice.post("/api/v1/mj/generateVary", {})["code"] == 505
    alice.sandbox.reset()
    assert alice.submit().json()["code"] == 200


def test_broken_answers_fit_every_other_call(alice: Caller) -> None:
    task_id = alice.finished()
    calls: tuple[tuple[str, Callable[[], requests.Response]], ...] = (
        ("report", lambda: alice.look(task_id)),
        ("upload", lambda: alice.call("POST", "/api/file-url-upload", json={})),
        ("download_url", lambda: alice.call("POST", "/api/v1/common/download-url", json={})),
        ("file", lambda: alice.fetch(f"{alice.sandbox.url}/files/{task_id}_0_0.jpeg")),
    )
    for on, answer in calls:
        alice.sandbox.fault("html_500", on=on)
        assert (answer().status_code, answer().status_code) == (500, 200), on


def test_a_marker_in_the_prompt_breaks_the_first_submit_of_that_prompt(alice: Caller) -> None:
    codes = [alice.submit(prompt="a fox [[fault:maintenance]]").json()["code"] for _ in range(2)]
    assert codes == [455, 200]
    assert alice.submit(prompt="a fox [[fault:code:500 status=true]]").status_code == 500
    assert (
        alice.submit(prompt="an owl [[fault:nonsense]] [[fault:html_500 on=nowhere]] [[fault:code name=a]]").json()[
            "code"
        ]
        == 200
    )


def test_a_marker_can_aim_at_the_report(alice: Caller) -> None:
    task_id = alice.finished(prompt="a fox [[fault:html_500 on=report times=2]]")
    assert [alice.look(task_id).status_code for _ in range(3)] == [500, 500, 200]


def test_a_task_fails_with_the_words_of_the_marker(alice: Caller) -> None:
    task_id = alice.finished(prompt="a fox [[fault:fail:Your prompt violates our content policy]]")
    data = alice.report(task_id)
    assert (data["successFlag"], data["errorMessage"]) == (3, "Your prompt violates our content policy")
    alice.sandbox.fault("fail:failed", flag=2, code=501)
    data = alice.report(alice.finished())
    assert (data["successFlag"], data["errorCode"], data["errorMessage"]) == (2, 501, "failed")


def test_a_task_can_run_for_ever(alice: Caller) -> None:
    alice.sandbox.change(life="10-20")
    task_id = alice.generate(prompt="a fox [[fault:never_finish]]")
    alice.sandbox.advance(days=10)
    assert alice.report(task_id)["successFlag"] == 0


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("string_flag", lambda data, urls: data["successFlag"] == "1"),
        ("bool_flag", lambda data, urls: data["successFlag"] is True),
        ("unknown_flag:7", lambda data, urls: data["successFlag"] == 7),
        ("json_text_results", lambda data, urls: len(json.loads(data["resultInfoJson"])["resultUrls"]) == 4),
        ("double_encoded", lambda data, urls: "resultUrls" in json.loads(json.loads(data["resultInfoJson"]))),
        ("plain_string_urls", lambda data, urls: data["resultInfoJson"]["resultUrls"] == urls),
        ("repeated_urls", lambda data, urls: data["resultInfoJson"]["resultUrls"] == urls * 2),
        ("top_level_urls", lambda data, urls: data["resultUrls"] == urls and "resultInfoJson" not in data),
        ("response_urls", lambda data, urls: data["response"]["resultUrls"] == urls),
        ("response_snake_urls", lambda data, urls: data["response"]["result_urls"] == urls),
        ("videos_urls", lambda data, urls: [each["url"] for each in data["videos"]] == urls),
        ("hostile_urls", lambda data, urls: "169.254" in data["resultInfoJson"]["resultUrls"][0]["resultUrl"]),
        ("wrong_task_id", lambda data, urls: data["taskId"] == "f" * 32),
        ("text_error_code", lambda data, urls: data["errorCode"] == "VIDEO_EXTEND_FAILED"),
        ("epoch_seconds", lambda data, urls: 10**9 < data["createTime"] < 10**11),
        ("text_times", lambda data, urls: data["completeTime"].isdigit()),
        ("iso_times", lambda data, urls: data["completeTime"][10] == "T" and data["createTime"][-1] == "Z"),
        ("iso_times_without_zone", lambda data, urls: len(data["completeTime"]) == 19),
        ("empty_times", lambda data, urls: data["completeTime"] == ""),
    ],
)
def test_reports_come_in_every_shape_seen(alice: Caller, fault: str, check: Callable[..., bool]) -> None:
    task_id = alice.generate(prompt=f"a fox [[fault:{fault}]]")
    assert alice.look(task_id).json()["code"] == 200
    alice.sandbox.finish(task_id)
    urls = [f"{alice.sandbox.url}/files/{task_id}_0_{position}.jpeg" for position in range(4)]
    assert check(alice.report(task_id), urls)


def test_a_null_flag_stands_for_running_only(alice: Caller) -> None:
    task_id = alice.generate(prompt="a fox [[fault:null_flag]]")
    assert alice.report(task_id)["successFlag"] is None
    alice.sandbox.finish(task_id)
    assert alice.report(task_id)["successFlag"] == 1


def test_stories_unfold_over_several_looks(alice: Caller) -> None:
    missing = alice.generate(prompt="a fox [[fault:missing_after_submit looks=2]]")
    assert [alice.look(missing).json()["code"] for _ in range(3)] == [422, 422, 200]
    empty = alice.finished(prompt="a fox [[fault:empty_success]]")
    assert [len(alice.report(empty)["resultInfoJson"]["resultUrls"]) for _ in range(4)] == [0, 0, 0, 4]
    late = alice.finished(prompt="a fox [[fault:late_failure]]")
    assert [alice.report(late)["successFlag"] for _ in range(3)] == [1, 3, 3]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("file_404", 404), ("file_403", 403), ("file_410", 410), ("file_500", 500), ("file_redirect", 302),
        ("file_redirect_private", 302), ("file_redirect_loop", 302),
    ],
)  # fmt: skip
def test_files_can_be_elsewhere_or_nowhere(alice: Caller, fault: str, status: int) -> None:
    [url, *_] = alice.urls(alice.finished(prompt=f"a fox [[fault:{fault}]]"))
    answer = alice.fetch(url)
    assert answer.status_code == status
    if fault == "file_redirect":
        assert alice.fetch(url, allow_redirects=True).headers["Content-Type"] == "image/jpeg"
    if fault == "file_redirect_private":
        assert answer.headers["Location"].startswith("http://169.254.169.254/")


@pytest.mark.parametrize(
    ("fault", "start"),
    [
        ("file_html", b"<!doctype html>"), ("file_svg", b"<svg"), ("file_empty", b""), ("file_tiny", b"\xff\xd8"),
        ("file_html_tail", b"\xff\xd8"), ("file_truncated_jpeg", b"\xff\xd8"), ("file_bomb", b"\x89PNG"),
    ],
)  # fmt: skip
def test_files_can_hold_something_else_under_the_name_of_a_jpeg(alice: Caller, fault: str, start: bytes) -> None:
    [url, *_] = alice.urls(alice.finished(prompt=f"a fox [[fault:{fault}]]"))
    answer = alice.fetch(url)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.content.startswith(start)
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    if fault in ("file_tiny", "file_truncated_jpeg"):
        with pytest.raises((OSError, UnidentifiedImageError)), Image.open(BytesIO(answer.content)) as image:
            image.load()


def test_the_bomb_is_small_and_has_more_than_sixty_megapixels(alice: Caller) -> None:
    alice.sandbox.fault("file_bomb")
    content = alice.fetch(alice.urls(alice.finished())[0]).content
    assert len(content) < 50_000
    with Image.open(BytesIO(content)) as image:
        assert image.width * image.height > 60_000_000


def test_files_can_end_early_with_and_without_a_length(alice: Caller) -> None:
    alice.sandbox.fault("file_cut", times=1)
    url, *_ = alice.urls(alice.finished())
    with pytest.raises(CUT):
        alice.fetch(url)
    whole = alice.fetch(url).content
    alice.sandbox.fault("file_no_length_cut", times=1)
    answer = alice.fetch(url)
    assert ("Content-Length" in answer.headers, len(answer.content)) == (False, len(whole) // 2)


def test_a_huge_file_is_declared_or_simply_does_not_end(alice: Caller) -> None:
    alice.sandbox.fault("file_huge", times=1)
    url, *_ = alice.urls(alice.finished())
    with alice.fetch(url, stream=True) as answer:
        assert int(answer.headers["Content-Length"]) == 70_000_000
    alice.sandbox.fault("file_huge", times=1, undeclared=True, bytes=3_000_000)
    answer = alice.fetch(url)
    assert ("Content-Length" in answer.headers, len(answer.content)) == (False, 3_000_000)


def test_a_file_can_trickle_and_be_broken_at_one_position_only(alice: Caller) -> None:
    urls = alice.urls(alice.finished(prompt="a [[fault:file_404 position=2]] [[fault:file_trickle seconds=0.2]]"))
    begin = time.monotonic()
    assert [alice.fetch(url).status_code for url in urls] == [200, 200, 404, 200]
    assert time.monotonic() - begin >= 0.6


def test_a_dead_file_still_comes_through_a_download_link(alice: Caller) -> None:
    [url, *_] = alice.urls(alice.finished(prompt="a fox [[fault:file_404]]"))
    link = alice.post("/api/v1/common/download-url", {"url": url})["data"]
    assert (alice.fetch(url).status_code, alice.fetch(link).status_code) == (404, 200)


def test_an_unknown_fault_or_place_is_an_error(alice: Caller) -> None:
    for name, on in (("gremlins", None), ("html_500", "tuesday"), ("file_404", "generate"), ("late_failure", "file")):
        with pytest.raises(ValueError, match="unknown"):
            alice.sandbox.fault(name, on=on)
