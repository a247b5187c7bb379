"""Pictures for looking at: `python -m kie.sandbox.art --out DIR PROMPT ...`."""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

from kie.sandbox.art import render, render_upscaled, render_video
from kie.sandbox.art.encode import SIZES


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m kie.sandbox.art", description=__doc__)
    parser.add_argument("prompts", nargs="+", metavar="PROMPT")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--ratio", choices=SIZES, action="append", help="may be given again; 16:9 if not given")
    parser.add_argument("--take", type=int, choices=range(4), action="append", help="all four if not given")
    parser.add_argument("--long-edge", type=int, default=1456, help="pixels of the longer side of 16:9")
    parser.add_argument("--seed", default="")
    parser.add_argument("--kind", choices=("picture", "upscale", "video", "video-hd"), default="picture")
    parser.add_argument("--motion", choices=("low", "high"), default="high")
    return parser.parse_args()


def _make(given: argparse.Namespace, prompt: str, ratio: str, take: int) -> bytes:
    if given.kind == "upscale":
        return render_upscaled(prompt, ratio=ratio, take=take, seed=given.seed)
    if given.kind == "picture":
        return render(prompt, ratio=ratio, take=take, long_edge=given.long_edge, seed=given.seed)
    hd = given.kind == "video-hd"
    return render_video(prompt, ratio=ratio, take=take, hd=hd, motion=given.motion, seed=given.seed)


def main() -> None:
    """Write every prompt in every ratio and take asked for, and say what each cost."""
    given = _arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    ending = "mp4" if given.kind.startswith("video") else "jpg"
    for prompt in given.prompts:
        for ratio in given.ratio or ["16:9"]:
            for take in given.take or range(4):
                start = time.process_time()
                made = _make(given, prompt, ratio, take)
                name = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")[:60]
                path = given.out / f"{name}-{ratio.replace(':', 'x')}-{take + 1}.{ending}"
                path.write_bytes(made)
                print(f"{path}  {len(made) / 1024:.0f} kB  {time.process_time() - start:.2f} s of CPU")


if __name__ == "__main__":
    main()
