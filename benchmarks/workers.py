"""What the processes of D4 run: a module of its own, because a fresh process imports it before Django is set up."""


def load_site() -> None:
    import django

    django.setup()


def save(pk: str, host: str) -> None:
    """What a job worker does with one bell; `host` is taken for the provider's own origin."""
    from django.conf import settings

    from gallery.jobs import save_result

    settings.KIE_UPLOAD_URL = host
    save_result(pk)
