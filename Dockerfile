# One image for web, workers and (development) the sandbox. Built in two steps, so that pip and its leavings stay behind.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN python -m venv .venv && .venv/bin/pip install --quiet --require-hashes -r requirements/base.txt
COPY . .
# Typeface, pictures and static files are made here. The settings want secrets to load: these last for one command, the
# database they serve is thrown away, and neither is in the image.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(48))')" \
    ENCRYPTION_KEYS="$(python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')" \
    DATA_DIR=/tmp/throw-away \
    .venv/bin/python manage.py prepare && rm -rf /tmp/throw-away
RUN .venv/bin/python -m compileall -q accounts callbacks gallery kie mjportal oversight tasks usage

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/app/.venv/bin:$PATH HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin portal && \
    install -d -o portal -g portal -m 0750 /data
WORKDIR /app
COPY --from=build /app /app
# `prepare` runs at every start and may have to collect static files again; the code itself stays root's.
RUN chown -R portal:portal /app/staticfiles /app/build
USER portal
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/', timeout=4)"]
CMD ["python", "manage.py", "serve"]
