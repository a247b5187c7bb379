"""All settings, from the environment (`.env.example` lists every name). Nonsense is refused with one clear line."""

import sys
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)


def required(name: str) -> str:
    """Return the environment value `name` or stop with a line that says what to do."""
    value: str = env.str(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. `python -m mjportal.firstrun` writes a fresh .env.")
    return value


# --- the site ---------------------------------------------------------------------------------------------------------
SECRET_KEY = required("SECRET_KEY")
ENCRYPTION_KEYS = [key.strip() for key in required("ENCRYPTION_KEYS").split(",") if key.strip()]
DEBUG = env.bool("DEBUG", False)
HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000)
WEB_WORKERS = env.int("WEB_WORKERS", 1)
WEB_THREADS = env.int("WEB_THREADS", 10)
PUBLIC_URL = env.str("PUBLIC_URL", "").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
DATA_DIR = Path(env.str("DATA_DIR", "") or BASE_DIR / "var").resolve()
SIGNUP_OPEN = env.bool("SIGNUP_OPEN", False)
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
TESTING = "pytest" in sys.modules

_public = urlsplit(PUBLIC_URL)
if PUBLIC_URL and (_public.scheme not in {"http", "https"} or not _public.hostname):
    raise ImproperlyConfigured("PUBLIC_URL must look like https://portal.example.com (or be empty: poll only).")


def _insist_on_https(name: str, parts: SplitResult) -> None:
    is_loopback = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.geturl() and parts.scheme != "https" and not is_loopback:
        raise ImproperlyConfigured(f"{name} must be https: plain http is allowed on loopback only.")


_insist_on_https("PUBLIC_URL", _public)
BEHIND_TLS = _public.scheme == "https"
if _public.hostname and _public.hostname not in ALLOWED_HOSTS and "*" not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(_public.hostname)

INSTALLED_APPS = [
    "mjportal",
    "accounts",
    "usage",
    "gallery",
    "tasks",
    "callbacks",
    "oversight",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "heroicons",
    "csp",
    "django_q",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "tasks.polling.BoardPollMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "mjportal.middleware.FirstRunMiddleware",
    # Before the factor, which is asked for the space a request happens in.
    "mjportal.middleware.SpaceMiddleware",
    "mjportal.middleware.FactorMiddleware",
]
ROOT_URLCONF = "mjportal.urls"
WSGI_APPLICATION = "mjportal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gallery.context.files",
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "heroicons.templatetags.heroicons",
                "mjportal.templatetags.words",
                "accounts.templatetags.here",
            ],
        },
    },
]
LANGUAGE_CODE = "en"
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

# --- storage ----------------------------------------------------------------------------------------------------------
DATA_DIR.mkdir(parents=True, exist_ok=True)
DATABASE_URL = env.str("DATABASE_URL", "") or f"sqlite:///{DATA_DIR / 'portal.sqlite3'}"
DATABASES = {"default": env.dj_db_url("DATABASE_URL", DATABASE_URL) if env.str("DATABASE_URL", "") else {}}
if not DATABASES["default"]:
    DATABASES["default"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "portal.sqlite3")}
_sqlite = DATABASES["default"]["ENGINE"].endswith("sqlite3")
# A file can't hang up, and the check would be one more statement in every request.
DATABASES["default"].update({"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": not _sqlite})
if _sqlite:
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # NORMAL may lose the last commits in a power cut; the wire mark asks for FULL itself (tasks.lifecycle).
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=268435456;"
        " PRAGMA cache_size=-32000; PRAGMA temp_store=MEMORY;",
    }

REDIS_URL = env.str("REDIS_URL", "")
# A full table loses the first third of its names, without a look at their age: so the counters of the doors (wrong
# passwords, codes) have room, and a table of their own. A session that is lost here is still in the database.
_roomy = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "OPTIONS": {"MAX_ENTRIES": 200_000}}
_redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
CACHES = {
    "default": _redis if REDIS_URL else {**_roomy, "LOCATION": "site_cache"},
    "sessions": _redis if REDIS_URL else {**_roomy, "LOCATION": "site_cache_sessions"},
}

