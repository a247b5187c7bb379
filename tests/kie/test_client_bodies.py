"""What exactly goes over the wire: one golden body for each task type, the follow-ups, the uploads."""

import io
import json
from collections.abc import Callable

import pytest

from kie.client import UPLOAD_CAP, Client, ExtendMode
from kie.errors import Busy, NotSent, OutcomeUnknown, Refused, UnexpectedReply
from kie.parameters import ParameterErrors, TaskType, validate
from tests.kie.conftest import KEY, TASK
from tests.kie.raw_server import RawServer, http

NEW = "feedfacefeedfacefeedfacefeedface"
ACCEPTED = http(200, {"code": 200, "msg": "success", "data": {"taskId": NEW}})
NOT_FOUND = http(404, {"code": 404, "msg": "no such path"})
BELL = "https://app.example/hook/abc"
FOX, LANE = "https://files.example/fox.png", "https://files.example/lane.jpg"
LOOK = {"aspect_ratio": "16:9", "version": "7", "variety": "25", "stylization": "100", "weirdness": 0}
LOOK_SENT = '"aspectRatio":"16:9","version":"7","variety":25,"stylization":100,"weirdness":0'

GOLDEN = [
    (
        TaskType.IMAGE,
        LOOK | {"prompt": " paper boats \n", "speed": "turbo", "water_mark": " MJ "},
        '{"taskType":"mj_txt2img","prompt":"paper boats","speed":"turbo",LOOK,"waterMark":"MJ",'
        '"enableTranslation":false}',
    ),
    (
        TaskType.FROM_IMAGE,
        {"prompt": "żółta łódź 🛶", "file_url": FOX, "enable_translation": True},
        '{"taskType":"mj_img2img","prompt":"żółta łódź 🛶","speed":"fast","fileUrls":["FOX"],"enableTranslation":true}',
    ),
    (
        TaskType.STYLE,
        LOOK | {"prompt": "a fox", "speed": "relaxed", "file_urls": [FOX, LANE]},
        '{"taskType":"mj_style_reference","prompt":"a fox","speed":"relaxed","fileUrls":["FOX","LANE"],LOOK,'
        '"enableTranslation":false}',
    ),
    (
        TaskType.OMNI,
        {"prompt": "the fox reading", "file_urls": (FOX,), "aspect_ratio": "3:4", "version": 7, "ow": "500"},
        '{"taskType":"mj_omni_reference","prompt":"the fox reading","fileUrls":["FOX"],"aspectRatio":"3:4",'
        '"version":"7","ow":500,"enableTranslation":false}',
    ),
    (
        TaskType.VIDEO,
        {"prompt": "leaves moving", "file_urls": [LANE]},
        '{"taskType":"mj_video","prompt":"leaves moving","fileUrls":["LANE"],"videoBatchSize":1,"motion":"high",'
        '"enableTranslation":false}',
    ),
    (
        TaskType.VIDEO_HD,
        {"prompt": "slow drift", "file_urls": LANE, "aspect_ratio": "16:9", "video_batch_size": "2", "motion": "low"},
        '{"taskType":"mj_video_hd","prompt":"slow drift","fileUrls":["LANE"],"aspectRatio":"16:9","videoBatchSize":2,'
        '"motion":"low","enableTranslation":false}',
    ),
]


@pytest.mark.parametrize(("task_type", "values", "body"), GOLDEN)
def test_the_body_of_each_type_is_this_text(
    server: RawServer, client: Client, task_type: TaskType, values: dict[str, object], body: str
) -> None:
    server.answer(ACCEPTED)
    body = body.replace("LOOK", LOOK_SENT).replace("FOX", FOX).replace("LANE", LANE)
    cleaned = validate(values | {"task_type": task_type})
    client.generate(json.loads(json.dumps(cleaned)))
    client.generate(cleaned, BELL)
    assert server.seen[0].body.decode() == body
    assert server.seen[1].body.decode() == body[:-1] + f',"callBackUrl":"{BELL}"}}'
    assert server.seen[0].path == "/api/v1/mj/generate"


def test_an_unknown_or_foreign_field_never_leaves(server: RawServer, client: Client) -> None:
    extras: list[dict[str, object]] = [{"seed": 7}, {"motion": "high"}, {"callBackUrl": BELL}]
    for extra in extras:
        with pytest.raises(ValueError, match="not taken by"):
            client.generate(extra | {"task_type": "mj_txt2img", "prompt": "a fox"})
    assert server.seen == []


