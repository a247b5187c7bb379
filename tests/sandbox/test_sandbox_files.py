"""Result files: real, distinct, in the right shape, gone after fifteen days; uploads; links for a while."""

import base64
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import Image
from requests import Session

from kie.sandbox import Sandbox
from tests.sandbox.conftest import KEY, Caller

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
VIDEO = {"taskType": "mj_video", "motion": "low", "speed": None}


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "5:6", "2:1"])
def test_pictures_are_real_jpegs_in_the_ratio_asked_for(alice: Caller, ratio: str) -> None:
    answer = alice.fetch(alice.urls(alice.finished(aspectRatio=ratio))[0])
    assert (answer.headers["Content-Type"], len(answer.content) > 1024) == ("image/jpeg", True)
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with Image.open(BytesIO(answer.content)) as image:
        image.load()
        width, height = (int(part) for part in ratio.split(":"))
        assert image.width / image.height == pytest.approx(width / height, rel=0.02)
        assert max(image.size) == 256


def test_every_picture_is_its_own_and_stays_the_same(alice: Caller) -> None:
    urls = [*alice.urls(alice.finished()), *alice.urls(alice.finished())]
    first, second = ([alice.fetch(url).content for url in urls] for _ in range(2))
    assert first == second
    assert len(set(first)) == 8


def test_clips_are_real_and_distinct_mp4s(alice: Caller) -> None:
    urls = alice.urls(alice.finished(**VIDEO, fileUrls=["https://files.example.com/a.jpg"], videoBatchSize=2))
    answers = [alice.fetch(url) for url in urls]
    assert answers[0].content != answers[1].content
    assert answers[0].headers["Content-Type"] == "video/mp4"
    with av.open(BytesIO(answers[0].content), "r") as film:
        assert len(list(film.decode(video=0))) == 8


def test_files_appear_with_the_success_and_only_their_own_names_work(alice: Caller) -> None:
    task_id = alice.generate()
    url = f"{alice.sandbox.url}/files/{task_id}_0_0.jpeg"
    assert alice.fetch(url).status_code == 404
    alice.sandbox.finish(task_id)
    assert alice.fetch(url).status_code == 200
    for wrong in ("_0_4.jpeg", "_0_0.png", "_0_0.jpeg%2F..%2Fsandbox.sqlite3", ""):
        assert alice.fetch(f"{alice.sandbox.url}/files/{task_id}{wrong}").status_code == 404


def test_files_are_gone_after_fifteen_days_while_the_record_remains(alice: Caller) -> None:
    task_id = alice.finished()
    [url, *_] = alice.urls(task_id)
    alice.sandbox.advance(days=14.9)
    assert alice.fetch(url).status_code == 200
    alice.sandbox.advance(days=0.2)
    assert alice.fetch(url).status_code == 404
    assert alice.report(task_id)["successFlag"] == 1


def test_a_download_link_works_for_twenty_minutes(alice: Caller) -> None:
    [url, *_] = alice.urls(alice.finished())
    link = alice.post("/api/v1/common/download-url", {"url": url})["data"]
    assert link != url
    assert alice.fetch(link).content == alice.fetch(url).content
    alice.sandbox.advance(minutes=21)
    assert alice.fetch(link).status_code == 404


def test_a_download_link_exists_only_for_files_of_the_provider(alice: Caller) -> None:
    for url in ("https://files.example.com/a.jpeg", f"{alice.sandbox.url}/files/none.jpeg", "", None):
        answer = alice.post("/api/v1/common/download-url", {"url": url})
        assert (answer["code"], answer["msg"]) == (422, "url is wrong")


def test_a_streamed_upload_is_hosted_byte_for_byte(alice: Caller) -> None:
    content = bytes(range(256)) * 20 + b"\r\n--almost a boundary\r\n"
    form = {"uploadPath": "images/in", "fileName": "fox.png"}
    answer = alice.call("POST", "/api/file-stream-upload", data=form, files={"file": ("x.png", content)}).json()
    data = answer["data"]
    assert (answer["success"], answer["code"], data["fileName"], data["mimeType"]) == (
        True,
        200,
        "fox.png",
        "image/png",
    )
    assert data["filePath"] == "kieai/100000/images/in/fox.png"
    assert data["fileSize"] == len(content)
    assert alice.fetch(data["downloadUrl"]).content == content
    assert alice.balance() == 1000