STORAGE_URL = env.str("STORAGE_URL", "") or f"file://{DATA_DIR / 'media'}"
_storage = urlsplit(STORAGE_URL)
if _storage.scheme == "file":
    MEDIA_ROOT = Path(_storage.path)
    _default_storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(MEDIA_ROOT), "file_permissions_mode": 0o640},
    }
elif _storage.scheme == "s3":
    _default_storage = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": _storage.hostname,
            "location": _storage.path.strip("/"),
            "file_overwrite": True,
            "querystring_auth": True,
            **dict(parse_qsl(_storage.query)),
        },
    }
else:
    raise ImproperlyConfigured("STORAGE_URL must be file:///a/folder or s3://bucket/prefix?endpoint_url=...")
X_ACCEL_PREFIX = env.str("X_ACCEL_PREFIX", "")

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# The typeface is cut from its package by `build_font` and collected from here.
FONT_DIR = BASE_DIR / "build" / "static" / "fonts"
FONT_DIR.mkdir(parents=True, exist_ok=True)
PICTURE_DIR = BASE_DIR / "build" / "static" / "img"
STATICFILES_DIRS = [BASE_DIR / "static", BASE_DIR / "build" / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STORAGES = {
    "default": _default_storage,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = TESTING or DEBUG
# Ten thousand pictures chosen by hand are as many fields, and half a megabyte.
DATA_UPLOAD_MAX_MEMORY_SIZE, DATA_UPLOAD_MAX_NUMBER_FIELDS = 2 * 1024 * 1024, 10_100

# --- people -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "tasks:studio"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "sessions"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
MFA_ADAPTER = "accounts.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# A phone's clock may be half a minute off (RFC 6238 allows for one step); each code still works once.
MFA_TOTP_TOLERANCE = 1
# Browsers allow passkeys on http at localhost only; everywhere else the site must be behind TLS.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not BEHIND_TLS
USERSESSIONS_TRACK_ACTIVITY = False

# Sign-in through an identity provider of the house, beside passwords and passkeys. Off until its address is given.
OIDC_SERVER_URL = env.str("OIDC_SERVER_URL", "")
OIDC_SIGNUP = env.bool("OIDC_SIGNUP", False)
_oidc = urlsplit(OIDC_SERVER_URL)
_insist_on_https("OIDC_SERVER_URL", _oidc)
_oidc_app = {
    "provider_id": "house",
    "name": env.str("OIDC_NAME", "") or _oidc.hostname or "",
    "client_id": env.str("OIDC_CLIENT_ID", ""),
    "secret": env.str("OIDC_CLIENT_SECRET", ""),
    "settings": {"server_url": OIDC_SERVER_URL},
}
_oidc_apps = [_oidc_app] if OIDC_SERVER_URL else []
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": _oidc_apps, "OAUTH_PKCE_ENABLED": True}}
SOCIALACCOUNT_ADAPTER = "accounts.adapters.HouseAdapter"
# An address that the provider of the house has verified is the person who has it here.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = "house"
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

email = env.dj_email_url("EMAIL_URL", "console:")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = email["EMAIL_BACKEND"], email["EMAIL_HOST"], email["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = email["EMAIL_HOST_USER"], email["EMAIL_HOST_PASSWORD"]
EMAIL_TIMEOUT = 10  # The loop that follows tasks sends mails too.
EMAIL_USE_TLS, EMAIL_USE_SSL = email["EMAIL_USE_TLS"], email["EMAIL_USE_SSL"]
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "") or f"portal@{_public.hostname or 'localhost'}"

LOW_BALANCE = env.float("LOW_BALANCE", 50)
ALERT_WEBHOOK_URL = env.str("ALERT_WEBHOOK_URL", "")
ALERT_WEBHOOK_SECRET = env.str("ALERT_WEBHOOK_SECRET", "")
_insist_on_https("ALERT_WEBHOOK_URL", urlsplit(ALERT_WEBHOOK_URL))
if ALERT_WEBHOOK_URL and not ALERT_WEBHOOK_SECRET:
    raise ImproperlyConfigured("ALERT_WEBHOOK_URL needs ALERT_WEBHOOK_SECRET: what is sent there is signed with it.")
STAFF_FACTOR_REQUIRED = env.bool("STAFF_FACTOR_REQUIRED", True)

# --- headers ----------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        # Browsers apply this to where a form is redirected too: signing in leads to the provider of the house.
        "form-action": [SELF, *([f"{_oidc.scheme}://{_oidc.netloc}"] if OIDC_SERVER_URL else [])],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_SAMESITE = "Lax"
if BEHIND_TLS:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^health/$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 60 * 60 * 24 * 365)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", True)
    SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", True)
    CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- the provider -----------------------------------------------------------------------------------------------------
KIE_API_URL = (env.str("KIE_API_URL", "") or "https://api.kie.ai").rstrip("/")
KIE_UPLOAD_URL = (env.str("KIE_UPLOAD_URL", "") or "https://kieai.redpandaai.co").rstrip("/")
KIE_EXTRA_VERSIONS: list[str] = env.list("KIE_EXTRA_VERSIONS", [])
KIE_VARY_INDEX_BASE = env.int("KIE_VARY_INDEX_BASE", 0)
SANDBOX_URL = f"http://127.0.0.1:{env.int('SANDBOX_PORT', 8001)}"
SANDBOX_KEY = env.str("SANDBOX_KEY", "")
SYNC_FIRST_SECONDS, SYNC_INTERVAL_SECONDS = env.float("SYNC_FIRST_SECONDS", 10), env.float("SYNC_INTERVAL_SECONDS", 30)
SYNC_CONCURRENCY = env.int("SYNC_CONCURRENCY", 64)
SYNC_TICK_SECONDS = env.float("SYNC_TICK_SECONDS", 1.0)
SEND_LIMIT, SEND_WINDOW_SECONDS = 18, 10.0
if SYNC_FIRST_SECONDS <= 0 or SYNC_INTERVAL_SECONDS <= 0:
    raise ImproperlyConfigured("SYNC_FIRST_SECONDS and SYNC_INTERVAL_SECONDS must be above zero.")
if KIE_VARY_INDEX_BASE not in {0, 1}:
    raise ImproperlyConfigured("KIE_VARY_INDEX_BASE must be 0 or 1.")

# --- background jobs --------------------------------------------------------------------------------------------------
_cluster = {"orm": "default", "bulk": 1, "max_attempts": 1, "ack_failures": True, "catch_up": False, "save_limit": -1}
_cluster |= {"poll": 0.2, "label": "Background jobs"}
JOB_WORKERS = env.int("JOB_WORKERS", 3)
FILE_WORKERS = env.int("FILE_WORKERS", 4)
_patient = {**_cluster, "timeout": 900, "retry": 1900, "recycle": 100, "scheduler": False}
_brisk = {**_cluster, "timeout": 240, "retry": 600, "recycle": 20, "scheduler": True}
Q_CLUSTER = {
    **_patient,
    "name": "work",
    "workers": JOB_WORKERS,
    "queue_limit": JOB_WORKERS,
    "ALT_CLUSTERS": {
        # A slow file host may take ten minutes for a clip: nobody's sending waits behind it.
        "files": {**_patient, "workers": FILE_WORKERS, "queue_limit": FILE_WORKERS},
        "sync": {**_brisk, "workers": 2, "queue_limit": 2},
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    # fontTools tells of every glyph, django-q of every job.
    "loggers": {name: {"level": "WARNING"} for name in ("urllib3", "fontTools", "django-q")},
}