def test_upscale_counts_from_zero_and_sends_only_what_is_set(server: RawServer, client: Client) -> None:
    server.answer(ACCEPTED)
    assert client.upscale(TASK, 3).task_id == NEW
    client.upscale(TASK, 0, water_mark=" me ", callback_url=BELL)
    assert [request.path for request in server.seen] == ["/api/v1/mj/generateUpscale"] * 2
    assert server.seen[0].json == {"taskId": TASK, "imageIndex": 3}
    assert server.seen[1].json == {"taskId": TASK, "imageIndex": 0, "waterMark": "me", "callBackUrl": BELL}


def test_upscale_s_older_path_counts_from_one_and_is_taken_only_when_asked_for(
    server: RawServer, client: Client
) -> None:
    server.answer(NOT_FOUND, ACCEPTED)
    with pytest.raises(Refused) as caught:
        client.upscale(TASK, 0)
    assert caught.value.kind == "not_found"
    assert client.upscale(TASK, 0, callback_url=BELL, quickstart=True).task_id == NEW
    assert [request.path for request in server.seen] == ["/api/v1/mj/generateUpscale", "/api/v1/mj/upscale"]
    assert server.seen[1].json == {"taskId": TASK, "index": 1, "callBackUrl": BELL}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http(500), OutcomeUnknown),
        (http(422, {"code": 422}), Refused),
        (http(429, {"code": 429}), Busy),
        (b"HTTP/1.1 404 X\r\nContent-Length: 90\r\nConnection: close\r\n\r\n{", OutcomeUnknown),
        (http(404, b'{"code":404,"data":{"task'), OutcomeUnknown),
    ],
)
def test_upscale_is_sent_once_after_anything_else(
    server: RawServer, client: Client, answer: bytes, error: type[Exception]
) -> None:
    def once(line: object) -> None:
        line.sendall(answer)  # type: ignore[attr-defined]

    server.answer(once)
    with pytest.raises(error):
        client.upscale(TASK, 0)
    assert len(server.seen) == 1


def test_a_404_for_a_generation_has_no_second_path(server: RawServer, client: Client) -> None:
    server.answer(NOT_FOUND)
    with pytest.raises(Refused):
        client.vary(TASK, 0)
    with pytest.raises(Refused):
        client.extend(TASK, 0, "auto")
    assert len(server.seen) == 2


@pytest.mark.parametrize("base", [0, 1])
def test_vary_counts_from_the_configured_base(server: RawServer, make_client: Callable[..., Client], base: int) -> None:
    server.answer(ACCEPTED)
    make_client(server.url, vary_index_base=base).vary(TASK, 2)
    assert server.seen[0].path == "/api/v1/mj/generateVary"
    assert server.seen[0].json == {"taskId": TASK, "imageIndex": 2 + base}


@pytest.mark.parametrize(("mode", "prompt"), [("manual", "slower now"), ("auto", "")])
def test_extend_names_its_mode(server: RawServer, client: Client, mode: ExtendMode, prompt: str) -> None:
    server.answer(ACCEPTED)
    client.extend(TASK, 1, mode, prompt)
    assert server.seen[0].path == "/api/v1/mj/generateVideoExtend"
    expected = {"taskType": f"mj_video_extend_{mode}", "taskId": TASK, "index": 1}
    assert server.seen[0].json == expected | ({"prompt": prompt} if prompt else {})


def test_follow_ups_that_could_not_work_never_leave(server: RawServer, client: Client) -> None:
    for wrong in (-1, 4, 1.5):
        with pytest.raises(ValueError, match="index"):
            client.upscale(TASK, wrong)  # type: ignore[arg-type]
    for task_id in ("", "a b", "x" * 129, "../x", "a?b=c"):
        with pytest.raises(ValueError, match="task id"):
            client.report(task_id)
    with pytest.raises(ParameterErrors, match="Write a prompt"):
        client.extend(TASK, 0, "manual", "  ")
    with pytest.raises(ParameterErrors, match="at most 2,000"):
        client.extend(TASK, 0, "auto", "x" * 2001)
    with pytest.raises(ParameterErrors, match="at most 64"):
        client.vary(TASK, 0, water_mark="x" * 65)
    assert server.seen == []


