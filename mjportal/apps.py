from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "mjportal"
    verbose_name = "MJ Portal"
