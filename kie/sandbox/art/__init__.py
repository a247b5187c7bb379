"""Pictures and clips for the local stand-in, drawn from a prompt with nothing but arithmetic."""

from kie.sandbox.art.render import render, render_upscaled
from kie.sandbox.art.video import render_video

__all__ = ["render", "render_upscaled", "render_video"]