def test_base64_may_come_plain_or_as_a_data_url(alice: Caller) -> None:
    text = base64.b64encode(PNG).decode()
    for value in (text, f"data:image/png;base64,{text}"):
        answer = alice.post("/api/file-base64-upload", {"base64Data": value, "uploadPath": "images"})
        assert answer["data"]["fileName"].endswith(".png")
        assert alice.fetch(answer["data"]["downloadUrl"]).content == PNG


def test_a_url_upload_fetches_the_file(alice: Caller) -> None:
    [url, *_] = alice.urls(alice.finished())
    answer = alice.post("/api/file-url-upload", {"fileUrl": url, "uploadPath": "images", "fileName": "a.jpeg"})
    assert alice.fetch(answer["data"]["downloadUrl"]).content == alice.fetch(url).content


def test_an_equal_name_overwrites_and_uploads_expire(alice: Caller) -> None:
    body = {"uploadPath": "images", "fileName": "same.png"}
    for content in (b"one", b"two"):
        text = base64.b64encode(content).decode()
        link = alice.post("/api/file-base64-upload", body | {"base64Data": text})["data"]["downloadUrl"]
    assert alice.fetch(link).content == b"two"
    alice.sandbox.advance(days=4)
    assert alice.fetch(link).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("url", {"uploadPath": "a", "fileUrl": "file:///etc/passwd"}),
        ("url", {"uploadPath": "a"}),
        ("base64", {"uploadPath": "a", "base64Data": "***"}),
        ("base64", {"base64Data": "aGk="}),
        ("base64", {"uploadPath": "../../etc", "base64Data": "aGk="}),
        ("base64", {"uploadPath": "a", "fileName": "../x", "base64Data": "aGk="}),
        ("stream", {"uploadPath": "a"}),
    ],
)
def test_a_wrong_upload_is_refused_without_success(alice: Caller, path: str, body: dict[str, str]) -> None:
    answer = alice.post(f"/api/file-{path}-upload", body)
    assert (answer["success"], answer["code"]) == (False, 400)


def test_a_task_on_an_upload_that_is_gone_fails(alice: Caller) -> None:
    task_id = alice.finished(**VIDEO, fileUrls=[f"{alice.sandbox.url}/kieai/100000/gone.png"])
    data = alice.report(task_id)
    assert (data["successFlag"], data["errorMessage"]) == (3, "Failed to fetch the input image.")


def test_full_art_is_drawn_before_the_success_and_kept_on_disk(tmp_path: Path, session: Session) -> None:
    with Sandbox(life=0, art="full", long_edge=96, data_dir=tmp_path) as sandbox:
        sandbox.add_account(KEY)
        alice = Caller(sandbox, session)
        task_id = alice.generate(aspectRatio="3:2")
        assert sandbox.wait_for(lambda: sandbox.tasks[task_id].state == "success", 30)
        files = [alice.fetch(url).content for url in alice.urls(task_id)]
        kept = sorted((tmp_path / "files").iterdir())
        assert [path.read_bytes() for path in kept] == files
        assert len(set(files)) == 4
        with Image.open(BytesIO(files[0])) as image:
            assert image.width / image.height == pytest.approx(1.5, rel=0.05)
        sandbox.advance(days=16)
    with Sandbox(life=0, art="full", data_dir=tmp_path):
        assert list((tmp_path / "files").iterdir()) == []


def test_an_upload_cannot_take_the_name_of_a_folder(alice: Caller) -> None:
    names = [("a/b", "c.png"), ("a", "b")]
    codes = [
        alice.post("/api/file-base64-upload", {"base64Data": "aGk=", "uploadPath": folder, "fileName": name})["code"]
        for folder, name in names
    ]
    assert codes == [200, 400]
