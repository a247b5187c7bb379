from django.urls import path, register_converter
from django.urls.converters import StringConverter

from gallery import media


class VariantConverter(StringConverter):
    regex = "320|640|1280|poster|original|clip|download"


register_converter(VariantConverter, "variant")

app_name = "media"
urlpatterns = [path("<uuid:result_id>/<variant:variant>", media.file, name="file")]