@pytest.mark.parametrize(("code", "error"), [(200, OutcomeUnknown), (422, Refused), (429, Busy)])
def test_the_parents_own_id_is_no_new_task(
    server: RawServer, client: Client, code: int, error: type[Exception]
) -> None:
    server.answer(http(200, {"code": code, "msg": "", "data": {"taskId": TASK}}))
    with pytest.raises(error):
        client.upscale(TASK, 0)


UPLOADED = {"success": True, "fileName": "fox.png", "filePath": "kieai/100000/images/fox.png", "fileSize": 9,
            "mimeType": "image/png", "downloadUrl": FOX}  # fmt: skip


def test_a_picture_is_uploaded_as_a_form(server: RawServer, client: Client) -> None:
    server.answer(http(200, {"success": True, "code": 200, "data": UPLOADED}))
    upload = client.upload_stream(io.BytesIO(b"\x89PNG\x00rest"), "fox.png", "images/alice")
    assert (upload.url, upload.size, upload.mime_type) == (FOX, 9, "image/png")
    sent = server.seen[0]
    assert sent.path == "/api/file-stream-upload"
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
    for part in (b'name="file"; filename="fox.png"', b"\x89PNG\x00rest", b"images/alice", b'name="fileName"'):
        assert part in sent.body
    assert "PNG" not in upload.exchange.request_body
    assert "100000" not in upload.exchange.response_body


def test_a_picture_is_uploaded_from_an_address(server: RawServer, client: Client) -> None:
    own = UPLOADED | {"downloadUrl": None, "fileUrl": f"{server.url}/files/fox.png"}
    server.answer(http(200, {"code": 200, "data": own}))
    assert client.upload_from_url(FOX, "fox.png").url == f"{server.url}/files/fox.png"
    assert server.seen[0].path == "/api/file-url-upload"
    assert server.seen[0].json == {"fileUrl": FOX, "uploadPath": "images", "fileName": "fox.png"}


@pytest.mark.parametrize("address", [None, "", "http://elsewhere.example/a", "file:///etc/passwd", 5, "https://a b/"])
def test_an_upload_or_link_without_a_usable_address_is_no_use(
    server: RawServer, client: Client, address: object
) -> None:
    server.answer(http(200, {"code": 200, "data": {"downloadUrl": address}}), http(200, {"code": 200, "data": address}))
    with pytest.raises(UnexpectedReply):
        client.upload_from_url(FOX, "fox.png")
    with pytest.raises(UnexpectedReply):
        client.download_url(FOX)


def test_uploads_that_could_not_work_never_leave(server: RawServer, client: Client) -> None:
    with pytest.raises(ParameterErrors):
        client.upload_stream(io.BytesIO(b"x" * (UPLOAD_CAP + 1)), "fox.png")
    with pytest.raises(ParameterErrors):
        client.upload_from_url("ftp://files.example/fox.png", "fox.png")
    for name, path in (("../fox", "images"), ("fox.png", "../up"), ("a\r\nb", "images"), (".env", "images")):
        with pytest.raises(ValueError, match="plain letters"):
            client.upload_stream(io.BytesIO(b"x"), name, path)
    assert server.seen == []


def test_a_picture_of_ten_megabytes_arrives_whole(server: RawServer, client: Client) -> None:
    server.answer(http(200, {"code": 200, "data": UPLOADED}))
    client.upload_stream(io.BytesIO(b"x" * UPLOAD_CAP), "fox.png")
    assert server.seen[0].body.count(b"x") >= UPLOAD_CAP


def test_a_fresh_link_is_asked_for_by_address(server: RawServer, client: Client) -> None:
    server.answer(http(200, {"code": 200, "msg": "success", "data": "https://fresh.example/fox.png?sig=1"}))
    assert client.download_url(FOX) == "https://fresh.example/fox.png?sig=1"
    assert (server.seen[0].path, server.seen[0].json) == ("/api/v1/common/download-url", {"url": FOX})


def test_the_upload_host_is_its_own(server: RawServer, make_client: Callable[..., Client]) -> None:
    server.answer(http(200, {"code": 200, "data": UPLOADED}))
    client = make_client("http://no-such-name.invalid", upload_url=server.url)
    assert client.upload_from_url(FOX, "fox.png").url == FOX
    with pytest.raises(NotSent):
        client.balance()
