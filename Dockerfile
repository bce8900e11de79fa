# syntax=docker/dockerfile:1
# The product: the page is built by Node, everything else is Python. compose.yaml runs it.

FROM node:22-slim AS frontend
WORKDIR /app/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci
COPY frontend/ ./
RUN npm run build

FROM python:3.11-slim
WORKDIR /app
# `var` holds the database where no DATABASE_URL names another: mount a volume there.
RUN useradd --system --uid 10001 --no-create-home collab && install -d -o collab var
COPY requirements/base.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    -r requirements/base.txt
COPY manage.py ./
COPY collab/ collab/
COPY documents/ documents/
COPY --from=frontend /app/frontend/dist/ frontend/dist/
RUN python -m whitenoise.compress --quiet frontend/dist

ENV PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
EXPOSE 8000
USER 10001
# By a name that ALLOWED_HOSTS has: Django refuses any other.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import os, urllib.request as web; name = os.environ.get('ALLOWED_HOSTS', '').split(',')[0].strip().lstrip('.*') or 'localhost'; web.urlopen(web.Request('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', headers={'Host': name}), timeout=4)"]
# The Procfile's `web:` line. exec: SIGTERM reaches uvicorn, which drains.
CMD ["/bin/sh", "-c", "exec uvicorn collab.asgi:application --host \"${HOST:-127.0.0.1}\" --port \"${PORT:-8000}\" --workers \"${WEB_CONCURRENCY:-1}\" --loop uvloop --http httptools --lifespan on --ws websockets-sansio --ws-max-size 33554432 --ws-per-message-deflate false --ws-ping-interval 20 --ws-ping-timeout 40 --timeout-graceful-shutdown 5 --no-server-header --no-access-log --log-level warning"]
