# The engine's image. Each stage is a few plain commands, and tests/deploy/test_image.py runs the
# same ones without a container engine.
#
#   docker build --tag aiwebengine .

ARG PYTHON=python:3.11-slim-trixie
ARG NODE=node:22-trixie-slim

# The manager's third-party modules, bundled into frontend/vendor.
FROM ${NODE} AS pages
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run vendor

# The engine as a wheel and its dependencies, in a folder that is copied unchanged.
FROM ${PYTHON} AS wheel
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.txt requirements-build.txt ./
RUN python -m venv --without-pip /opt/aiwebengine \
 && pip --python /opt/aiwebengine/bin/python install \
      --require-hashes --only-binary :all: --requirement requirements.txt \
 && pip install --require-hashes --only-binary :all: --requirement requirements-build.txt
COPY pyproject.toml hatch_build.py constraints.txt README.md LICENSE ./
COPY migrations/ migrations/
COPY server/ server/
COPY frontend/ frontend/
COPY --from=pages /build/frontend/vendor/ frontend/vendor/
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && pip --python /opt/aiwebengine/bin/python install --no-deps --no-index dist/*.whl

# A sign-in provider for testing that accepts any name. Never use it in production.
FROM ${PYTHON} AS provider
WORKDIR /provider
COPY requirements-provider.txt ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: \
      --requirement requirements-provider.txt \
 && rm requirements-provider.txt
USER 10001:10001
ENTRYPOINT ["oidc-provider-mock", "--port", "9400"]

# The final image: no compiler, no Node, no own pip, not root; the file system may be read-only.
# The programs of PostgreSQL 18 for backups come with the Python package of the embedded server.
FROM ${PYTHON} AS engine
RUN groupadd --gid 10001 aiwebengine \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data \
      --shell /usr/sbin/nologin aiwebengine \
 && install --directory --owner 10001 --group 10001 --mode 0750 /data /logs /backups
COPY --from=wheel /opt/aiwebengine /opt/aiwebengine
ENV PATH=/opt/aiwebengine/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    APP_SERVER__HOST=0.0.0.0 \
    APP_LOGGING__FORMAT=json \
    APP_LOGGING__FILE=/logs/aiwebengine.log \
    APP_REPOSITORY__DATA_DIR=/data \
    APP_BACKUP__DIRECTORY=/backups
USER 10001:10001
WORKDIR /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --retries=3 --start-period=40s \
  CMD ["aiwebengine", "health", "--url", "http://localhost:3000"]
ENTRYPOINT ["aiwebengine"]
CMD ["serve"]
