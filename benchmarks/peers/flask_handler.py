"""The callback handler as the provider's documents show it: everything inside the request, one file after the other.

Their own sample runs on Flask's development server; here it gets the site's production server and threads, so that
only the way of working is compared. Written anew after their description.
"""

import json
import os
from pathlib import Path

import requests
from flask import Flask, Response, jsonify, request

FOLDER = Path(os.environ.get("FLASK_HANDLER_FOLDER", "."))
application = Flask(__name__)


@application.post("/mj-image-callback")
def take_callback() -> Response:
    body = request.get_json()
    content = body.get("data", {})
    task_id = content.get("taskId")
    if body.get("code") == 200:
        try:
            print("done:", task_id, json.loads(content.get("promptJson", "{}")).get("prompt", ""))
        except ValueError:
            print("done:", task_id)
        for number, url in enumerate(content.get("resultUrls", []), 1):
            answer = requests.get(url)  # noqa: S113 - without a timeout, as documented
            if answer.status_code == 200:
                (FOLDER / f"{task_id}_{number}.jpeg").write_bytes(answer.content)
    else:
        print("failed:", task_id, body.get("msg"))
    return jsonify({"status": "received"})
