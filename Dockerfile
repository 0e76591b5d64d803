# The packages are installed in a stage of their own: neither pip's cache nor a compiler reaches the image that runs.
FROM python:3.12.12-slim-bookworm AS packages
WORKDIR /build
COPY requirements.lock .
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary=:all: \
      -r requirements.lock \
 && /opt/venv/bin/pip uninstall --yes --disable-pip-version-check pip

FROM python:3.12.12-slim-bookworm
LABEL org.opencontainers.image.title="nocturnal-leg-cramps" \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 service \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin service
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY LICENSE NOTICE ./
COPY rules ./rules
COPY openapi/examples ./openapi/examples
COPY service ./service
# Compiled now, because at run time the file system is read-only.
RUN /opt/venv/bin/python -m compileall -q service
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CRAMPS_HOST=0.0.0.0
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('CRAMPS_PORT', '8000') + '/readyz', timeout=2)"]
# Others can reach 0.0.0.0, so the start is refused until CRAMPS_CLIENTS_FILE or CRAMPS_AUTH=open is set.
CMD ["python", "-m", "service", "serve"]
