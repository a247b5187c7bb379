"""What a browser calls itself, in the words its owner would use."""

from django import template

register = template.Library()
# In this order: Edge and Opera also say Chrome, and everything says Safari.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Android": "Android",
    "CrOS": "a Chromebook",
    "Windows": "Windows",
    "Mac OS X": "a Mac",
    "Linux": "Linux",
}


@register.filter
def browser(agent: str) -> str:
    """Return "Firefox on Windows" for what that browser sends, and the start of anything unknown."""
    name = next((word for mark, word in BROWSERS.items() if mark in agent), "")
    system = next((word for mark, word in SYSTEMS.items() if mark in agent), "")
    if not name:
        return agent[:40] or "A browser that does not say its name"
    return f"{name} on {system}" if system else name
