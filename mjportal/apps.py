from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "mjportal"
    verbose_name = "MJ Portal"

    def ready(self) -> None:
        # Importing registers them.
        from mjportal import checks

        del checks
